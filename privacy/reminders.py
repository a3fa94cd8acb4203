"""Reminders before a deadline, and word that it has moved: who gets which letter, each at most once.

What was sent is the work list (`Letter`): a row is written and committed before its letter is handed over, so a killed
process sends nothing twice, and what it was about to send can be told from the row. Whether someone is still to get a
letter is decided under the lock of their row, by where they stand at that moment.
"""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from allauth.account.models import EmailAddress
from django.core.mail import EmailMessage
from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet
from django.utils import timezone

from accounts import clock, journal
from accounts.actions import AccountClosed, lock_user
from accounts.models import User
from privacy.models import Act, ConsentState, Letter, PolicyUpdate, ReminderStop, UpdateAct
from privacy.reach import there_before, undecided
from privacy.reminder_letters import Delivery, Outcome, composed
from privacy.standing import Standing, standing_of

# People whose keys are read at a time.
BATCH = 200
# A letter under way for longer than this is not: its process has died.
UNDER_WAY = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Occasion:
    """Why letters go out: the reminder of so many days before the deadline, or a move of the last day."""

    update: PolicyUpdate
    days: int | None = None
    act: UpdateAct | None = None

    def __str__(self) -> str:
        return f"{self.update}: {f'{self.days} days before' if self.days else 'the last day has moved'}"

    @property
    def letters(self) -> QuerySet[Letter]:
        """Return the letters written for it so far."""
        return Letter.objects.filter(update=self.update, days=self.days, act=self.act)


@dataclass(slots=True)
class Report:
    """What one run has done, and whether it has left people over for the next."""

    sent: int = 0
    not_sent: int = 0
    is_done: bool = True


# Who


def occasions(at: datetime) -> list[Occasion]:
    """Return what letters go out for at an instant: only what is current, and nothing from the deadline on."""
    update = PolicyUpdate.objects.announced(at).material().first()
    if update is None or at >= update.deadline:
        return []
    move = update.acts.filter(kind=Act.LAST_DAY_MOVED, at__gte=update.announced_at).last()
    days = update.reminder_at(at)
    found = [Occasion(update, act=move)] if move and move.tells_people else []
    return [*found, *([Occasion(update, days=days)] if days else [])]


def recipients(occasion: Occasion, at: datetime) -> QuerySet[User]:
    """Return who is to get a letter and has not: who was there before, has not decided, and waits for nothing.

    Nobody inside a deferral, nobody who wants no letters, and no address that was never confirmed.
    """
    update = occasion.update
    confirmed = EmailAddress.objects.filter(user=OuterRef("pk"), email=OuterRef("email"), verified=True)
    deferred = ConsentState.objects.filter(user=OuterRef("pk"), deferral_update=update, deferred_until__gt=at)
    written = occasion.letters.filter(user=OuterRef("pk"))
    return there_before(undecided(update), update).filter(
        Exists(confirmed), ~Exists(deferred), ~Exists(written), reminder_stop=None
    )


def is_due(occasion: Occasion, standing: Standing, at: datetime) -> bool:
    """Return whether someone who stands there is to get a letter now. Their row is locked."""
    if not standing.can_defer or standing.is_deferred:
        return False
    if standing.user.is_persona or ReminderStop.objects.filter(user=standing.user).exists():
        return False
    if occasion.letters.filter(user=standing.user).exists():
        return False
    return occasion in occasions(at)


# Sending


@transaction.atomic
def begin(user: User, occasion: Occasion, at: datetime) -> tuple[Letter, EmailMessage] | None:
    """Write down that someone is about to get a letter; None if they are not to get it, or closed their account."""
    try:
        standing = standing_of(lock_user(user), at)
    except AccountClosed:
        return None
    if not is_due(occasion, standing, at):
        return None
    row = Letter.objects.create(
        user=standing.user,
        update=occasion.update,
        days=occasion.days,
        act=occasion.act,
        language=standing.user.language,
        begun_at=timezone.now(),
    )
    return row, composed(standing, occasion.act)


def end(row: Letter, outcome: Outcome) -> None:
    """Write down what became of a letter. What the server has certainly not taken can be sent by a later run."""
    if outcome.is_certainly_not_sent:
        Letter.objects.filter(pk=row.pk).delete()
    elif outcome.problem:
        Letter.objects.filter(pk=row.pk).update(problem=outcome.problem)
    else:
        Letter.objects.filter(pk=row.pk).update(sent_at=timezone.now())


def send_letters(
    *,
    seconds: float | None = None,
    now: Callable[[], datetime] = clock.now,
    on_letter: Callable[[int], object] = lambda _count: None,
) -> Report:
    """Send every letter that is due and has not been begun, for so many seconds at most, and say what was done.

    It can be killed anywhere and run again, and two of them share the work. Raises OSError while the mail server
    takes nothing, and Behind while this database is older than the journal: who has left since must not be written to.
    """
    journal.require_replayed()
    report, until = Report(), None if seconds is None else time.monotonic() + seconds
    with Delivery() as delivery:
        for occasion in occasions(now()):
            for users in _batches(recipients(occasion, now())):
                for user in users:
                    _send(user, occasion, delivery, report, now)
                    on_letter(1)
                if until is not None and time.monotonic() >= until:
                    report.is_done = False
                    return report
    return report


def _batches(people: QuerySet[User]) -> Iterator[list[User]]:
    """Yield people in the order of their keys, a batch at a time."""
    last = 0
    while batch := list(people.filter(pk__gt=last).order_by("pk")[:BATCH]):
        yield batch
        last = batch[-1].pk


def _send(user: User, occasion: Occasion, delivery: Delivery, report: Report, now: Callable[[], datetime]) -> None:
    begun = begin(user, occasion, now())
    if begun is None:
        return
    row, letter = begun
    outcome = delivery.send(letter)
    end(row, outcome)
    report.sent += not outcome.problem
    report.not_sent += bool(outcome.problem)
    outcome.raise_if_the_server_is_away()


def unclear() -> QuerySet[Letter]:
    """Return the letters that were begun and are not known to have been sent, and that nobody is sending now."""
    return Letter.objects.filter(sent_at=None, begun_at__lt=timezone.now() - UNDER_WAY)


# Wanting none


@transaction.atomic
def stop_reminders(user: User, *, at: datetime) -> None:
    """Send someone no more letters about updates. Twice is once."""
    ReminderStop.objects.get_or_create(user=lock_user(user), defaults={"at": at})


@transaction.atomic
def resume_reminders(user: User) -> None:
    """Send someone letters about updates again."""
    ReminderStop.objects.filter(user=lock_user(user)).delete()
