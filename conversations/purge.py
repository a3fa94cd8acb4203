"""Removes what is past its date, in bounded batches, and says what it removed (rule D1).

Each batch is one transaction and looks again at what it takes, so that a purge can be killed anywhere and run again,
and a conversation resumed before its date is never lost to it.
"""

import json
import logging
import uuid
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, TypeVar

from allauth.usersessions.models import UserSession
from django.conf import settings
from django.contrib.sessions.models import Session
from django.db import connection, transaction
from django.db.models import Exists, OuterRef, QuerySet
from django.utils import timezone

from accounts import clock, exports
from accounts.journal import complete, require_replayed
from accounts.leaving import accounts_to_erase, close_unconfirmed, erase, never_confirmed
from conversations.actions import UNDO, apply_refusal, refusals_to_apply
from conversations.feedback import cut_links
from conversations.models import Conversation, Feedback, FeedbackCopy, Message, Purge
from privacy.drafts import KEPT_FOR
from privacy.models import Draft

logger = logging.getLogger(__name__)

# Conversations in one transaction: enough for its cost not to count, and few enough to hold nothing up.
BATCH = 4000

Rows = QuerySet[Any]
T = TypeVar("T")


class Unfinished(Exception):
    """Of some kinds not all that is past its date could be removed; the log says why."""

    def __init__(self, names: list[str]) -> None:
        super().__init__(f"Not all could be removed of: {', '.join(names)}. The log says why.")


@dataclass(frozen=True, slots=True)
class Target:
    """One kind of thing that has a date: `due` gives what is past it, `take` removes it and yields counts."""

    name: str
    due: Callable[[datetime], Rows]
    take: Callable[[Rows], Iterator[int]]


def take_rows(due: Rows) -> Iterator[int]:
    """Remove rows and what hangs on them, and yield how many each batch had."""
    while keys := list(due.order_by("pk").values_list("pk", flat=True)[:BATCH]):
        due.filter(pk__in=keys).delete()
        yield len(keys)


def take_expired(due: Rows) -> Iterator[int]:
    """Remove conversations by their date; feedback on them stays their person's."""
    yield from _take_conversations(due, "expires_at", _keep_feedback)


def _keep_feedback(messages: Rows) -> None:
    # What was deleted just before its date is cut off all the same.
    cut_links(messages.filter(conversation__deleted_at__isnull=False))
    Feedback.objects.filter(message__in=messages.values("pk")).update(message=None)


def take_deleted(due: Rows) -> Iterator[int]:
    """Remove conversations that their person has deleted, and cut the feedback on them off (rule D4)."""
    yield from _take_conversations(due, "deleted_at", cut_links)


def _take_conversations(due: Rows, date: str, let_go: Callable[[Rows], object]) -> Iterator[int]:
    """Remove conversations with their messages, in the order of their dates.

    What someone is writing in just now is locked: it is left to the next purge, which looks at its date again. Going
    on from the last date spares the database the rows it has just removed, which it still steps over.
    """
    rest = due
    while taken := _take_batch(rest, date, let_go):
        count, last = taken
        yield count
        rest = due.filter(**{f"{date}__gte": last})


@transaction.atomic
def _take_batch(due: Rows, date: str, let_go: Callable[[Rows], object]) -> tuple[int, datetime] | None:
    locked = due.select_for_update(skip_locked=True, of=("self",)).order_by(date)
    found = list(locked.values_list("pk", date)[:BATCH])
    if not found:
        return None
    keys = [key for key, _date in found]
    messages = _among(Message.objects.all(), "conversation_id", keys)
    let_go(messages)
    # Not `delete()`, which would read every message first, to see what hangs on it: nothing is left that does.
    for gone in (messages, _among(Conversation.objects.all(), "id", keys)):
        gone._raw_delete(gone.db)
    return len(found), found[-1][1]


def _among(rows: Rows, column: str, keys: list[uuid.UUID]) -> Rows:
    """Return the rows whose column is one of some keys, which are one parameter.

    As thousands of parameters they would cost more than what is done with them, and as a subquery PostgreSQL would
    rather read the whole table.
    """
    if connection.vendor == "postgresql":
        return rows.extra(where=[f"{column} = ANY(%s)"], params=[keys])  # noqa: S610 - a column of this file
    given = json.dumps([key.hex for key in keys])
    return rows.extra(where=[f"{column} IN (SELECT value FROM json_each(%s))"], params=[given])  # noqa: S608, S610 - as above


def take_exports(due: Rows) -> Iterator[int]:
    """Remove data exports with their files, and the files that none of them names."""
    count = due.count()
    exports.remove(due)
    exports.purge_strays()
    if count:
        yield count


def take_unconfirmed(due: Rows) -> Iterator[int]:
    """Close sign-ups that nobody has confirmed; the erasure of deleted accounts comes after."""
    for user in list(due.order_by("created_at")[:BATCH]):
        if close_unconfirmed(user, due, at=clock.now()):
            yield 1


def take_accounts(due: Rows) -> Iterator[int]:
    """Erase deleted accounts whose own task did not come to its end. Raises what kept the last one of them."""
    principals = list(due.values_list("principal", flat=True)[:BATCH])
    yield from one_by_one(principals, erase, "The account %s could not be erased.")


def one_by_one(found: Iterable[T], act: Callable[[T], object], failed: str) -> Iterator[int]:
    """Do something to each, and yield 1 once it is done. Raises what kept it from being done to the last one of them.

    One must not keep the rest; it is met again next time. The log says which has `failed`.
    """
    kept: Exception | None = None
    for each in found:
        try:
            act(each)
        except Exception as error:
            logger.exception(failed, each)
            kept = error
        else:
            yield 1
    if kept:
        raise kept


def signed_out() -> Rows:
    """Return the devices whose session is over. allauth forgets them when their person comes back, who may not."""
    there = Session.objects.filter(session_key=OuterRef("session_key"))
    seen_before = timezone.now() - timedelta(seconds=settings.SESSION_COOKIE_AGE)
    found: Rows = UserSession.objects.filter(~Exists(there), last_seen_at__lte=seen_before)
    return found


# An app that has more with a date adds it in `AppConfig.ready()`.
TARGETS = [
    Target("expired conversations", lambda at: Conversation.objects.filter(expires_at__lte=at), take_expired),
    Target("deleted conversations", lambda at: Conversation.objects.filter(deleted_at__lte=at - UNDO), take_deleted),
    Target("copies of feedback", lambda at: FeedbackCopy.objects.filter(expires_at__lte=at), take_rows),
    Target("kept texts", lambda at: Draft.objects.filter(kept_at__lte=at - KEPT_FOR), take_rows),
    Target("data exports", exports.expired, take_exports),
    Target("sign-ups never confirmed", never_confirmed, take_unconfirmed),
    Target("deleted accounts", lambda _at: accounts_to_erase(), take_accounts),
    Target("sessions", lambda _at: Session.objects.filter(expire_date__lte=timezone.now()), take_rows),
    Target("devices", lambda _at: signed_out(), take_rows),
]


def due_at(at: datetime) -> dict[str, int]:
    """Return how many rows of each kind are past their date.

    A refusal that was not applied in all the time it keeps things for counts too: what it reaches has no other date.
    Raises Behind on a database that was restored: what the journal deletes again is not counted yet.
    """
    require_replayed()
    refusals = refusals_to_apply().filter(kept_until__lte=at).count()
    return {"refusals to apply": refusals} | {target.name: target.due(at).count() for target in TARGETS}


def purge(at: datetime, *, on_batch: Callable[[int], object] = lambda _count: None) -> Purge:
    """Remove all that is past its date at an instant, and return the stored report.

    Raises Behind on a database that was restored: what the journal brings back must not be gone by then. Dates that a
    refusal has not reached yet are shortened first. `on_batch` is told the size of each batch. Raises Unfinished, once
    all else is done, where something could not be removed; the report has no end then.
    """
    require_replayed()
    report = Purge.objects.create(at=at, started_at=timezone.now())
    for refusal in refusals_to_apply().values_list("pk", flat=True).iterator():
        apply_refusal(refusal)
    left = []
    for target in TARGETS:
        try:
            for count in target.take(target.due(at)):
                report.counts[target.name] = report.counts.get(target.name, 0) + count
                report.save(update_fields=["counts"])
                on_batch(count)
        except Exception:
            # A file that can't be removed, or a store that is away, must not keep what else is past its date.
            logger.exception("Not all could be removed of: %s.", target.name)
            left.append(target.name)
    complete()
    if left:
        raise Unfinished(left)
    report.finished_at = timezone.now()
    report.save(update_fields=["finished_at"])
    return report
