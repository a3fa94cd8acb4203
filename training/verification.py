"""Reads a run's rows and files again, and says where they differ from each other or from what they rest on."""

from collections.abc import Callable, Iterator
from itertools import pairwise, zip_longest
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from django.db.models import Count, Exists, OuterRef, Sum

from conversations.models import Conversation
from privacy.models import Kind
from training import card, store
from training.models import MOVES, ManifestRow, Shard, State, TrainingRun
from training.records import SCHEMA, hash_of

BATCH = 1000


def differences(run: TrainingRun, *, on_file: Callable[[], object] = lambda: None) -> Iterator[str]:
    """Yield what is wrong with a run, in words for staff: nothing, if all of it is as it should be.

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


def _of_the_moves(run: TrainingRun) -> Iterator[str]:
    moved = [State(state) for state in run.moves.order_by("pk").values_list("state", flat=True)]
    if not moved or moved[-1] != run.state:
        yield f"The run is {run.state}, and its last move was to {moved[-1] if moved else 'nothing'}."
    elif moved[0] != State.DRAFT or any(after not in MOVES[before] for before, after in pairwise(moved)):
        yield f"The run can't have been moved to {', '.join(moved)}."


def _of_what_should_be_gone(run: TrainingRun) -> Iterator[str]:
    for name in sorted(store.names_in(run)):
        yield f"{name} is still there."


def _of_the_records(run: TrainingRun) -> Iterator[str]:
    """Yield the rows that do not rest on a permission."""
    for row in run.rows.exclude(record__kind=Kind.TRAINING_ALLOWED)[:1]:
        yield f"{row.export_id} does not rest on a permission."
    same = Conversation.objects.filter(pk=OuterRef("conversation"), user__principal=OuterRef("record__principal"))
    there = Conversation.objects.filter(pk=OuterRef("conversation"))
    for row in run.rows.filter(Exists(there), ~Exists(same))[:1]:
        yield f"{row.export_id} rests on the permission of someone else."


def _of_the_counts(run: TrainingRun) -> Iterator[str]:
    found = run.rows.order_by().values_list("shard").annotate(rows=Count("pk"), messages=Sum("messages"))
    counted = {number: (rows, messages) for number, rows, messages in found}
    said = {shard.number: (shard.conversations, shard.messages) for shard in run.shards.all()}
    for number in sorted(counted.keys() | said.keys()):
        if said.get(number, (0, 0)) != counted.get(number, (0, 0)):
            yield (
                f"Shard {number} says {said.get(number)} conversations and messages;"
                f" the manifest has {counted.get(number)}."
            )


def _of_a_file(shard: Shard) -> Iterator[str]:
    name, path = store.name_of(shard), store.path_of(shard)
    if shard.written_at is None:
        yield f"{name} is not written yet."
        return
    try:
        sha256 = store.sha256_of(path)
    except FileNotFoundError:
        yield f"{name} is missing."
        return
    if sha256 != shard.sha256:
        yield f"{name} is not the file that was written: its SHA-256 is {sha256}."
        return
    with store.open_file(path) as file:
        try:
            problem = _in_a_file(shard, pq.ParquetFile(file))
        except pa.ArrowException as error:
            problem = f" can't be read: {error}"
    if problem:
        yield f"{name}{problem}"


def _in_a_file(shard: Shard, file: Any) -> str:
    """Return how what is in a file differs from the rows of its shard."""
    if not file.schema_arrow.equals(SCHEMA, check_metadata=True):
        return " has another schema."
    for place, (row, value) in enumerate(zip_longest(_rows(shard), _values(file))):
        problem = _of_a_row(row, value)
        if problem:
            return f", row {place}: {problem}"
    return ""


def _rows(shard: Shard) -> Iterator[ManifestRow]:
    found = ManifestRow.objects.filter(run=shard.run_id, shard=shard.number).order_by("export_id")
    yield from found.iterator(chunk_size=BATCH)


def _values(file: Any) -> Iterator[dict[str, Any]]:
    for batch in file.iter_batches(batch_size=BATCH):
        yield from batch.to_pylist()


def _of_a_row(row: ManifestRow | None, value: dict[str, Any] | None) -> str:
    if row is None or value is None:
        return "the file has more than the manifest." if row is None else f"{row.export_id} is not in the file."
    if value["id"] != str(row.export_id):
        return f"{value['id']} is where {row.export_id} should be."
    if len(value["messages"]) != row.messages:
        return f"{row.export_id} has {len(value['messages'])} messages; the manifest says {row.messages}."
    if hash_of(value) != row.sha256:
        return f"{row.export_id} is not what was exported."
    return ""


def _of_the_card(run: TrainingRun) -> Iterator[str]:
    expected = card.files_of(card.card_of(run))
    for name, content in expected.items():
        try:
            if store.read(f"{store.folder_of(run)}/{name}") != content:
                yield f"{name} does not say what is in the run."
        except FileNotFoundError:
            yield f"{name} is missing."
    strays = store.names_in(run) - {*expected, *map(store.name_of, run.shards.all())}
    for name in sorted(strays):
        yield f"{name} is not part of the run."
