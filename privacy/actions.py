"""What people do about the question. Each act is one transaction, with its evidence in it.

What staff do with a policy update is in `privacy.publication`.
"""

import uuid
from datetime import datetime, timedelta
from functools import partial

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts import journal
from accounts.actions import lock_user
from accounts.effects import became_ineligible
from accounts.models import User
from privacy import effects
from privacy.ledger import append
from privacy.models import (
    ANSWERS,
    ConsentRecord,
    ConsentState,
    CoverageReading,
    Kind,
    Method,
    Notice,
    PolicyUpdate,
    Surface,
    Training,
    TrainingRefusal,
)
from privacy.question import Question
from privacy.standing import Standing, standing_of
from privacy.tokens import TERMS, FormToken

# The name of the act in the journal.
TRAINING_REFUSED = "training_refused"


class NotDone(Exception):
    """Something was not done, and nothing was written. `message` says why, to the person who asked for it."""

    message = _("That can’t be done.")


class StaleForm(NotDone):
    """The form no longer shows how things stand (rule B7)."""

    message = _("Nothing was saved: something has changed since this page was opened. This is how it stands now.")


class NotAsked(NotDone):
    """The question is not put to this person."""

    message = _("Nothing was saved: on your plan there is no such choice to make.")


class ChoiceMissing(NotDone):
    """The form has no training choice."""

    message = _("Choose whether training is allowed. Nothing is chosen for you.")


class TermsMissing(NotDone):
    """The terms were not accepted where they have to be."""

    message = _("Tick the box to accept the terms. Without them, only “No” can be saved.")


class CannotDefer(NotDone):
    """Putting the question off is not open to this person any more, or never was."""

    message = _("“Not now” is no longer possible.")


def was_shown(user: User, question: Question) -> bool:
    """Return whether it is recorded that a person was shown this very text on this surface."""
    records = ConsentRecord.objects.filter(principal=user.principal, notice=question.notice_hash, kind=Kind.SHOWN)
    return records.exists()


@transaction.atomic
def record_shown(user: User, question: Question, *, gpc: bool, at: datetime) -> None:
    """Record that a person was shown the question: once per notice, and a notice is of one surface.

    `gpc` is whether the browser sent the Global Privacy Control signal, here as in every action below.
    """
    user = lock_user(user)
    if was_shown(user, question):
        return
    notice, _created = Notice.objects.get_or_create(
        sha256=question.notice_hash,
        defaults={
            "update": question.update,
            "language": question.language,
            "surface": question.surface,
            "text": question.canonical_text,
        },
    )
    state = ConsentState.objects.filter(pk=user.pk).first() or ConsentState(user=user)
    append(state, [_record(user, Kind.SHOWN, notice, notice.surface, gpc=gpc, at=at)])
    state.save(force_insert=state._state.adding)


@transaction.atomic
def defer(user: User, token: FormToken, *, method: Method, gpc: bool, at: datetime) -> ConsentState:
    """Put the question off ("Not now") and return the person's state.

    Twice in a row is once: inside a deferral nothing more is written. Raises CannotDefer from the deadline
    on and for newcomers, NotAsked on a commercial plan, StaleForm if the form is of another update or someone has
    answered meanwhile.
    """
    standing = standing_of(lock_user(user), at)
    notice = _notice_of(token, standing)
    if not standing.can_defer or standing.update is None:
        if standing.has_answered:
            raise StaleForm
        raise CannotDefer if standing.is_asked else NotAsked
    if token.surface != Surface.POP_UP:
        # The only form that offers it.
        raise CannotDefer
    state, update = standing.state, standing.update
    if standing.is_deferred:
        return state
    earlier = state.deferrals if state.deferral_update_id == update.version else 0
    state.deferral_update, state.deferrals = update, earlier + 1
    deadlines = [left.deadline for left in standing.unsettled]
    state.deferred_until = min(at + timedelta(days=update.deferral_days(earlier)), *deadlines)
    deferral = _record(standing.user, Kind.DEFERRED, notice, token.surface, gpc=gpc, at=at, method=method)
    append(state, [deferral])
    state.save()
    return state


@transaction.atomic
def answer(
    user: User, token: FormToken, *, terms: bool, training: Training | None, gpc: bool, at: datetime
) -> uuid.UUID:
    """Save an answer with its evidence, and return its receipt.

    The same form sent twice returns the first receipt and writes nothing. Raises StaleForm, NotAsked,
    ChoiceMissing or TermsMissing, and then has written nothing either. Only what the form offered can be saved.
    """
    standing = standing_of(lock_user(user), at)
    state, update = standing.state, standing.update
    if token.last_receipt != str(state.last_receipt or ""):
        return _first_receipt(token, terms=terms, training=training)
    notice = _notice_of(token, standing)
    assert update is not None
    _check_answer(standing, terms=terms, training=training)
    accepts_terms = terms and not standing.has_accepted_terms
    if (training and training not in token.offers) or (accepts_terms and TERMS not in token.offers):
        raise StaleForm

    if _takes_back(standing, training):
        became_ineligible(standing.user)
    method, receipt = Method(token.method), uuid.UUID(token.receipt)
    record = partial(
        _record, standing.user, notice=notice, surface=token.surface, gpc=gpc, at=at, method=method, receipt=receipt
    )
    records = []
    if accepts_terms:
        previous = state.terms_update_id or ""
        records.append(record(Kind.TERMS_ACCEPTED, previous_value=previous, new_value=update.version))
        state.terms_update = update
    if training:
        kind = _kind_of(state.training, training)
        records.append(record(kind, previous_value=state.training, new_value=training.value))
        _choose(state, training, update, at)
    state.last_receipt = receipt
    append(state, records)
    state.save()
    if training is Training.REFUSE:
        _refuse(standing.user, update, at)
    return receipt


def _takes_back(standing: Standing, training: Training | None) -> bool:
    """Return whether, with an answer, something may not be used any more that an earlier *allow* had given."""
    if standing.state.training != Training.ALLOW:
        return False
    reaches_less = (
        training is Training.ALLOW
        and standing.answered is not None
        and standing.answered.coverage_reading == CoverageReading.CONVERSATION
        and standing.update is not None
        and standing.update.coverage_reading == CoverageReading.MESSAGE
    )
    return training is Training.REFUSE or standing.is_overdue or reaches_less


def _check_answer(standing: Standing, *, terms: bool, training: Training | None) -> None:
    state = standing.state
    if not standing.is_asked:
        # On a commercial plan an earlier permission can be withdrawn, and nothing else (rule A1).
        if training is not Training.REFUSE or state.training != Training.ALLOW or terms:
            raise NotAsked
        return
    accepts_terms_now = terms and not standing.has_accepted_terms
    if training is None and not (standing.has_answered and accepts_terms_now):
        raise TermsMissing if standing.has_answered and not standing.has_accepted_terms else ChoiceMissing
    if training is Training.ALLOW and not (terms or standing.has_accepted_terms):
        raise TermsMissing


def _choose(state: ConsentState, training: Training, update: PolicyUpdate, at: datetime) -> None:
    """Write a choice into a state. Repeating *allow* goes on with the allow period there is."""
    if training is Training.REFUSE:
        state.allowed_since = None
    elif state.training != Training.ALLOW:
        state.allowed_since = at
    state.training, state.answered_update = training, update


def _refuse(user: User, update: PolicyUpdate, at: datetime) -> None:
    """Let a *refuse* reach what is stored, and journal it."""
    refusal = effects.refuse(user, update, at=at)
    journal.note(refusal.pk, TRAINING_REFUSED, user.principal, at=at)


def line_of(refusal: TrainingRefusal) -> journal.Line:
    """Return the line of the journal that a refusal stands for."""
    return journal.Line(refusal.pk, TRAINING_REFUSED, refusal.user.principal, refusal.at)


def _kind_of(previous: str, training: Training) -> Kind:
    if training is Training.ALLOW:
        return Kind.TRAINING_ALLOWED
    return Kind.TRAINING_WITHDRAWN if previous == Training.ALLOW else Kind.TRAINING_REFUSED


def _first_receipt(token: FormToken, *, terms: bool, training: Training | None) -> uuid.UUID:
    """Return the receipt of a form that was saved before with the same values.

    Raises StaleForm if it was not: another tab or device has answered since it was rendered, or it was saved
    with other values and sent once more after the browser's Back.
    """
    saved = ConsentRecord.objects.filter(principal=token.principal, receipt=token.receipt, kind__in=ANSWERS)
    values = {record.kind == Kind.TERMS_ACCEPTED: record.new_value for record in saved}
    if not values or values.get(False) != training or terms != (True in values):
        raise StaleForm
    return uuid.UUID(token.receipt)


def _notice_of(token: FormToken, standing: Standing) -> Notice:
    """Return the notice a form was shown with. Raises StaleForm if it is of another update, or was never kept."""
    notice = Notice.objects.filter(pk=token.notice).first()
    if notice is None or standing.update is None or notice.update_id != standing.update.version:
        raise StaleForm
    return notice


def _record(
    user: User,
    kind: Kind,
    notice: Notice,
    surface: str,
    *,
    gpc: bool,
    at: datetime,
    method: Method | None = None,
    receipt: uuid.UUID | None = None,
    previous_value: str = "",
    new_value: str = "",
) -> ConsentRecord:
    """Return an unsaved record; `ledger.append` gives it its place in the chain."""
    return ConsentRecord(
        principal=user.principal,
        actor=user.principal,
        kind=kind,
        update_id=notice.update_id,
        notice=notice,
        receipt=receipt,
        language=notice.language,
        surface=Surface(surface),
        method=method or "",
        previous_value=previous_value,
        new_value=new_value,
        occurred_at=at,
        recorded_at=timezone.now(),
        gpc=gpc,
    )
