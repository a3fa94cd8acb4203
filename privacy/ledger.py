"""The hash chain of a person's consent records."""

import hashlib
import json
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from privacy.models import ConsentRecord, ConsentState

# What the first record of a chain names as the one before it.
GENESIS = "0" * 64
# Every column but the hash itself, by the names under which they are hashed. Written out, since the hashes that
# exist would no longer match if a column that is added or renamed later changed what went into them.
HASHED_FIELDS = (
    "id",
    "principal",
    "sequence",
    "kind",
    "update_id",
    "notice_id",
    "receipt",
    "language",
    "surface",
    "method",
    "previous_value",
    "new_value",
    "occurred_at",
    "recorded_at",
    "actor",
    "gpc",
    "previous_hash",
)


def digest(record: ConsentRecord) -> str:
    """Return the SHA-256 of a record, in hex: every column but the hash itself, as canonical JSON."""
    values = {name: _plain(getattr(record, name)) for name in HASHED_FIELDS}
    text = json.dumps(values, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def _plain(value: Any) -> str | int | bool | None:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="microseconds")
    return value if value is None or isinstance(value, bool | int) else str(value)


def append(state: ConsentState, records: Iterable[ConsentRecord]) -> list[ConsentRecord]:
    """Chain new records to a person's last one and insert them, in one statement.

    The state's length and head move with them; the caller saves it in the same transaction, under the lock
    on the user row.
    """
    chained = []
    for record in records:
        state.chain_length += 1
        record.sequence = state.chain_length
        record.previous_hash = state.chain_head or GENESIS
        record.hash = state.chain_head = digest(record)
        chained.append(record)
    return ConsentRecord.objects.bulk_create(chained)
