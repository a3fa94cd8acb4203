"""What this app holds of a person, allauth's and Django's tables about them included."""

from collections.abc import Callable, Iterator
from typing import Any

from allauth.account.models import EmailAddress, EmailConfirmation
from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.contrib.admin.models import LogEntry
from django.contrib.auth.hashers import make_password
from django.contrib.contenttypes.models import ContentType
from django.contrib.sessions.models import Session
from django.db.models import BooleanField, ExpressionWrapper, Model, Q, QuerySet

from accounts import exports
from accounts.devices import device_name
from accounts.leaving import end_sessions
from accounts.models import ERASED, DataExport, JournalEntry, ListDownload, Plan, PlanChange, User
from accounts.personal_data import Holding, in_batches


def rows(
    name: str, found: Callable[[User], QuerySet[Any]], as_dict: Callable[[Any], dict[str, Any]], *more: type[Model]
) -> Holding:
    """Return the holding of some rows that are exported one by one and deleted."""

    def export(user: User) -> Iterator[dict[str, Any]]:
        return (as_dict(row) for row in in_batches(found(user)))

    def erase(user: User) -> None:
        found(user).delete()

    nobody = found(User())
    return Holding(name, (nobody.model, *more), lambda user: found(user).count(), export, erase)


def _account(user: User) -> Iterator[dict[str, Any]]:
    yield {
        "email": user.email,
        "principal": str(user.principal),
        "plan": user.plan,
        "joined": user.joined_at,
        "created": user.created_at,
        "last_signed_in": user.last_login,
        "language": user.language,
        "time_zone": user.time_zone,
        "staff": user.is_staff,
        "superuser": user.is_superuser,
        "permissions": sorted(user.get_user_permissions()),
        "groups": list(user.groups.values_list("name", flat=True)),
    }


def _erase_account(user: User) -> None:
    """Leave a row that only the evidence points to, and nothing in it that is about anyone."""
    user.groups.clear()
    user.user_permissions.clear()
    User.objects.filter(pk=user.pk).update(
        email=f"{user.principal}@{ERASED}",
        password=make_password(None),
        last_login=None,
        plan=Plan.FREE,
        created_at=user.closed_at,
        joined_at=user.closed_at,
        language=User._meta.get_field("language").default,
        time_zone="UTC",
        is_staff=False,
        is_superuser=False,
    )


def _devices(user: User) -> Iterator[dict[str, Any]]:
    for session in in_batches(UserSession.objects.filter(user=user)):
        device = device_name(session.user_agent)
        yield {
            "device": device,
            "browser": session.user_agent,
            "ip": session.ip,
            "since": session.created_at,
            "last_seen": session.last_seen_at,
        }


def _is_about(user: User) -> Q:
    """Return what the staff's log about an account is told by: Django repeats its address there.

    Of an account the id says whose it is. Its address may have been someone else's then.
    """
    people = ContentType.objects.get_for_model(User)
    named = Q(object_repr=user.email) & (Q(content_type=None) | ~Q(content_type=people))
    return Q(content_type=people, object_id=str(user.pk)) | named


def _log(user: User) -> QuerySet[LogEntry]:
    return LogEntry.objects.filter(_is_about(user) | Q(user=user))


def _logged(user: User) -> Iterator[dict[str, Any]]:
    """Yield what was done by or to someone; what else it was done to, and how, is somebody else's."""
    found = _log(user).annotate(is_about=ExpressionWrapper(_is_about(user), BooleanField()))
    for row in in_batches(found.select_related("content_type")):
        yield {
            "at": row.action_time,
            "action": row.get_action_flag_display(),
            "what": row.content_type.model if row.content_type else "",
            "changes": row.get_change_message() if row.is_about else "",
            "by_you": row.user_id == user.pk,
        }


def _erase_log(user: User) -> None:
    LogEntry.objects.filter(_is_about(user)).update(object_repr=str(user.principal), change_message="")


def _erase_exports(user: User) -> None:
    exports.remove(DataExport.objects.filter(user=user))


def nothing(_user: User) -> Iterator[dict[str, Any]]:
    """Export nothing: there is nothing about the person in it."""
    return iter(())


HOLDINGS = (
    Holding(
        "account",
        (User, User.groups.through, User.user_permissions.through),
        lambda _user: 1,
        _account,
        _erase_account,
    ),
    rows(
        "plans",
        lambda user: PlanChange.objects.filter(user_id=user.pk).order_by("pk"),
        lambda row: {"plan": row.plan, "from": row.at},
    ),
    rows(
        "email_addresses",
        lambda user: EmailAddress.objects.filter(user_id=user.pk).order_by("pk"),
        lambda row: {"address": row.email, "confirmed": row.verified, "primary": row.primary},
        EmailConfirmation,
    ),
    rows(
        "ways_to_sign_in",
        lambda user: Authenticator.objects.filter(user_id=user.pk).order_by("pk"),
        lambda row: {
            "kind": row.type,
            "name": row.data.get("name", ""),
            "since": row.created_at,
            "last_used": row.last_used_at,
        },
    ),
    Holding(
        "devices",
        (UserSession, Session),
        lambda user: UserSession.objects.filter(user=user).count(),
        _devices,
        end_sessions,
    ),
    Holding(
        "data_exports",
        (DataExport,),
        lambda user: DataExport.objects.filter(user=user).count(),
        lambda user: ({"asked_for": row.requested_at} for row in DataExport.objects.filter(user=user)),
        _erase_exports,
    ),
    Holding(
        "staff_log",
        (LogEntry,),
        lambda user: _log(user).count(),
        _logged,
        _erase_log,
    ),
    # What someone has taken out of the admin is a record about other people; its taker is a principal.
    Holding(
        "lists_taken",
        (ListDownload,),
        lambda user: ListDownload.objects.filter(actor=user.principal).count(),
        lambda user: (
            {"at": row.at, "list": row.list, "filters": row.filters, "rows": row.rows}
            for row in in_batches(ListDownload.objects.filter(actor=user.principal))
        ),
        lambda _user: None,
    ),
    # Ids and instants of what is gone; they lead to nothing.
    Holding("journal", (JournalEntry,), lambda _user: 0, nothing, lambda _user: None),
)
