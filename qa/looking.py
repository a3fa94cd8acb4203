"""Rows as they stand in the database, for QA to look at."""

from collections.abc import Set as AbstractSet
from datetime import datetime
from typing import Any

from django.db.models import Case, Model

from conversations.eligibility import Reason, reason_at


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
