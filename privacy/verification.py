"""Verifies the evidence: every notice, every person's chain, where each person stands, and the daily heads.

Memory stays flat: rows are read in the order of the chains, and states and heads are compared in batches.
"""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import IntEnum
from itertools import groupby
from sqlite3 import Connection

from django.db import connection, transaction
from django.db.models import Exists, OuterRef

from privacy.heads import (
    BATCH,
    NO_LINK,
    Head,
    HeadsError,
    HeadsFile,
    Link,
    batches,
    heads_files,
    is_lost,
    lost_heads,
    unsupported,
)
from privacy.ledger import digest
from privacy.models import ConsentRecord, ConsentState, Notice, PolicyUpdate
from privacy.replay import Replay


class Rank(IntEnum):
    """How near a finding is to what was done: a row that was changed comes before what no longer fits it."""

    CONTENT = 1
    CHAIN = 2
    STATE = 3
    HEADS = 4


@dataclass(frozen=True, slots=True)
class Finding:
    """One row, or one line of a heads file, that is not as it was written."""

    rank: Rank
    row: str
    problem: str

    def __str__(self) -> str:
        return f"{self.row}: {self.problem}"


@dataclass(slots=True)
class Report:
    """What was verified, the first row that is broken, and how many findings there are with it.

    Of the heads, those that are `lost` name records known to be gone.
    `last_file` and `last_sha256` are what to compare with a copy of the heads kept elsewhere.
    """

    notices: int = 0
    records: int = 0
    people: int = 0
    heads: int = 0
    lost: int = 0
    findings: int = 0
    first: Finding | None = None
    last_file: str = ""
    last_sha256: str = ""

    def add(self, finding: Finding) -> None:
        """Count a finding, and keep it if none came before it."""
        self.findings += 1
        if self.first is None or finding.rank < self.first.rank:
            self.first = finding


def verify() -> Report:
    """Verify everything, and return what was found."""
    report = Report()
    with snapshot():
        for check in (check_notices, check_chains, check_states_without_records):
            for finding in check(report):
                report.add(finding)
    # Outside: a head may be newer than the snapshot, but never newer than what a query after it sees.
    for finding in check_heads(report):
        report.add(finding)
    return report


@contextmanager
def snapshot() -> Iterator[None]:
    """Show many queries one state of the database, without holding up those who write."""
    if connection.in_atomic_block:
        yield
    elif connection.vendor == "postgresql":
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
            yield
    else:
        # Not `atomic()`, which would take SQLite's one write lock for as long as this reads.
        with connection.cursor() as cursor:
            cursor.execute("BEGIN DEFERRED")
            try:
                yield
            finally:
                cursor.execute("ROLLBACK")


def check_notices(report: Report) -> Iterator[Finding]:
    """Compare every notice with its hash, and with what its own text says it belongs to."""
    for notice in Notice.objects.order_by("pk").iterator():
        report.notices += 1
        head = f"update: {notice.update_id}\nlanguage: {notice.language}\nsurface: {notice.surface}\n"
        if hashlib.sha256(notice.text.encode()).hexdigest() != notice.sha256:
            yield Finding(Rank.CONTENT, f"notice {notice.sha256}", "its text does not match its hash")
        elif not notice.text.startswith(head):
            yield Finding(Rank.CONTENT, f"notice {notice.sha256}", "its columns are not what its text says")


def check_chains(report: Report) -> Iterator[Finding]:
    """Recompute every chain, and compare it with where its person stands."""
    try:
        for chains in batches(_replayed(report), BATCH):
            for chain in chains:
                yield from chain.findings
            yield from _check_states(chains)
    except ValueError as error:
        # A value that is none of its type, which SQLite keeps all the same, can't even be read.
        yield Finding(Rank.CONTENT, _raw_row(report.records), f"it can’t be read: {error}")


@dataclass(frozen=True, slots=True)
class Chain:
    """One person's chain, once it has been read; `findings` is about its records."""

    principal: str
    replay: Replay
    findings: list[Finding]


def _replayed(report: Report) -> Iterator[Chain]:
    """Give every chain, one after the other."""
    updates = PolicyUpdate.objects.in_bulk()
    notices = Notice.objects.filter(
        pk=OuterRef("notice"), update=OuterRef("update"), surface=OuterRef("surface"), language=OuterRef("language")
    )
    records = ConsentRecord.objects.order_by("principal", "sequence").annotate(fits_its_notice=Exists(notices))
    for principal, own in groupby(records.iterator(), key=lambda record: record.principal):
        report.people += 1
        chain = Chain(str(principal), Replay(updates), [])
        for record in own:
            chain.findings.extend(_take(record, chain.replay))
            report.records += 1
        yield chain


def _take(record: ConsentRecord, replay: Replay) -> Iterator[Finding]:
    """Add a record to its chain, and find what is wrong with it."""
    row = f"consent record {record.pk}, number {record.sequence} of {record.principal}"
    if digest(record) != record.hash:
        replay.pass_over(record)
        yield Finding(Rank.CONTENT, row, "its content does not match its hash")
        return
    if problem := replay.break_before(record):
        yield Finding(Rank.CHAIN, row, f"the chain is broken before it: {problem}")
    elif not getattr(record, "fits_its_notice", True):
        yield Finding(Rank.CHAIN, row, "its notice is gone, or is of another update, surface or language")
    replay.take(record)


def _raw_row(place: int) -> str:
    """Return the name of the record at a place, counted from 0 in the order of the chains, without reading it."""
    table = ConsentRecord._meta.db_table
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT id, sequence, principal FROM {table} ORDER BY principal, sequence LIMIT 1 OFFSET %s",  # noqa: S608
            [place],
        )
        record_id, sequence, principal = cursor.fetchone()
    return f"consent record {record_id}, number {sequence} of {principal}"


def _check_states(chains: list[Chain]) -> Iterator[Finding]:
    """Compare the state rows of some people with their records."""
    found = ConsentState.objects.filter(user__principal__in=[chain.principal for chain in chains])
    states = {str(state.user.principal): state for state in found.select_related("user")}
    for chain in chains:
        state = states.get(chain.principal)
        if state is None:
            yield Finding(Rank.STATE, f"consent state of {chain.principal}", "it is gone, though there are records")
        elif problem := chain.replay.difference(state):
            yield Finding(Rank.STATE, f"consent state of {chain.principal}", problem)


def check_states_without_records(_report: Report) -> Iterator[Finding]:
    """Find the states that no record supports."""
    records = ConsentRecord.objects.filter(principal=OuterRef("user__principal"))
    states = ConsentState.objects.filter(~Exists(records)).order_by("user__principal")
    for principal in states.values_list("user__principal", flat=True).iterator():
        yield Finding(Rank.STATE, f"consent state of {principal}", "there are no records")


def check_heads(report: Report) -> Iterator[Finding]:
    """Compare the daily heads with the records, and each file with what the next one says about it."""
    expected = NO_LINK
    with lost_heads() as lost:
        for file in heads_files():
            name = f"heads file {file.path.name}"
            try:
                for heads in batches(file, BATCH):
                    yield from _check_heads(file, heads, lost, report)
            except HeadsError as error:
                yield Finding(Rank.HEADS, name, str(error))
                return
            if file.link != expected:
                yield Finding(
                    Rank.HEADS, name, f"it follows {_name(file.link)}, and before it there is {_name(expected)}"
                )
            expected = Link(previous=file.path.name, sha256=file.sha256)
    report.last_file, report.last_sha256 = expected.previous, expected.sha256


def _name(link: Link) -> str:
    return f"{link.previous} ({link.sha256:.12})" if link.previous else "no file"


def _check_heads(file: HeadsFile, heads: list[Head], lost: Connection, report: Report) -> Iterator[Finding]:
    """Look for the records that some heads name, but for those known to be lost."""
    named = [head for head in heads if not head.lost]
    report.heads += len(named)
    for head, found in unsupported(named):
        if is_lost(head, lost):
            report.lost += 1
            continue
        row = f"consent record number {head.length} of {head.principal}"
        problem = (
            f"it is not there, and {file.path.name} names it"
            if found is None
            else f"it is another one than {file.path.name} names"
        )
        yield Finding(Rank.HEADS, row, problem)
