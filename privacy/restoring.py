"""What is done again after a restore from a backup: someone's refusal, which the journal still knows (rule D7)."""

import uuid

from django.utils import timezone

from accounts.actions import lock_account
from accounts.effects import became_ineligible
from accounts.journal import Line
from accounts.models import User
from privacy import effects
from privacy.ledger import append
from privacy.models import (
    ANSWERS,
    ConsentRecord,
    ConsentState,
    Kind,
    Method,
    Training,
)


def refuse_again(line: Line) -> None:
    """Let a refusal hold again that a backup does not know of.

    It is recorded as what it is: an act of the person at the instant of the line, read from the journal, on the text
    they had last answered. Where they allow nothing, or allowed later, there is nothing to do.
    """
    user = User.objects.filter(principal=line.subject).first()
    state = ConsentState.objects.filter(user=lock_account(user)).first() if user else None
    if user is None or state is None or state.allowed_since is None or state.allowed_since >= line.at:
        return
    answer = ConsentRecord.objects.filter(principal=user.principal, kind__in=ANSWERS).order_by("sequence").last()
    assert answer is not None, "an allow has a record"
    became_ineligible(user)
    append(state, [_withdrawal(answer, line)])
    state.training, state.allowed_since = Training.REFUSE, None
    state.answered_update, state.last_receipt = answer.update, line.entry
    state.save()
    effects.refuse(user, answer.update, at=line.at, key=line.entry)


def _withdrawal(answer: ConsentRecord, line: Line) -> ConsentRecord:
    return ConsentRecord(
        id=uuid.uuid4(),
        principal=answer.principal,
        actor=answer.principal,
        kind=Kind.TRAINING_WITHDRAWN,
        update=answer.update,
        notice_id=answer.notice_id,
        receipt=line.entry,
        language=answer.language,
        surface=answer.surface,
        method=Method.REPLAY,
        previous_value=Training.ALLOW,
        new_value=Training.REFUSE,
        occurred_at=line.at,
        recorded_at=timezone.now(),
        gpc=False,
    )
