"""Where a person stands towards the question: asked or not, answered or not, gated or not.

Two ways lead here. `is_settled` answers from the columns that came with the user (`privacy.auth_backends`),
so that a request of someone who has answered costs no query. Everyone else takes `standing_of`, which reads
afresh. Both compare the same rows; there is no cache between them and the database.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from itertools import takewhile

from accounts.models import User
from privacy.models import ConsentRecord, ConsentState, Kind, PolicyUpdate, Surface, Training


class Prompt(Enum):
    """How the question comes to someone on a page of the app."""

    NONE = "none"
    LINE = "line"
    POP_UP = "pop_up"
    GATE = "gate"


@dataclass(frozen=True, slots=True)
class Standing:
    """One person towards the latest material update, at one instant.

    `answered` is the update whose answer governs now. `unsettled` holds the material updates announced by `at` that
    are not settled yet, the latest first: only the first is asked, but each may be what gates the person (rule A4).
    """

    user: User
    state: ConsentState
    update: PolicyUpdate | None
    answered: PolicyUpdate | None
    unsettled: tuple[PolicyUpdate, ...]
    at: datetime

    @property
    def is_asked(self) -> bool:
        """Return whether there is a question, and this person is one of those it is put to."""
        return self.update is not None and self.user.is_consumer

    @property
    def has_answered(self) -> bool:
        """Return whether a training choice was saved for the update that is asked."""
        return self.update is not None and self.state.answered_update_id == self.update.version

    @property
    def has_accepted_terms(self) -> bool:
        """Return whether the terms of the update that is asked were accepted."""
        return self.update is not None and self.state.terms_update_id == self.update.version

    @property
    def is_settled(self) -> bool:
        """Return whether nothing is left to ask: a training choice, and the terms."""
        return self.has_answered and self.has_accepted_terms

    @property
    def gate(self) -> Surface | None:
        """Return the surface that stops this person now, if one does.

        It is the second step of signing up for who joined at or after an announcement, the gate for who was
        there before and let the deadline come.
        """
        if not self.is_asked or not self.unsettled:
            return None
        joined_at = self.user.joined_at
        if joined_at is not None and joined_at >= self.unsettled[-1].announced_at:
            return Surface.SIGN_UP
        return Surface.GATE if self.missed else None

    @property
    def missed(self) -> PolicyUpdate | None:
        """Return the latest announced of the unsettled updates whose deadline has come: what gates (rule A4).

        It is an earlier one than that which is asked where a newer update has a later last day.
        """
        return next((update for update in self.unsettled if self.at >= update.deadline), None)

    @property
    def _unanswered(self) -> Iterator[PolicyUpdate]:
        return takewhile(lambda update: update.version != self.state.answered_update_id, self.unsettled)

    @property
    def due(self) -> PolicyUpdate | None:
        """Return that of the unanswered updates whose deadline comes first: until then the question can wait.

        It is an earlier one than that which is asked where both are announced and its last day is the earlier.
        """
        return min(self._unanswered, key=lambda update: update.deadline, default=None)

    @property
    def closing(self) -> PolicyUpdate | None:
        """Return that of the unsettled updates with whose deadline the gate comes."""
        return min(self.unsettled, key=lambda update: update.deadline, default=None)

    @property
    def deadline(self) -> datetime | None:
        """Return the deadline that stands under the question: what gates, else its own, else that of the terms."""
        named = self.missed or self.due or self.closing
        return named.deadline if named else None

    @property
    def overdue(self) -> PolicyUpdate | None:
        """Return the latest announced update whose deadline has come and which, like every later one, was not answered.

        It is not always what gates: that may be an update whose terms alone are missing.
        """
        return next((update for update in self._unanswered if self.at >= update.deadline), None)

    @property
    def is_overdue(self) -> bool:
        """Return whether the deadline of an update has come and neither it nor a later one was answered."""
        return self.overdue is not None

    @property
    def periods(self) -> PolicyUpdate:
        """Return the update whose periods hold for this person: the one they answered, else the one that is asked.

        Before there is any, what an update says by default holds.
        """
        return self.answered or self.update or PolicyUpdate()

    @property
    def is_deferred(self) -> bool:
        """Return whether "Not now" still holds."""
        return (
            self.update is not None
            and self.state.deferral_update_id == self.update.version
            and self.state.deferred_until is not None
            and self.at < self.state.deferred_until
        )

    @property
    def can_defer(self) -> bool:
        """Return whether "Not now" is offered."""
        return self.is_asked and not self.has_answered and self.gate is None

    @property
    def surface(self) -> Surface:
        """Return on which surface the question's own page puts it to this person."""
        return self.gate or Surface.POP_UP

    @property
    def prompt(self) -> Prompt:
        """Return how the question comes to this person on a page of the app.

        Whoever has given a training choice is not asked for it again; if only the terms are missing, the
        quiet line says so until the deadline.
        """
        if self.update is None or not self.is_asked or self.is_settled:
            return Prompt.NONE
        if self.gate:
            return Prompt.GATE
        if self.has_answered:
            return Prompt.LINE
        if not self.update.includes(self.user.principal):
            return Prompt.NONE
        return Prompt.LINE if self.is_deferred else Prompt.POP_UP


def standing_of(user: User, at: datetime) -> Standing:
    """Return where someone stands, read afresh.

    Inside a transaction that has locked the user row (`accounts.actions.lock_user`) nothing can change it.
    """
    state = ConsentState.objects.filter(pk=user.pk).first() or ConsentState(user=user)
    return standing_towards(tuple(PolicyUpdate.objects.announced(at).material()), user, state, at)


def standing_towards(updates: tuple[PolicyUpdate, ...], user: User, state: ConsentState, at: datetime) -> Standing:
    """Return where someone stands towards the material updates announced by `at`, the latest first."""
    return Standing(
        user=user,
        state=state,
        update=updates[0] if updates else None,
        answered=next((update for update in updates if update.version == state.answered_update_id), None),
        unsettled=_unsettled(updates, state),
        at=at,
    )


def _unsettled(updates: tuple[PolicyUpdate, ...], state: ConsentState) -> tuple[PolicyUpdate, ...]:
    """Return the updates that are newer than the last one both answered and accepted."""
    versions = [update.version for update in updates]
    ends = [
        versions.index(version) if version in versions else len(versions)
        for version in (state.answered_update_id, state.terms_update_id)
    ]
    return updates[: max(ends)]


def training_before_allow(user: User) -> str:
    """Return the training choice that someone's present allow period followed: a *refuse*, or none."""
    allowed = ConsentRecord.objects.filter(principal=user.principal, kind=Kind.TRAINING_ALLOWED)
    began = allowed.exclude(previous_value=Training.ALLOW).order_by("-sequence")
    return began.values_list("previous_value", flat=True).first() or ""


def is_settled(user: User) -> bool:
    """Return whether a signed-in user, as the session loaded them, has nothing left to answer. No query."""
    asked = getattr(user, "asked_version", "")
    if asked is None or not user.is_consumer:
        return True
    return asked == getattr(user, "answered_version", None) == getattr(user, "terms_version", None)
