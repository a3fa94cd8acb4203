"""Reads a run's rows and files again, and says where they differ from each other or from what they rest on."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise, zip_longest
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from django.db.models import Count, Exists, OuterRef, Sum
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from conversations.models import Conversation
from privacy.models import Kind
from training import card, store
from training.models import MOVES, ManifestRow, Shard, State, TrainingRun
from training.records import SCHEMA, hash_of

BATCH = 1000


# What is said of each kind of difference. A kind keeps its name for good: rows have it (`training.problems`).
DIFFERENCES: dict[str, Promise | str] = {
    "not_where_moved": _("The state of the run is not that of its last move."),
    "moved_wrong": _("The run can’t have been moved in that order."),
    "still_there": _("%(name)s is still there."),
    "no_permission": _("%(id)s does not rest on a permission."),
    "other_permission": _("%(id)s rests on the permission of someone else."),
    "counts": _("Shard %(shard)s says %(said)s conversations and messages; the manifest has %(found)s."),
    "not_written": _("%(name)s is not written yet."),
    "missing": _("%(name)s is missing."),
    "other_file": _("%(name)s is not the file that was written: its SHA-256 is %(sha256)s."),
    "unreadable": _("%(name)s can’t be read: %(why)s"),
    "other_schema": _("%(name)s has another schema."),
    "more_rows": _("%(name)s, row %(place)s: the file has more than the manifest."),
    "row_missing": _("%(name)s, row %(place)s: %(id)s is not in the file."),
    "other_row": _("%(name)s, row %(place)s: %(found)s is where %(id)s should be."),
    "other_messages": _("%(name)s, row %(place)s: %(id)s has %(found)s messages; the manifest says %(said)s."),
    "other_text": _("%(name)s, row %(place)s: %(id)s is not what was exported."),
    "wrong_card": _("%(name)s does not say what is in the run."),
    "stray": _("%(name)s is not part of the run."),
}


@dataclass(frozen=True, slots=True)
class Difference:
    """Something that is wrong with a run: of which kind, and what its sentence names."""

    kind: str
    values: dict[str, object]

    def __str__(self) -> str:
        return str(DIFFERENCES[self.kind]) % self.values


def differences(run: TrainingRun, *, on_file: Callable[[], object] = lambda: None) -> Iterator[Difference]:
    """Yield what is wrong with a run: nothing, if all of it is as it should be.

    A row of a file is named by the file, its place in it from 0, and its id. Memory stays flat. `on_file` is called
    whenever a file has been read.
    """
    yield from _of_the_moves(run)
    if run.state in {State.DRAFT, State.CANCELLED} or (run.state == State.FINISHED and run.destroyed_at is not None):
        yield from _of_what_should_be_gone(run)
        return
    yield from _of_the_records(run)
    yield from _of_the_counts(run)
    for shard in run.shards.order_by("number"):
        yield from _of_a_file(shard)
        on_file()
    if run.filed_at is not None:
        yield from _of_the_card(run)


def _found(kind: str, **values: object) -> Difference:
    return Difference(kind, values)


def _of_the_moves(run: TrainingRun) -> Iterator[Difference]:
    moved = [State(state) for state in run.moves.order_by("pk").values_list("state", flat=True)]
    if not moved or moved[-1] != run.state:
        yield _found("not_where_moved")
    elif moved[0] != State.DRAFT or any(after not in MOVES[before] for before, after in pairwise(moved)):
        yield _found("moved_wrong")


def _of_what_should_be_gone(run: TrainingRun) -> Iterator[Difference]:
    for name in sorted(store.names_in(run)):
        yield _found("still_there", name=name)


def _of_the_records(run: TrainingRun) -> Iterator[Difference]:
    """Yield the rows that do not rest on a permission."""
    for row in run.rows.exclude(record__kind=Kind.TRAINING_ALLOWED)[:1]:
        yield _found("no_permission", id=str(row.export_id))
    same = Conversation.objects.filter(pk=OuterRef("conversation"), user__principal=OuterRef("record__principal"))
    there = Conversation.objects.filter(pk=OuterRef("conversation"))
    for row in run.rows.filter(Exists(there), ~Exists(same))[:1]:
        yield _found("other_permission", id=str(row.export_id))


def _of_the_counts(run: TrainingRun) -> Iterator[Difference]:
    found = run.rows.order_by().values_list("shard").annotate(rows=Count("pk"), messages=Sum("messages"))
    counted = {number: (rows, messages) for number, rows, messages in found}
    said = {shard.number: (shard.conversations, shard.messages) for shard in run.shards.all()}
    for number in sorted(counted.keys() | said.keys()):
        say, have = said.get(number, (0, 0)), counted.get(number, (0, 0))
        if say != have:
            yield _found("counts", shard=number, said="{}, {}".format(*say), found="{}, {}".format(*have))


def _of_a_file(shard: Shard) -> Iterator[Difference]:
    name, path = store.name_of(shard), store.path_of(shard)
    if shard.written_at is None:
        yield _found("not_written", name=name)
        return
    try:
        sha256 = store.sha256_of(path)
    except FileNotFoundError:
        yield _found("missing", name=name)
        return
    if sha256 != shard.sha256:
        yield _found("other_file", name=name, sha256=sha256)
        return
    with store.open_file(path) as file:
        try:
            difference = _in_a_file(shard, pq.ParquetFile(file))
        except pa.ArrowException as error:
            difference = _found("unreadable", name=name, why=str(error))
    if difference:
        yield difference


def _in_a_file(shard: Shard, file: Any) -> Difference | None:
    """Return how what is in a file differs from the rows of its shard."""
    name = store.name_of(shard)
    if not file.schema_arrow.equals(SCHEMA, check_metadata=True):
        return _found("other_schema", name=name)
    for place, (row, value) in enumerate(zip_longest(_rows(shard), _values(file))):
        difference = _of_a_row(row, value)
        if difference:
            return _found(difference.kind, name=name, place=place, **difference.values)
    return None


def _rows(shard: Shard) -> Iterator[ManifestRow]:
    found = ManifestRow.objects.filter(run=shard.run_id, shard=shard.number).order_by("export_id")
    yield from found.iterator(chunk_size=BATCH)


def _values(file: Any) -> Iterator[dict[str, Any]]:
    for batch in file.iter_batches(batch_size=BATCH):
        yield from batch.to_pylist()


def _of_a_row(row: ManifestRow | None, value: dict[str, Any] | None) -> Difference | None:
    if row is None:
        return _found("more_rows")
    key = str(row.export_id)
    if value is None:
        return _found("row_missing", id=key)
    if value["id"] != key:
        return _found("other_row", id=key, found=value["id"])
    if len(value["messages"]) != row.messages:
        return _found("other_messages", id=key, found=len(value["messages"]), said=row.messages)
    return _found("other_text", id=key) if hash_of(value) != row.sha256 else None


def _of_the_card(run: TrainingRun) -> Iterator[Difference]:
    expected = card.files_of(card.card_of(run))
    for name, content in expected.items():
        try:
            if store.read(f"{store.folder_of(run)}/{name}") != content:
                yield _found("wrong_card", name=name)
        except FileNotFoundError:
            yield _found("missing", name=name)
    strays = store.names_in(run) - {*expected, *map(store.name_of, run.shards.all())}
    for name in sorted(strays):
        yield _found("stray", name=name)
