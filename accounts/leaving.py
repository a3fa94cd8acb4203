"""Leaving: an account is closed at once, and what it held leaves storage soon after (rule D3)."""

import logging
import uuid
from datetime import datetime, timedelta
from functools import partial

from allauth.account.adapter import get_adapter
from allauth.account.models import EmailAddress
from allauth.usersessions.models import UserSession
from django.contrib.sessions.models import Session
from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet
from django.utils import timezone

from accounts import journal, personal_data
from accounts.actions import lock_account
from accounts.effects import became_ineligible
from accounts.models import Plan, User

logger = logging.getLogger(__name__)

# The name of the act in the journal.
ACCOUNT_DELETED = "account_deleted"
# So long is a sign-up kept whose address nobody has confirmed.
UNCONFIRMED_FOR = timedelta(days=14)


@transaction.atomic
def close_account(user: User, *, at: datetime) -> None:
    """Delete an account: nobody can sign in any more, on any device. Doing it twice changes nothing.

    What it held is erased by a task (`erase_account`), which is the caller's to start after the commit.
    """
    user = lock_account(user)
    if user.closed_at is not None:
        return
    close(user, at)
    journal.record(ACCOUNT_DELETED, user.principal, at=at)
    transaction.on_commit(partial(_send_word, user))


def close(user: User, at: datetime) -> None:
    """Shut an account whose row is locked."""
    user.closed_at, user.is_active = at, False
    user.save(update_fields=["closed_at", "is_active"])
    shut_out(user)


def shut_out(user: User) -> None:
    """Sign out whoever may not sign in any more, and have nothing of theirs used. Their row is locked."""
    end_sessions(user)
    became_ineligible(user)


def end_sessions(user: User) -> None:
    """Sign someone out on every device."""
    sessions = UserSession.objects.filter(user=user)
    Session.objects.filter(pk__in=sessions.values("session_key")).delete()
    sessions.delete()


def _send_word(user: User) -> None:
    """Tell the address, while it is still known. That it can't be told keeps nobody from leaving."""
    try:
        get_adapter().send_mail("account/email/account_deleted", user.email, {"user": user})
    except Exception as error:  # noqa: BLE001 - whatever a mail server does
        # What it says may repeat the address.
        logger.error("The letter about a deleted account could not be sent: %s.", type(error).__name__)  # noqa: TRY400


def erase(principal: uuid.UUID) -> None:
    """Remove all that identifies the person of a deleted account. It can be stopped anywhere and run again."""
    user = User.objects.filter(principal=principal, closed_at__isnull=False, erased_at__isnull=True).first()
    if user is None:
        return
    for holding in reversed(personal_data.HOLDINGS):
        holding.erase(user)
    User.objects.filter(pk=user.pk).update(erased_at=timezone.now())


def accounts_to_erase() -> QuerySet[User]:
    """Return the deleted accounts of which something may still be stored, the earliest first."""
    return User.objects.filter(closed_at__isnull=False, erased_at__isnull=True).order_by("closed_at")


def never_confirmed(at: datetime) -> QuerySet[User]:
    """Return the sign-ups whose address nobody has confirmed in time. Whose it is may know nothing of it.

    Signing up makes the address primary at once. An account that was made for someone has none in that table, or one
    that is not primary, until they have signed in; who pays for a plan is no stranger.
    """
    addresses = EmailAddress.objects.filter(user=OuterRef("pk"))
    return User.objects.filter(
        Exists(addresses.filter(primary=True, verified=False)),
        ~Exists(addresses.filter(verified=True)),
        created_at__lte=at - UNCONFIRMED_FOR,
        last_login__isnull=True,
        closed_at__isnull=True,
        plan=Plan.FREE,
        is_persona=False,
        is_staff=False,
        is_superuser=False,
    )


@transaction.atomic
def close_unconfirmed(user: User, due: QuerySet[User], *, at: datetime) -> bool:
    """Delete a sign-up, unless it is not due any more. No letter is sent: nobody at that address asked for one."""
    user = lock_account(user)
    if not due.filter(pk=user.pk).exists():
        return False
    close(user, at)
    journal.record(ACCOUNT_DELETED, user.principal, at=at)
    return True


def close_again(line: journal.Line) -> None:
    """Close an account that a backup has brought back. The purge erases it, as it does whatever was left over."""
    user = User.objects.filter(principal=line.subject, closed_at__isnull=True).first()
    if user is not None:
        close(lock_account(user), line.at)
