"""The landing page, the health check, and the pages for when something goes wrong."""

from http import HTTPStatus

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.db import Error, connection
from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import redirect, render
from django.templatetags.static import static
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import requires_csrf_token
from django.views.decorators.http import require_safe
from django_htmx.http import HttpResponseClientRefresh

from accounts import journal
from accounts.negotiation import prefers_json, problem_document
from privacy.drafts import kept_text


@login_not_required
@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """Say what this is; who is signed in goes on to their chats."""
    if request.user.is_authenticated:
        return redirect(settings.LOGIN_REDIRECT_URL)
    return render(request, "home.html")


@login_not_required
@require_safe
@never_cache
def health(request: HttpRequest) -> JsonResponse:
    """Say whether the database answers and knows all of the journal: 200 if it does, 503 if not."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
        is_replayed = not journal.is_to_be_replayed()
    except Error:
        return JsonResponse({"status": "unavailable", "database": False}, status=HTTPStatus.SERVICE_UNAVAILABLE)
    status = HTTPStatus.OK if is_replayed else HTTPStatus.SERVICE_UNAVAILABLE
    said = "ok" if is_replayed else "unavailable"
    return JsonResponse({"status": said, "database": True, "journal": is_replayed}, status=status)


@login_not_required
@require_safe
def favicon(request: HttpRequest) -> HttpResponseBase:
    """Send browsers that ask at the root to the icon."""
    return redirect(static("favicon.svg"), permanent=False)


def _wrong(request: HttpRequest, status: HTTPStatus, template: str, title: str, kept: str = "") -> HttpResponse:
    """Answer with a designed page, or with a problem document where a program asked.

    `kept` is a text the person had written, to be given back on the page.
    """
    if prefers_json(request):
        return problem_document(status, status.name.lower(), title)
    return render(request, template, {"kept_text": kept}, status=status)


def bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """Answer a request that can't be understood."""
    return _wrong(request, HTTPStatus.BAD_REQUEST, "400.html", _("That request can’t be understood"))


def permission_denied(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer a request for what this account may not do."""
    return _wrong(request, HTTPStatus.FORBIDDEN, "403.html", _("That is not open to you"))


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer a request for what is not there, or is someone else's."""
    return _wrong(request, HTTPStatus.NOT_FOUND, "404.html", _("There is nothing here"))


def method_not_allowed(request: HttpRequest) -> HttpResponse:
    """Answer a request whose method the address does not know, such as opening the address of an act."""
    return _wrong(request, HTTPStatus.METHOD_NOT_ALLOWED, "405.html", _("That can’t be done here"))


def server_error(request: HttpRequest) -> HttpResponse:
    """Answer when something broke. The page needs neither a database nor a session."""
    return _wrong(request, HTTPStatus.INTERNAL_SERVER_ERROR, "500.html", _("Something went wrong here"))


@login_not_required
@requires_csrf_token
def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Answer a form whose protection against forgery did not match, often after signing in elsewhere."""
    # Only what is kept at the gate is given back, to be copied; nothing is saved, and no credential is among it.
    text = kept_text(request)
    if getattr(request, "htmx", False) and not text:
        return HttpResponseClientRefresh()
    return _wrong(request, HTTPStatus.FORBIDDEN, "403_csrf.html", _("This form is out of date"), text)
