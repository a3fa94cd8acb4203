"""Loads the signed-in person together with what the gate has to know, in the one query there is anyway."""

from functools import cache
from typing import Any

from allauth.account.auth_backends import AuthenticationBackend as AllauthBackend
from django.contrib.auth.base_user import AbstractBaseUser
from django.db import connection

from accounts import clock
from accounts.models import User
from privacy.models import ConsentState, PolicyUpdate


@cache
def user_query() -> str:
    """Return the SQL that loads a user and three strings of consent.

    A fixed statement, since compiling the same through the ORM costs more than running it. `asked_version` is
    the latest material update announced by the instant given, read every time: publishing can't lag.
    """
    q = connection.ops.quote_name
    columns = ", ".join(f"u.{q(field.column)}" for field in User._meta.concrete_fields if field.column)
    state, update = q(ConsentState._meta.db_table), q(PolicyUpdate._meta.db_table)
    return (
        f"SELECT {columns}, s.answered_update_id AS answered_version, s.terms_update_id AS terms_version,"  # noqa: S608 - no input
        f" (SELECT p.version FROM {update} p"
        " WHERE p.is_material AND p.published_at IS NOT NULL AND p.announced_at <= %s"
        " ORDER BY p.announced_at DESC, p.version DESC LIMIT 1) AS asked_version"
        f" FROM {q(User._meta.db_table)} u LEFT JOIN {state} s ON s.user_id = u.id WHERE u.id = %s"
    )


class AuthenticationBackend(AllauthBackend):
    """Signs people in as allauth does, and loads them with their consent."""

    def get_user(self, user_id: Any) -> AbstractBaseUser | None:
        """Return the user of a session, or None if it has gone or been closed.

        Adds `answered_version`, `terms_version` and `asked_version` to the user: strings or None.
        """
        now = connection.ops.adapt_datetimefield_value(clock.now())
        for user in User.objects.raw(user_query(), [now, user_id]):
            return user if self.user_can_authenticate(user) else None
        return None

    def user_can_authenticate(self, user: AbstractBaseUser | None) -> bool:
        """Return whether an account may be signed in to, now: not a deleted one, nor QA's where its tools are off."""
        return isinstance(user, User) and user.may_sign_in and bool(super().user_can_authenticate(user))
