"""How a persona stands: its rows as they are in the database, and whether it is still in the state it is called by."""

from collections.abc import Set as AbstractSet
from datetime import datetime
from typing import Any

from django.db.models import Case, Model

from accounts.models import User
from conversations.eligibility import Reason, reason_at
from conversations.models import Feedback, Message
from privacy.standing import standing_of
from qa.personas import Persona, Stand


def raw_row(row: Model, *, hide: AbstractSet[str] = frozenset()) -> list[tuple[str, Any]]:
    """Return the columns of a row with what is in them."""
    names = [field.attname for field in row._meta.concrete_fields if field.name not in hide]
    return [(name, getattr(row, name)) for name in names]


def reason_if_it_counted(at: datetime) -> Case:
    """Return the reason that would keep a conversation out of training, were its owner no persona (rule E2).

    That it is a persona's comes first for all of them, and would hide which of the others applies.
    """
    case = reason_at(at)
    persona, *others = case.cases
    assert persona.result.value == Reason.PERSONA
    case.set_source_expressions([*others, case.default])
    return case


def stand_of(account: User, at: datetime) -> Stand:
    """Return how someone stands at an instant, as far as what personas are called by goes."""
    standing = standing_of(account, at)
    messages = Message.objects.filter(conversation__user=account, conversation__deleted_at=None)
    return Stand(
        prompt=standing.prompt,
        training=standing.state.training,
        deferrals=standing.state.deferrals,
        messages=messages.count(),
        feedback=Feedback.objects.filter(user=account).count(),
    )


def is_changed(persona: Persona, account: User) -> bool:
    """Return whether an account is no longer as its persona is made, by what a tester or a purge has done."""
    at = persona.instant()
    if at is None:  # Staff: what they do, they do to others.
        return False
    return account.plan != persona.plan or stand_of(account, at) != persona.stand
