"""What is exported of one conversation, and its schema. `docs/training_data.md` documents it.

`SCHEMA_VERSION` goes up whenever the same conversation would come out differently.
"""

import hashlib
import json
import logging
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

import pyarrow as pa
from django.utils.translation import gettext_lazy as _

from conversations.models import Conversation, Message
from conversations.recognisers import TooSlow
from conversations.redaction import redact
from training.manifest import is_exported
from training.models import ManifestRow

logger = logging.getLogger(__name__)

SCHEMA_VERSION = "1"

MESSAGE = pa.struct(
    [
        pa.field("role", pa.string(), nullable=False),
        pa.field("format", pa.string(), nullable=False),
        pa.field("text", pa.string(), nullable=False),
    ]
)
SCHEMA = pa.schema(
    [
        pa.field("id", pa.string(), nullable=False),
        pa.field("kind", pa.string(), nullable=False),
        pa.field("messages", pa.list_(pa.field("element", MESSAGE, nullable=False)), nullable=False),
    ],
    metadata={"schema_version": SCHEMA_VERSION},
)


@dataclass(frozen=True, slots=True)
class Record:
    """One conversation as it is exported: a row of `SCHEMA`, its hash, and how often each class was masked in it."""

    row: ManifestRow
    value: dict[str, Any]
    masked: dict[str, int]

    @property
    def sha256(self) -> str:
        """Return the hash of what is exported."""
        return hash_of(self.value)


class Incomplete(Exception):
    """A conversation has not the messages any more that its row counts: it left storage at its date."""

    message = _("A conversation of the run has left storage since it was frozen. Go on, and it is taken out first.")


def hash_of(value: dict[str, Any]) -> str:
    """Return the SHA-256, as hexadecimal digits, of a row of `SCHEMA` in canonical JSON (UTF-8, sorted, no spaces)."""
    text = json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def records_of(rows: Sequence[ManifestRow]) -> Iterator[Record]:
    """Yield what is exported of some rows, in their order. Raises Incomplete where something has gone, and TooSlow.

    The rows come with their consent record and its update. All their messages are in memory at once.
    """
    keys = [row.conversation for row in rows]
    kinds = dict(Conversation.objects.filter(pk__in=keys).values_list("pk", "kind"))
    found = Message.objects.filter(conversation__in=keys).only("conversation", "role", "format", "text", "training")
    in_order = found.order_by("conversation", "pk").iterator()
    messages = {key: list(own) for key, own in groupby(in_order, key=lambda message: message.conversation_id)}
    for row in rows:
        own = [message for message in messages.get(row.conversation, ()) if is_exported(message, row)]
        if len(own) != row.messages:
            raise Incomplete(str(row))
        yield _record(row, kinds[row.conversation], own)


def _record(row: ManifestRow, kind: str, messages: Sequence[Message]) -> Record:
    try:
        redacted = redact([message.text for message in messages])
    except TooSlow:
        logger.error("A pattern takes too long for %s.", row)  # noqa: TRY400 - which one, the caller's error says
        raise
    value = {
        "id": str(row.export_id),
        "kind": kind,
        "messages": [
            {"role": message.role, "format": message.format, "text": text}
            for message, text in zip(messages, redacted.texts, strict=True)
        ],
    }
    return Record(row, value, redacted.counts)


def as_batch(records: Iterable[Record]) -> pa.RecordBatch:
    """Return records as Arrow holds them."""
    return pa.RecordBatch.from_pylist([record.value for record in records], schema=SCHEMA)


def total(records: Iterable[Record]) -> Counter[str]:
    """Return how often each class was masked."""
    counts: Counter[str] = Counter()
    for record in records:
        counts.update(record.masked)
    return counts
