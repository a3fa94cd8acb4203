"""The personas: one for each state someone can be in, how they stand in it, and the instant at which they do.

A persona is known by the end of its account's principal, which is the same for each account it ever has: a tester may
give it another address, or delete it. The account is an ordinary row with `is_persona` set: it never counts in figures,
reminders or runs. Instants are told from the update, so that they stay right beside it.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from django.contrib.auth.models import AnonymousUser
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from accounts.models import Plan, User
from accounts.roles import AUDITOR, ROLLOUT_MANAGER, TRAINING_MANAGER, VIEWER
from privacy.models import PolicyUpdate, Training
from privacy.standing import Prompt
from qa.lives import Life
from qa.pasts import (
    DAY,
    HOUR,
    answered,
    changed_twice,
    deferred,
    deleted,
    excluded,
    nothing,
    private,
    rated,
    talked,
    talked_in_chinese,
)

# Nobody's, ever (RFC 2606).
HOST = "personas.example"
LONG_BEFORE = 180 * DAY
MARK = 6

When = Callable[[PolicyUpdate], datetime]


def first_day(update: PolicyUpdate) -> datetime:
    """Return the announcement."""
    return update.announced_at


def before(update: PolicyUpdate) -> datetime:
    """Return an instant before the announcement."""
    return update.announced_at - DAY


def on_day(number: int) -> When:
    """Return the instant so many days after the announcement."""
    return lambda update: update.announced_at + number * DAY


def last_day(update: PolicyUpdate) -> datetime:
    """Return an hour before the deadline."""
    return update.deadline - HOUR


def afterwards(update: PolicyUpdate) -> datetime:
    """Return a day after the deadline, when whoever has not answered is gated."""
    return update.deadline + DAY


class Stand(NamedTuple):
    """How the question comes to a persona at its instant, what it has answered, and how much it holds."""

    prompt: Prompt = Prompt.NONE
    training: str = ""
    deferrals: int = 0
    messages: int = 5
    feedback: int = 0


ASKED, NOT_ASKED = Stand(Prompt.POP_UP), Stand()


@dataclass(frozen=True, slots=True)
class Persona:
    """One state: what it is called, the instant it is at, and what led there."""

    slug: str
    title: Promise
    stand: Stand = NOT_ASKED
    at: When = first_day
    live: Callable[[Life, datetime], None] = nothing
    plan: Plan = Plan.FREE
    joined: When = lambda update: update.announced_at - LONG_BEFORE
    language: str = "en"
    role: str = ""

    @property
    def email(self) -> str:
        """Return the address it is known by."""
        return f"{self.slug}@{HOST}"

    @property
    def mark(self) -> bytes:
        """Return the end of the principal of each of its accounts: six of the sixteen bytes."""
        return hashlib.sha256(self.slug.encode()).digest()[:MARK]

    @property
    def home(self) -> str:
        """Return the address where it begins."""
        return reverse("admin:index") if self.role else reverse("conversations:index")

    def account(self) -> User | None:
        """Return the account it has now, or None where the seed has not run, or it has deleted it."""
        return next((account for account in self.stored() if account.closed_at is None), None)

    def stored(self) -> list[User]:
        """Return the accounts of which anything is still stored: the one it has now, and what it has left behind."""
        accounts = User.objects.filter(is_persona=True, erased_at=None).order_by("pk")
        return [account for account in accounts if persona_of(account) == self]

    def instant(self) -> datetime | None:
        """Return the instant at which it is in its state; None for staff, who live in the product's own time."""
        return None if self.role else self.at(asked_update())


class NothingAsked(Exception):
    """There is no material update, so nobody is in any state: `manage.py seed_demo` comes first."""


def asked_update() -> PolicyUpdate:
    """Return the update the personas are asked about. Raises NothingAsked.

    It is the first material one: whatever is published later is announced after it, so that at the instants of the
    personas, and in their states, nothing changes.
    """
    update = PolicyUpdate.objects.filter(published_at__isnull=False).material().last()
    if update is None:
        raise NothingAsked
    return update


PERSONAS: dict[str, Persona] = {
    persona.slug: persona
    for persona in (
        Persona(
            "newcomer",
            _("Newcomer, half-way through signing up"),
            Stand(Prompt.GATE, messages=0),
            on_day(6),
            joined=on_day(6),
        ),
        Persona("undecided-first-day", _("Undecided, on the first day"), ASKED, first_day, talked),
        Persona("undecided-last-day", _("Undecided, on the last day"), ASKED, last_day, talked),
        Persona("undecided-afterwards", _("Undecided, after the deadline"), Stand(Prompt.GATE), afterwards, talked),
        Persona("deferred-once", _("Has put it off once"), Stand(Prompt.LINE, deferrals=1), on_day(1), deferred(1)),
        Persona(
            "deferred-often",
            _("Has put it off four times"),
            Stand(Prompt.LINE, deferrals=4),
            on_day(10),
            deferred(4),
        ),
        Persona(
            "allowed",
            _("Allows training"),
            Stand(training=Training.ALLOW, messages=7),
            on_day(2),
            answered(Training.ALLOW),
        ),
        Persona(
            "refused",
            _("Refuses training"),
            Stand(training=Training.REFUSE, messages=7),
            on_day(2),
            answered(Training.REFUSE),
        ),
        Persona(
            "refused-alone",
            _("Refuses training, has not accepted the terms"),
            Stand(Prompt.GATE, Training.REFUSE, messages=7),
            afterwards,
            answered(Training.REFUSE, terms=False),
        ),
        Persona(
            "on-off-on",
            _("Allowed, refused, allows again"),
            Stand(training=Training.ALLOW, messages=12),
            on_day(7),
            changed_twice,
        ),
        Persona(
            "private-only",
            _("Has private chats only"),
            Stand(training=Training.ALLOW, messages=2),
            on_day(2),
            private,
        ),
        Persona(
            "excluded-one",
            _("Has excluded a chat"),
            Stand(training=Training.ALLOW, messages=7),
            on_day(2),
            excluded,
        ),
        Persona(
            "feedback-given",
            _("Has given feedback"),
            Stand(training=Training.ALLOW, messages=2, feedback=1),
            on_day(2),
            rated,
        ),
        Persona(
            "deleted-chat",
            _("Deleted a chat two minutes ago"),
            Stand(training=Training.ALLOW),
            on_day(2),
            deleted,
        ),
        Persona("chinese", _("Undecided, reads Chinese"), ASKED, on_day(2), talked_in_chinese, language="zh-hans"),
        Persona("team", _("On a Team plan"), NOT_ASKED, on_day(2), talked, plan=Plan.TEAM),
        Persona("gov", _("On a Gov plan"), Stand(messages=0), on_day(2), plan=Plan.GOV),
        Persona("education", _("On an Education plan"), NOT_ASKED, on_day(2), talked, plan=Plan.EDUCATION),
        Persona("api", _("On the API"), NOT_ASKED, on_day(2), talked, plan=Plan.API),
        Persona("viewer", _("Staff: viewer"), role=VIEWER),
        Persona("auditor", _("Staff: auditor"), role=AUDITOR),
        Persona("roll-out-manager", _("Staff: roll-out manager"), role=ROLLOUT_MANAGER),
        Persona("training-manager", _("Staff: training manager"), role=TRAINING_MANAGER),
    )
}
_BY_MARK = {persona.mark: persona for persona in PERSONAS.values()}
# Those that were made before principals had marks.
_BY_EMAIL = {persona.email: persona for persona in PERSONAS.values()}


def persona_of(user: User | AnonymousUser) -> Persona | None:
    """Return which persona an account is, whatever its address is by now; None for anyone else's."""
    if not isinstance(user, User) or not user.is_persona:
        return None
    return _BY_MARK.get(user.principal.bytes[-MARK:]) or _BY_EMAIL.get(user.email)
