"""Letters about updates: stopping them, signed in or from the letter itself, and wanting them again."""

from http import HTTPStatus

from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts import clock
from accounts.http import SignedInRequest
from accounts.models import User
from privacy.models import ReminderStop
from privacy.reminder_letters import UnknownToken, principal_of
from privacy.reminders import resume_reminders, stop_reminders


# Whoever holds the letter may act: RFC 8058 posts without a page, a cookie or a token against forgery.
@csrf_exempt
@login_not_required
@require_http_methods(["GET", "HEAD", "POST"])
def unsubscribe(request: HttpRequest, token: str) -> HttpResponse:
    """Ask whether to stop the letters, and do it when posted to: programs open every link of a letter by themselves."""
    person = _person_of(token)
    if request.method == "POST":
        stop_reminders(person, at=clock.now())
    is_stopped = ReminderStop.objects.filter(user=person).exists()
    return render(request, "privacy/unsubscribe.html", {"is_stopped": is_stopped, "here": request.path})


def _person_of(token: str) -> User:
    """Return whose letters a token stops. Raises Http404 if it is none of ours, or their account is gone."""
    try:
        found = User.objects.filter(principal=principal_of(token), closed_at=None).first()
    except UnknownToken as error:
        raise Http404 from error
    if found is None:
        raise Http404
    return found


@require_safe
def reminders(request: SignedInRequest) -> HttpResponse:
    """Say whether someone gets letters about updates, and let them change that."""
    is_stopped = ReminderStop.objects.filter(user=request.user).exists()
    return render(request, "privacy/reminders.html", {"is_stopped": is_stopped})


@require_POST
def stop(request: SignedInRequest) -> HttpResponseBase:
    """Stop the letters of who is signed in."""
    stop_reminders(request.user, at=clock.now())
    messages.success(request, _("You get no more reminders. Your training choice is as it was."))
    return _back()


@require_POST
def resume(request: SignedInRequest) -> HttpResponseBase:
    """Send letters to who is signed in again."""
    resume_reminders(request.user)
    messages.success(request, _("You get reminders again. Your training choice is as it was."))
    return _back()


def _back() -> HttpResponseBase:
    response = redirect("privacy:reminders")
    response.status_code = HTTPStatus.SEE_OTHER
    return response
