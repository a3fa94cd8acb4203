"""The second step of signing in: what counts as one, and what setting it up does to sessions that never took it."""

from typing import Any

from allauth.mfa.models import Authenticator
from allauth.mfa.utils import is_mfa_enabled
from allauth.usersessions.adapter import get_adapter
from allauth.usersessions.models import UserSession
from django.contrib import messages
from django.http import HttpRequest
from django.utils.translation import gettext as _

from accounts.models import User

# Recovery codes only stand in for one of these.
SECOND_FACTORS = [Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN]


def has_second_factor(user: User) -> bool:
    """Return whether someone is asked for a second step whenever they sign in."""
    return bool(is_mfa_enabled(user, types=SECOND_FACTORS))


def sign_out_elsewhere(request: HttpRequest, user: User, authenticator: Authenticator, **_kwargs: Any) -> None:
    """Answer `authenticator_added`: end every session that was begun with a password alone, but the one at hand.

    Whoever knows a password may have signed in with it before. Else that session would pass for one with two steps,
    and reach the admin.
    """
    own = Authenticator.objects.filter(user=user, type__in=SECOND_FACTORS)
    if own.exclude(pk=authenticator.pk).exists() or authenticator.type not in SECOND_FACTORS:
        return
    others = [session for session in UserSession.objects.filter(user=user) if not session.is_current()]
    if others:
        get_adapter().end_sessions(others)
        messages.info(request, _("You are signed out on your other devices: signing in there takes two steps now."))
