"""The journal: what was deleted, excluded or refused, by id and instant, outside the database (rule D7).

A backup brings back what was deleted after it was made. The journal knows what that was: a line of JSON per act, in a
file per day (`2025-09-10.jsonl`, by the real clock, in UTC) in `JOURNAL_DIR`. Each act is a row of the database first,
in the transaction of what it is about, and a line once that is committed. So a line whose row is missing shows that
the database is older than the journal: then the site does not serve until `manage.py replay_journal` has run.
"""

import fcntl
import json
import logging
import os
import uuid
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import models, transaction
from django.utils import timezone

from accounts.models import JournalEntry

logger = logging.getLogger(__name__)

PATTERN = "[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9].jsonl"
BATCH = 500
# How many lines are looked at to see whether the database knows them: far more than are written between two looks.
LATEST = 1000
LONGEST_LINE = 200
# How far back acts are looked at whose line may never have been written: the purge looks every hour.
COMPLETED_BACK_TO = timedelta(days=3)
# For how many acts at a time their lines are looked for.
LOOKED_FOR = 50_000
# The purge looks for missing lines every hour: after two, a line must be there.
WRITTEN_BY = timedelta(hours=2)


@dataclass(frozen=True, slots=True)
class Line:
    """One act: the row it was recorded in, what was done, to what, and when."""

    entry: uuid.UUID
    act: str
    subject: uuid.UUID
    at: datetime

    def as_json(self) -> str:
        """Return the line as it stands in a file."""
        values = {"entry": str(self.entry), "act": self.act, "subject": str(self.subject), "at": self.at.isoformat()}
        return json.dumps(values) + "\n"


@dataclass(frozen=True, slots=True)
class Proof:
    """A model whose rows are acts that are journalled; they have `recorded_at`.

    `line_of` says how, and `needs` which rows that they refer to it looks at.
    """

    model: type[models.Model]
    line_of: Callable[[Any], Line]
    needs: tuple[str, ...] = ()

    def recorded_since(self, since: datetime) -> models.QuerySet[Any]:
        """Return the rows recorded since an instant, the earliest first, with what their lines need."""
        found = self.model._default_manager.filter(recorded_at__gte=since).order_by("recorded_at")
        return found.select_related(*self.needs) if self.needs else found

    def known(self, keys: Iterable[uuid.UUID]) -> set[uuid.UUID]:
        """Return which of these keys are rows."""
        return set(self.model._default_manager.filter(pk__in=list(keys)).values_list("pk", flat=True))


class Behind(Exception):
    """This database is older than the journal, or the journal is missing: `manage.py replay_journal` comes first."""

    def __str__(self) -> str:
        return "This database is older than the journal, or the journal is missing. Run `manage.py replay_journal`."


class UnknownAct(Exception):
    """The journal has an act that no app knows; newer code wrote it."""


# What is done again for an act of a backup's future: it is given the line, inside a transaction, and may find that
# there is nothing to do. Each app registers its acts, and the models whose rows stand for acts, in `ready()`.
REDO: dict[str, Callable[[Line], None]] = {}
PROOFS: list[Proof] = [
    Proof(JournalEntry, lambda row: Line(row.pk, row.act, row.subject, row.at)),
]


def register(act: str, redo: Callable[[Line], None]) -> None:
    """Say what is done again for an act."""
    REDO[act] = redo


def register_proof(proof: Proof) -> None:
    """Say that the rows of a model are acts too."""
    PROOFS.append(proof)


# Writing


def record(act: str, subject: uuid.UUID, *, at: datetime) -> JournalEntry:
    """Journal an act of this transaction, and return its row. The line is written after the commit."""
    entry = JournalEntry.objects.create(act=act, subject=subject, at=at, recorded_at=timezone.now())
    note(entry.pk, act, subject, at=at)
    return entry


def note(entry: uuid.UUID, act: str, subject: uuid.UUID, *, at: datetime) -> None:
    """Write the line of an act after the commit, where the row of a registered model (`entry`) stands for it."""
    transaction.on_commit(partial(_append, Line(entry, act, subject, at)))


def _append(line: Line) -> None:
    """Write a line. What was done is done: if its line can't be written, `complete` writes it later."""
    try:
        append([line])
    except OSError:
        logger.critical("The journal can't be written; %s is only in the database.", line.entry, exc_info=True)


def append(lines: Iterable[Line]) -> None:
    """Write lines to the file of today, and wait until they are on the disk. Raises OSError.

    Where the clock was ahead, and has left a file of a day to come, they follow there: the latest lines stand last.
    """
    directory = settings.JOURNAL_DIR
    directory.mkdir(parents=True, exist_ok=True)
    path = max([directory / f"{timezone.now().astimezone(UTC):%Y-%m-%d}.jsonl", *files()[-1:]])
    is_new = not path.exists()
    with path.open("ab+") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        # A line that a crash has cut short must not swallow the next one.
        file.write((b"" if _ends_whole(file) else b"\n") + "".join(line.as_json() for line in lines).encode())
        file.flush()
        os.fsync(file.fileno())
    if is_new:
        _sync_directory(directory)


def _ends_whole(file: Any) -> bool:
    if not file.seek(0, os.SEEK_END):
        return True
    file.seek(-1, os.SEEK_END)
    return bool(file.read(1) == b"\n")


def _sync_directory(directory: Path) -> None:
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def complete(*, since: datetime | None = None) -> int:
    """Write the lines of acts that stand in no file, and return how many.

    Their process ended between its commit and its line, or files are lost. Looks at what was recorded in the last three
    days, or since an instant.
    """
    since = since or timezone.now() - COMPLETED_BACK_TO
    missing = 0
    for proof in PROOFS:
        lines = map(proof.line_of, proof.recorded_since(since).iterator())
        while batch := list(islice(lines, LOOKED_FOR)):
            if lost := _unwritten(batch):
                append(lost)
                missing += len(lost)
    return missing


def _unwritten(lines: list[Line]) -> list[Line]:
    """Return those of some lines that stand in no file.

    The latest files have nearly always all of them. What a replay has recorded anew stands further back.
    """
    left = {line.entry: line for line in lines}
    for path in reversed(files()):
        if not left:
            break
        for line in lines_of(path):
            left.pop(line.entry, None)
    return list(left.values())


# Reading


def files() -> list[Path]:
    """Return the files there are, the earliest first."""
    return sorted(settings.JOURNAL_DIR.glob(PATTERN))


def lines_of(path: Path) -> Iterator[Line]:
    """Yield the lines of a file; one that was cut short, or is none, is passed over."""
    with path.open("rb") as file:
        yield from filter(None, map(_parsed, file))


def _parsed(text: bytes) -> Line | None:
    try:
        values = json.loads(text)
        at = datetime.fromisoformat(values["at"]).astimezone(UTC)
        return Line(uuid.UUID(values["entry"]), values["act"], uuid.UUID(values["subject"]), at)
    except (ValueError, TypeError, KeyError, AttributeError):
        # Torn by a crash, or no line of ours. Its row, if it is lost too, can't be done again: someone has to look.
        logger.error("A line of the journal can't be read.")  # noqa: TRY400
        return None


def latest() -> list[Line]:
    """Return the latest lines, read from the end."""
    found: list[Line] = []
    for path in reversed(files()):
        with path.open("rb") as file:
            start = file.seek(max(0, file.seek(0, os.SEEK_END) - LATEST * LONGEST_LINE))
            # Where it begins within the file, it begins within a line.
            lines = file.read().splitlines(keepends=True)[start > 0 :]
        found = [*filter(None, map(_parsed, lines)), *found]
        if len(found) >= LATEST:
            break
    return found[-LATEST:]


def unknown(lines: list[Line]) -> list[Line]:
    """Return the lines whose rows this database does not have."""
    keys = {line.entry for line in lines}
    for proof in PROOFS:
        if keys:
            keys -= proof.known(keys)
    return [line for line in lines if line.entry in keys]


def is_lost() -> bool:
    """Return whether the journal is missing: there are acts that must have been written by now, and no file.

    It may be on a disk that is not mounted. Without it a restored backup would go unnoticed.
    """
    if files():
        return False
    by = timezone.now() - WRITTEN_BY
    return any(proof.model._default_manager.filter(recorded_at__lt=by).exists() for proof in PROOFS)


def begin_anew() -> int:
    """Write again what is lost for good of the journal, or all of it, and return how many lines that were.

    Each act is a row for good. So the journal reaches back as far as any backup, and not only to this day. What a
    database of a backup does not know is done first: behind so many lines that it knows it would not be noticed.
    """
    append([])
    return complete(since=datetime.min.replace(tzinfo=UTC))


def is_behind() -> bool:
    """Return whether this database is older than the journal: it was restored from a backup."""
    return bool(unknown(latest()))


def is_to_be_replayed() -> bool:
    """Return whether this database may hold what was deleted: it is behind, or there is nothing to tell by."""
    return is_behind() or is_lost()


def require_replayed() -> None:
    """Let only a database pass that knows all of the journal. Raises Behind."""
    if is_to_be_replayed():
        raise Behind


# Replaying


def was_reversed(line: Line, act: str) -> bool:
    """Return whether a later act of another kind is known of the same subject.

    A line that was written late stands behind it in the files.
    """
    return JournalEntry.objects.filter(subject=line.subject, act=act, at__gt=line.at).exists()


def replay() -> Iterator[Line]:
    """Do again what the database does not know of, in order, and yield each act once it is committed.

    In the order of their instants, since what was written late stands behind what came after it. It can be stopped
    anywhere and run again. Raises UnknownAct.
    """
    lines = (line for path in files() for line in lines_of(path))
    left: list[Line] = []
    while batch := list(islice(lines, BATCH)):
        left += unknown(batch)
    for line in sorted(left, key=lambda line: line.at):
        _redo(line)
        yield line


@transaction.atomic
def _redo(line: Line) -> None:
    if line.act not in REDO:
        raise UnknownAct(line.act)
    REDO[line.act](line)
    if unknown([line]):
        JournalEntry.objects.create(
            pk=line.entry, act=line.act, subject=line.subject, at=line.at, recorded_at=timezone.now()
        )
