"""The daily heads: how far each person's chain had come, written outside the database.

A chain shows that nothing in it was changed, but neither that its end is still there nor that there was a person
at all. A file per day (`2025-09-10.jsonl`, by the real clock, in UTC) in `LEDGER_HEADS_DIR` does. Its first line
names the file before it and that file's SHA-256; each other line is a chain that has moved since the earlier
files: the principal, the number of records and the hash of the last one. Keep copies where whoever can write to
the database can't: what the last file says is only as safe as the file.

After a restore from a backup some heads name records that are gone for good. A line that says of such a head why it is
`lost` is what lets the verification pass again, and stays in the files for whoever asks.
"""

import fcntl
import hashlib
import json
import os
import shutil
import sqlite3
import uuid
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import asdict, dataclass, replace
from datetime import date
from itertools import islice
from pathlib import Path
from typing import IO, TypeVar

from django.conf import settings

from privacy.models import ConsentRecord, ConsentState

PATTERN = "[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9].jsonl"


class HeadsError(Exception):
    """The heads can't be written, or a file of them is not as it was written."""


@dataclass(frozen=True, slots=True)
class Head:
    """How far one chain had come; or, where `lost` says why, that this record of it is known to be gone."""

    principal: str
    length: int
    hash: str
    lost: str = ""

    def __post_init__(self) -> None:
        """Raise ValueError if the principal is none."""
        uuid.UUID(self.principal)


@dataclass(frozen=True, slots=True)
class Link:
    """The file before a file: its name and its SHA-256 in hex; both empty before the first."""

    previous: str
    sha256: str


NO_LINK = Link(previous="", sha256="")
BATCH = 500
Shape = TypeVar("Shape", Head, Link)
Item = TypeVar("Item")


class HeadsFile:
    """One file of heads, read line by line.

    `link` is known once the first line has been read, `sha256` once the last one has.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.link = NO_LINK
        self.sha256 = ""

    def __iter__(self) -> Iterator[Head]:
        """Give the heads in the file. Raises HeadsError at a line that is none."""
        digest, number = hashlib.sha256(), 0
        with self.path.open("rb") as lines:
            for number, line in enumerate(lines, 1):
                digest.update(line)
                if number == 1:
                    self.link = self._read(Link, line, number)
                else:
                    yield self._read(Head, line, number)
        if not number:
            raise HeadsError(f"{self.path.name} is empty")
        self.sha256 = digest.hexdigest()

    def _read(self, shape: type[Shape], line: bytes, number: int) -> Shape:
        try:
            # A line without its end may be the beginning of a longer one.
            return shape(**json.loads(line if line.endswith(b"\n") else b""))
        except (ValueError, TypeError, AttributeError) as error:
            raise HeadsError(f"{self.path.name}, line {number} is not as it was written") from error


def heads_files() -> list[HeadsFile]:
    """Return the files there are, the earliest first."""
    return [HeadsFile(path) for path in sorted(settings.LEDGER_HEADS_DIR.glob(PATTERN))]


def write_heads(day: date) -> int:
    """Write the heads that have moved to the day's file, and return how many they are.

    Run again on the same day, it adds to the file. The file is made aside and put in place whole, so that a full
    disk or a kill leaves either the file there was or the new one. Raises HeadsError or OSError.
    """
    with _file_of(day) as (file, known):
        return _write_moved(file, known)


def write_losses(day: date, reason: str) -> int:
    """Write, into the day's file, that each head whose record is not there is lost, and return how many they are.

    What has been said to be lost is not said again. Raises HeadsError or OSError.
    """
    with _file_of(day) as (file, _known_heads), lost_heads() as known:
        written = 0
        for batch in batches((head for each in heads_files() for head in each if not head.lost), BATCH):
            for head, _found in unsupported(batch):
                if not is_lost(head, known):
                    file.write(_line(replace(head, lost=reason)))
                    written += 1
        return written


def unsupported(heads: list[Head]) -> Iterator[tuple[Head, str | None]]:
    """Yield the heads whose record is not there, or is another one: then with its hash."""
    records = ConsentRecord.objects.filter(
        principal__in={head.principal for head in heads}, sequence__in={head.length for head in heads}
    )
    hashes = {(str(own), number): found for own, number, found in records.values_list("principal", "sequence", "hash")}
    for head in heads:
        found = hashes.get((head.principal, head.length))
        if found != head.hash:
            yield head, found


@contextmanager
def lost_heads() -> Iterator[sqlite3.Connection]:
    """Give the heads that are known to be lost, in a table that is on disk where it would fill the memory."""
    with closing(sqlite3.connect("")) as lost:
        lost.execute(
            "CREATE TABLE lost (principal TEXT, length INTEGER, hash TEXT, PRIMARY KEY (principal, length, hash))"
        )
        # What comes after a line that is none says nothing; whoever reads the files for what is in them meets it.
        with suppress(HeadsError):
            for file in heads_files():
                heads = ((head.principal, head.length, head.hash) for head in file if head.lost)
                lost.executemany("INSERT OR IGNORE INTO lost VALUES (?, ?, ?)", heads)
        yield lost


def is_lost(head: Head, lost: sqlite3.Connection) -> bool:
    """Return whether a head is one of those known to be lost."""
    values = (head.principal, head.length, head.hash)
    return (
        lost.execute("SELECT 1 FROM lost WHERE principal = ? AND length = ? AND hash = ?", values).fetchone()
        is not None
    )


@contextmanager
def _file_of(day: date) -> Iterator[tuple[IO[bytes], sqlite3.Connection]]:
    """Open the day's file to be added to, with the last head of each person known so far."""
    directory: Path = settings.LEDGER_HEADS_DIR
    directory.mkdir(parents=True, exist_ok=True)
    path = directory / f"{day.isoformat()}.jsonl"
    with _locked(directory):
        files = heads_files()
        if files and files[-1].path.name > path.name:
            raise HeadsError(f"{files[-1].path.name} is of a later day than today, {day}: is the clock right?")
        with _known(files) as known, _replacing(path) as file:
            if path.exists():
                with path.open("rb") as there:
                    shutil.copyfileobj(there, file)
            else:
                file.write(_line(_link_to(files)))
            yield file, known


@contextmanager
def _known(files: Iterable[HeadsFile]) -> Iterator[sqlite3.Connection]:
    """Give the last head of each person in the files, in a table that is on disk where it would fill the memory."""
    with closing(sqlite3.connect("")) as known:
        known.execute("CREATE TABLE head (principal TEXT PRIMARY KEY, length INTEGER, hash TEXT) WITHOUT ROWID")
        for file in files:
            # One that is lost is none that was moved from: the chain's present head is written again.
            heads = ((head.principal, None if head.lost else head.length, head.hash) for head in file)
            known.executemany("INSERT OR REPLACE INTO head VALUES (?, ?, ?)", heads)
        yield known


def _write_moved(file: IO[bytes], known: sqlite3.Connection) -> int:
    moved = 0
    states = ConsentState.objects.filter(chain_length__gt=0).order_by("user__principal")
    rows = states.values_list("user__principal", "chain_length", "chain_head")
    for principal, length, head_hash in rows.iterator():
        head = Head(str(principal), length, head_hash)
        last = known.execute("SELECT length, hash FROM head WHERE principal = ?", [head.principal]).fetchone()
        if last != (head.length, head.hash):
            file.write(_line(head))
            moved += 1
    return moved


def _link_to(files: list[HeadsFile]) -> Link:
    """Return the first line of a file that comes after these, which have been read."""
    return Link(previous=files[-1].path.name, sha256=files[-1].sha256) if files else NO_LINK


def _line(values: Head | Link) -> bytes:
    told = {name: value for name, value in asdict(values).items() if name != "lost" or value}
    return json.dumps(told, separators=(",", ":"), ensure_ascii=False).encode() + b"\n"


def batches(items: Iterable[Item], size: int) -> Iterator[list[Item]]:
    """Yield items, so many at a time."""
    rest = iter(items)
    while batch := list(islice(rest, size)):
        yield batch


@contextmanager
def _opened(directory: Path) -> Iterator[int]:
    """Open a directory, for what is done to it rather than to a file in it."""
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


@contextmanager
def _locked(directory: Path) -> Iterator[None]:
    """Let one process at a time write here; the others wait."""
    with _opened(directory) as descriptor:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield


@contextmanager
def _replacing(path: Path) -> Iterator[IO[bytes]]:
    """Open a file that takes the place of `path` once it is complete and on disk, and not before."""
    # Under the lock nobody else writes, so one name is enough, and what a kill leaves there is overwritten.
    aside = path.parent / ".unfinished"
    try:
        with aside.open("wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        aside.replace(path)
    finally:
        aside.unlink(missing_ok=True)
    with _opened(path.parent) as descriptor:
        os.fsync(descriptor)
