"""Preferences, the language of the pages, and a first password."""

from allauth.account.internal.flows.reauthentication import (
    is_reauthentication_required,
    raise_if_reauthentication_required,
)
from allauth.account.views import password_set
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse, HttpResponseBadRequest
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import override
from django.views.decorators.http import require_http_methods, require_POST

from accounts.forms import LanguageForm, PreferencesForm
from accounts.http import SignedInRequest
from accounts.models import User
from accounts.next_url import next_url_of


@require_http_methods(["GET", "HEAD", "POST"])
def preferences(request: SignedInRequest) -> HttpResponse:
    """Show and save someone's language and time zone."""
    form = PreferencesForm(request.POST or None, instance=request.user)
    if request.method != "POST":
        return render(request, "accounts/preferences.html", {"form": form})
    if not form.is_valid():
        request.user.refresh_from_db()
        return render(request, "accounts/preferences.html", {"form": form}, status=422)
    user = form.save(commit=False)
    _keep(user, language=user.language, time_zone=user.time_zone)
    with override(user.language):
        messages.success(request, _("Your language and time zone are saved."))
    return redirect("accounts:preferences")


@login_not_required
@require_POST
def language(request: HttpRequest) -> HttpResponse:
    """Switch the language, for good: in the account if someone is signed in, and in this browser."""
    form = LanguageForm(request.POST)
    if not form.is_valid():
        return HttpResponseBadRequest()
    chosen = form.cleaned_data["language"]
    if request.user.is_authenticated and request.user.language != chosen:
        _keep(request.user, language=chosen)
    response = redirect(next_url_of(request) or "/")
    keep_language(response, chosen)
    return response


@require_http_methods(["GET", "HEAD", "POST"])
def set_password(request: SignedInRequest) -> HttpResponse:
    """Let someone who signs in by a passkey choose a password, once they have shown that it is them.

    One that is sent after the time for that is not kept until they have, as other forms are: it would be readable.
    """
    if not request.user.has_usable_password():
        if request.method == "POST" and is_reauthentication_required(request, app="allauth.account"):
            return redirect("account_set_password")
        raise_if_reauthentication_required(request, app="allauth.account")
    response: HttpResponse = password_set(request)
    return response


def _keep(user: User, **preferences: str) -> None:
    """Save preferences, unless the account was deleted meanwhile: nothing is written after its erasure."""
    User.objects.filter(pk=user.pk, closed_at__isnull=True).update(**preferences)


def keep_language(response: HttpResponse, chosen: str) -> None:
    """Let a browser remember the language of its pages while nobody is signed in."""
    response.set_cookie(
        settings.LANGUAGE_COOKIE_NAME,
        chosen,
        max_age=settings.LANGUAGE_COOKIE_AGE,
        secure=settings.LANGUAGE_COOKIE_SECURE,
        httponly=settings.LANGUAGE_COOKIE_HTTPONLY,
        samesite="Lax",
    )
