"""The personas: one for each state someone can be in, how they stand in it, and the instant at which they do.

A persona is known by the end of its account's principal, which is the same for each account it ever has: a tester may
give it another address, or delete it. The account is an ordinary row with `is_persona` set: it never counts in figures,
reminders or runs. Instants are told from the update, so that they stay right beside it.
"""

import hashlib
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

from allauth.account.models import EmailAddress
from django.contrib.auth.models import AnonymousUser, Group
from django.db import transaction
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from accounts import clock
from accounts.actions import lock_account
from accounts.leaving import close_account, erase
from accounts.models import Plan, User
from accounts.roles import AUDITOR, ROLLOUT_MANAGER, TRAINING_MANAGER, VIEWER
from conversations.feedback import delete_feedback
from conversations.management.commands.seed_demo import PASSWORD
from conversations.models import Feedback
from privacy.models import PolicyUpdate, Training
from privacy.standing import Prompt
from qa.lives import Life

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
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


def nothing(_life: Life, _at: datetime) -> None:
    """Do nothing."""


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


class AddressTaken(Exception):
    """The address of a persona is that of an ordinary account, which nothing here may touch."""

    def __init__(self, persona: "Persona") -> None:
        super().__init__(f"{persona.email} is the address of an ordinary account.")
        self.persona = persona


def asked_update() -> PolicyUpdate:
    """Return the update the personas are asked about. Raises NothingAsked.

    It is the first material one: whatever is published later is announced after it, so that at the instants of the
    personas, and in their states, nothing changes.
    """
    update = PolicyUpdate.objects.filter(published_at__isnull=False).material().last()
    if update is None:
        raise NothingAsked
    return update


# What led there


def _talk(life: Life, at: datetime) -> None:
    at = min(at, life.update.deadline)  # The gated can't write any more.
    life.chat("Plan a weekend hike with me.", at=at - 2 * HOUR)
    life.code("Why does this test fail on Mondays?", at=at - HOUR, workspace="trail-planner")


def _talk_in_chinese(life: Life, at: datetime) -> None:
    life.chat("帮我想一个周末徒步的计划。", at=at - 2 * HOUR)
    life.code("为什么这个测试每逢周一就失败？", at=at - HOUR, workspace="徒步规划")


def _deferred(times: int) -> Callable[[Life, datetime], None]:
    def live(life: Life, at: datetime) -> None:
        _talk(life, at)
        first = life.update.announced_at + HOUR
        days = [sum(map(life.update.deferral_days, range(earlier))) for earlier in range(times)]
        for day in days:
            life.put_off(at=first + day * DAY + HOUR)

    return live


def _answered(training: Training, *, terms: bool = True) -> Callable[[Life, datetime], None]:
    def live(life: Life, at: datetime) -> None:
        life.chat("Which trees grow above the tree line?", at=life.update.announced_at - DAY)
        life.answer(training, terms=terms, at=life.update.announced_at + HOUR)
        _talk(life, at)

    return live


def _changed_twice(life: Life, at: datetime) -> None:
    start = life.update.announced_at
    life.chat("Written before any answer, and left alone", at=start - 2 * DAY)
    resumed = life.chat("Written before any answer, and resumed at the end", at=start - DAY)
    life.answer(Training.ALLOW, at=start + DAY)
    life.chat("Written while training was allowed", at=start + 2 * DAY)
    life.answer(Training.REFUSE, at=start + 3 * DAY)
    life.chat("Written while training was refused", at=start + 4 * DAY)
    life.answer(Training.ALLOW, at=start + 5 * DAY)
    life.chat("Written since training is allowed again", at=start + 6 * DAY)
    life.resume(resumed, "One more thing.", at=at - HOUR)


def _private(life: Life, at: datetime) -> None:
    life.answer(Training.ALLOW, at=life.update.announced_at + HOUR)
    life.chat("A letter that is nobody else’s business", at=at - HOUR, private=True)


def _excluded(life: Life, at: datetime) -> None:
    life.answer(Training.ALLOW, at=life.update.announced_at + HOUR)
    excluded = life.chat("What did the doctor mean?", at=at - 3 * HOUR)
    _talk(life, at)
    life.exclude(excluded, at=at - MINUTE)


def _rated(life: Life, at: datetime) -> None:
    life.answer(Training.ALLOW, at=life.update.announced_at + HOUR)
    rated = life.chat("How far is it to the hut? Write to anna@example.com.", at=at - 2 * HOUR)
    life.rate(rated, "It did not say how far.", at=at - HOUR)


def _deleted(life: Life, at: datetime) -> None:
    life.answer(Training.ALLOW, at=life.update.announced_at + HOUR)
    _talk(life, at)
    life.delete(life.chat("Forget this one", at=at - HOUR), at=at - 2 * MINUTE)


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
        Persona("undecided-first-day", _("Undecided, on the first day"), ASKED, first_day, _talk),
        Persona("undecided-last-day", _("Undecided, on the last day"), ASKED, last_day, _talk),
        Persona("undecided-afterwards", _("Undecided, after the deadline"), Stand(Prompt.GATE), afterwards, _talk),
        Persona("deferred-once", _("Has put it off once"), Stand(Prompt.LINE, deferrals=1), on_day(1), _deferred(1)),
        Persona(
            "deferred-often", _("Has put it off four times"), Stand(Prompt.LINE, deferrals=4), on_day(10), _deferred(4)
        ),
        Persona(
            "allowed",
            _("Allows training"),
            Stand(training=Training.ALLOW, messages=7),
            on_day(2),
            _answered(Training.ALLOW),
        ),
        Persona(
            "refused",
            _("Refuses training"),
            Stand(training=Training.REFUSE, messages=7),
            on_day(2),
            _answered(Training.REFUSE),
        ),
        Persona(
            "refused-alone",
            _("Refuses training, has not accepted the terms"),
            Stand(Prompt.GATE, Training.REFUSE, messages=7),
            afterwards,
            _answered(Training.REFUSE, terms=False),
        ),
        Persona(
            "on-off-on",
            _("Allowed, refused, allows again"),
            Stand(training=Training.ALLOW, messages=12),
            on_day(7),
            _changed_twice,
        ),
        Persona(
            "private-only", _("Has private chats only"), Stand(training=Training.ALLOW, messages=2), on_day(2), _private
        ),
        Persona(
            "excluded-one", _("Has excluded a chat"), Stand(training=Training.ALLOW, messages=7), on_day(2), _excluded
        ),
        Persona(
            "feedback-given",
            _("Has given feedback"),
            Stand(training=Training.ALLOW, messages=2, feedback=1),
            on_day(2),
            _rated,
        ),
        Persona(
            "deleted-chat", _("Deleted a chat two minutes ago"), Stand(training=Training.ALLOW), on_day(2), _deleted
        ),
        Persona("chinese", _("Undecided, reads Chinese"), ASKED, on_day(2), _talk_in_chinese, language="zh-hans"),
        Persona("team", _("On a Team plan"), NOT_ASKED, on_day(2), _talk, plan=Plan.TEAM),
        Persona("gov", _("On a Gov plan"), Stand(messages=0), on_day(2), plan=Plan.GOV),
        Persona("education", _("On an Education plan"), NOT_ASKED, on_day(2), _talk, plan=Plan.EDUCATION),
        Persona("api", _("On the API"), NOT_ASKED, on_day(2), _talk, plan=Plan.API),
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


# Making them


@transaction.atomic
def make(persona: Persona) -> User:
    """Return the account of a persona; where it has none, make one and let it live up to its instant.

    Raises NothingAsked, and AddressTaken.
    """
    update = _one_at_a_time()
    return persona.account() or _made(persona, update)


def _one_at_a_time() -> PolicyUpdate:
    """Return the update, locked until the transaction ends, so that of two seeds or resets one waits."""
    return PolicyUpdate.objects.select_for_update(no_key=True).get(pk=asked_update().pk)


def _made(persona: Persona, update: PolicyUpdate) -> User:
    if _is_taken(persona.email):
        raise AddressTaken(persona)
    user = User.objects.create_user(
        persona.email,
        PASSWORD,
        principal=_principal(persona, update),
        plan=persona.plan,
        created_at=persona.joined(update),
        language=persona.language,
        is_persona=True,
        is_staff=bool(persona.role),
    )
    EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)
    if persona.role:
        user.groups.add(Group.objects.get(name=persona.role))
    persona.live(Life(user, update), persona.at(update))
    return user


def _is_taken(email: str) -> bool:
    return User.objects.filter(email=email).exists() or EmailAddress.objects.filter(email=email).exists()


def _principal(persona: Persona, update: PolicyUpdate) -> uuid.UUID:
    """Return a fresh principal that the update has been rolled out to, if it has been to anyone."""
    while True:
        principal = uuid.UUID(bytes=uuid.uuid4().bytes[:-MARK] + persona.mark)
        if not update.rollout_percentage or update.includes(principal):
            return principal


@transaction.atomic
def reset(persona: Persona) -> User:
    """Give a persona a fresh account in its first state, under a fresh principal (rule H2).

    The one it had is deleted as anyone's is (rule D3): it is signed out everywhere, what it held is erased, and its
    evidence stays, with the row that the evidence points to. Raises NothingAsked, and AddressTaken.
    """
    before = persona.account()
    update = _one_at_a_time()
    present = persona.account()
    if present is not None and present != before:
        return present  # Somebody else has reset it while this waited.
    for account in persona.stored():
        _leave(lock_account(account), at=clock.now())
    return _made(persona, update)


def _leave(account: User, *, at: datetime) -> None:
    """Delete the account of a persona, or finish where it has deleted it itself, and erase what it held."""
    # Copies that have lost their link lead to nobody, a persona neither, and would count as anyone's.
    for feedback in Feedback.objects.filter(user=account):
        delete_feedback(feedback, at=at)
    close_account(account, at=at)
    erase(account.principal)
