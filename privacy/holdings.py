"""What this app holds of a person: evidence, which stays without identifying anyone, and what goes with the account."""

from collections.abc import Iterator
from typing import Any

from accounts.holdings import nothing, rows
from accounts.models import User
from accounts.personal_data import Holding
from privacy.models import ConsentRecord, ConsentState, Draft, LastDayMove, TrainingRefusal

# The columns of a record that mean something to its person, all of them but the key of the row.
RECORDED = (
    *("sequence", "kind", "update_id", "notice_id", "receipt", "language", "surface", "method"),
    *("previous_value", "new_value", "occurred_at", "recorded_at", "actor", "gpc", "previous_hash", "hash"),
)


def _records(user: User) -> Iterator[dict[str, Any]]:
    found = ConsentRecord.objects.filter(principal=user.principal).order_by("sequence")
    yield from found.values(*RECORDED).iterator(chunk_size=500)


def _state(user: User) -> Iterator[dict[str, Any]]:
    found = ConsentState.objects.filter(user=user)
    columns = ("training", "allowed_since", "answered_update_id", "terms_update_id", "deferrals", "deferred_until")
    yield from (dict(row) for row in found.values(*columns))


def _stays(_user: User) -> None:
    """Erase nothing: this is evidence, and knows its person by a principal that leads nowhere any more (rule D3)."""


HOLDINGS = (
    Holding(
        "consent_records",
        (ConsentRecord,),
        lambda user: ConsentRecord.objects.filter(principal=user.principal).count(),
        _records,
        _stays,
    ),
    Holding(
        "consent_state", (ConsentState,), lambda user: ConsentState.objects.filter(user=user).count(), _state, _stays
    ),
    rows(
        "training_refusals",
        lambda user: TrainingRefusal.objects.filter(user_id=user.pk).order_by("pk"),
        lambda row: {"at": row.at, "kept_until": row.kept_until},
    ),
    rows(
        "kept_texts",
        lambda user: Draft.objects.filter(user_id=user.pk).order_by("pk"),
        lambda row: {"page": row.path, "text": row.text, "kept": row.kept_at},
    ),
    # Who of the staff moved a last day is part of why it stands where it does.
    Holding("moves_of_last_days", (LastDayMove,), lambda _user: 0, nothing, _stays),
)
