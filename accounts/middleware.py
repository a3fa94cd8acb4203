"""What every page owes its reader: their language and time zone, no copy left behind, and the way to sign in."""

import zoneinfo
from collections.abc import Callable
from http import HTTPStatus
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.middleware import LoginRequiredMiddleware
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.shortcuts import resolve_url
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.cache import add_never_cache_headers, patch_cache_control, patch_vary_headers
from django.utils.translation import gettext as _
from django_htmx.http import HttpResponseClientRedirect

from accounts import journal
from accounts.negotiation import prefers_json, problem_document
from accounts.second_factor import has_second_factor

GetResponse = Callable[[HttpRequest], HttpResponse]

SAFE_METHODS = ("GET", "HEAD", "OPTIONS")


class JournalMiddleware:
    """Keeps the site from serving what a backup has brought back, until the journal has been replayed (rule D7).

    Once the database has been found to know the journal, this process does not look again: who restores a backup
    stops the site first. The health check looks every time.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response
        self.is_replayed = False

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer the request, or say that the site is being restored."""
        if not self.is_replayed and request.path_info != reverse("health"):
            if journal.is_to_be_replayed():
                return _being_restored(request)
            self.is_replayed = True
        return self.get_response(request)


def _being_restored(request: HttpRequest) -> HttpResponse:
    language = translation.get_language_from_request(request)
    with translation.override(language):
        if prefers_json(request):
            response: HttpResponse = problem_document(
                HTTPStatus.SERVICE_UNAVAILABLE, "being_restored", _("The site is being restored")
            )
        else:
            page = render_to_string("503.html", {"product_name": settings.PRODUCT_NAME})
            response = HttpResponse(page, status=HTTPStatus.SERVICE_UNAVAILABLE)
    response.headers["Retry-After"] = "60"
    response.headers["Content-Language"] = language
    return response


class NoStoreMiddleware:
    """Lets no cache, a browser's own included, keep a page of someone signed in.

    What someone sees is theirs, and true now: Back must not show it to the next one at this browser, nor put the
    question again to who has answered it.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer the request, and say whether the answer may be kept."""
        response = self.get_response(request)
        if request.user.is_authenticated:
            add_never_cache_headers(response)
            patch_cache_control(response, no_store=True)
        return response


class PreferencesMiddleware:
    """Activates the language and the time zone of whoever asks.

    An account's own settings win; a visitor gets the language cookie, then what the browser prefers, and UTC.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer the request with both active, and say in which language the answer is."""
        language, zone = _preferences_of(request)
        with translation.override(language), timezone.override(zone):
            request.LANGUAGE_CODE = language
            response = self.get_response(request)
        response.headers.setdefault("Content-Language", language)
        patch_vary_headers(response, ("Accept-Language", "Cookie"))
        return response


def _preferences_of(request: HttpRequest) -> tuple[str, zoneinfo.ZoneInfo]:
    user = request.user
    if user.is_authenticated:
        return user.language, zoneinfo.ZoneInfo(user.time_zone)
    return translation.get_language_from_request(request), zoneinfo.ZoneInfo(settings.TIME_ZONE)


class SignInRequiredMiddleware(LoginRequiredMiddleware):
    """Sends the signed-out to the sign-in page, in the way each kind of request can follow.

    htmx would swap the sign-in page into whatever it was filling, and a program can't use a page at all. Where
    to go on to after signing in is always a page: neither the address of an act nor of a fragment is one.
    """

    def handle_no_permission(  # type: ignore[override]  # Django returns whatever this does; its stubs say a redirect
        self, request: HttpRequest, view_func: Any
    ) -> HttpResponseBase:
        """Answer a request that needs someone signed in and has no one."""
        if prefers_json(request):
            return problem_document(HTTPStatus.UNAUTHORIZED, "sign_in_required", _("Sign in first"))
        sign_in = resolve_url(self.get_login_url(view_func))
        is_htmx = bool(getattr(request, "htmx", False))
        is_page = request.method in SAFE_METHODS and not is_htmx
        page = request.get_full_path() if is_page else page_of_origin(request)
        if page:
            field = self.get_redirect_field_name(view_func)
            sign_in = redirect_to_login(page, sign_in, field).headers["Location"]
        return HttpResponseClientRedirect(sign_in) if is_htmx else HttpResponseRedirect(sign_in)


class SecondFactorMiddleware:
    """Leads staff without a second step of signing in to where it is set up, before any page of the admin.

    They are not locked out: everything else stays open, and the admin opens once there is one. Who has one is asked
    for it at every sign-in, and sessions from before are ended (`accounts.second_factor`).
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer the request."""
        return self.get_response(request)

    def process_view(self, request: HttpRequest, _view: Any, _args: Any, _kwargs: Any) -> HttpResponseBase | None:
        """Refuse a page of the admin to who has no second step, and say why."""
        match, user = request.resolver_match, request.user
        is_admin = match is not None and "admin" in match.namespaces and match.view_name != "admin:logout"
        if not (settings.STAFF_NEED_SECOND_FACTOR and is_admin and user.is_authenticated and user.is_staff):
            return None
        if has_second_factor(user):
            return None
        messages.warning(request, _("The admin is open to accounts with two-step sign-in. Set it up here first."))
        return HttpResponseRedirect(reverse("mfa_index"))


def page_of_origin(request: HttpRequest) -> str:
    """Return the page of this site that a request was made from, without its host; empty if there is none."""
    origin = f"{request.scheme}://{request.get_host()}"
    referer = request.headers.get("Referer", "")
    return referer.removeprefix(origin) if referer.startswith(f"{origin}/") else ""
