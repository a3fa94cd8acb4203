"""The journal: what was deleted, excluded or refused, by id and instant, outside the database (rule D7).

A backup brings back what was deleted after it was made. The journal knows what that was: a line of JSON per act, in a
file per day (`2025-09-10.jsonl`, by the real clock, in UTC) in `JOURNAL_DIR`. Each act is a row of the database first,
in the same transaction as what it is about, and a line once that has been committed.
"""

import uuid
from datetime import datetime
from functools import partial

from django.db import transaction
from django.utils import timezone

from accounts.models import JournalEntry


def record(act: str, subject: uuid.UUID, *, at: datetime) -> JournalEntry:
    """Journal an act of this transaction, and return its row. The line is written after the commit."""
    entry = JournalEntry.objects.create(act=act, subject=subject, at=at, recorded_at=timezone.now())
    note(entry.pk, act, subject, at=at)
    return entry


def note(entry: uuid.UUID, act: str, subject: uuid.UUID, *, at: datetime) -> None:
    """Write the line of an act after the commit, where another model's row (`entry` is its key) stands for it."""
    transaction.on_commit(partial(append, entry, act, subject, at))


def append(entry: uuid.UUID, act: str, subject: uuid.UUID, at: datetime) -> None:
    """Write one line, and wait until it is on the disk."""
