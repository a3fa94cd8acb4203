"""Whatever is wrong with a run is found, and named."""

from collections.abc import Callable
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from accounts.models import User
from tests.factories import make_conversation
from tests.training.runs import make_run
from training import store
from training.models import Shard, State, TrainingRun
from training.records import SCHEMA
from training.verification import differences

pytestmark = pytest.mark.django_db


def path_of(run: TrainingRun, name: str = "") -> str:
    return f"{store.folder_of(run)}/{name}" if name else store.path_of(run.shards.get())


def rewrite(run: TrainingRun, change: Callable[[list[dict[str, Any]]], object]) -> None:
    """Change what a shard's file says, with its hash, as someone who owns everything but the rows can."""
    table = pq.read_table(path_of(run)).to_pylist()
    change(table)
    with store.written(path_of(run)) as (file, part), pq.ParquetWriter(file, SCHEMA) as writer:
        writer.write_table(pa.Table.from_pylist(table, schema=SCHEMA))
    store.keep(part, path_of(run))
    Shard.objects.update(sha256=file.sha256, size=file.size)


def swap(values: list[dict[str, Any]]) -> None:
    values[0], values[1] = values[1], values[0]


TAMPERINGS: dict[str, tuple[Callable[[TrainingRun], object], str]] = {
    "file gone": (lambda run: store.discard(path_of(run)), "is missing"),
    "file changed": (lambda run: store.write(path_of(run), b"PAR1"), "is not the file that was written"),
    "row dropped": (lambda run: rewrite(run, lambda values: values.pop()), "is not in the file"),
    "row added": (lambda run: rewrite(run, lambda values: values.append(values[-1])), "more than the manifest"),
    "rows swapped": (lambda run: rewrite(run, swap), "should be"),
    "text changed": (
        lambda run: rewrite(run, lambda values: values[0]["messages"][0].update(text="Another")),
        "is not what was exported",
    ),
    "message dropped": (lambda run: rewrite(run, lambda values: values[0]["messages"].clear()), "0 messages"),
    "manifest row gone": (
        lambda run: run.rows.filter(pk=run.rows.order_by("pk").values("pk")[:1]).delete(),
        "conversations and messages",
    ),
    "card changed": (lambda run: store.write(path_of(run, "card.md"), b"All is well."), "card.md does not say"),
    "card gone": (lambda run: store.discard(path_of(run, "card.json")), "card.json is missing"),
    "stray file": (lambda run: store.write(path_of(run, "more.parquet"), b"PAR1"), "more.parquet is not part"),
    "state moved": (lambda run: TrainingRun.objects.update(state=State.CANCELLED), "last move"),
    "not written": (lambda run: Shard.objects.update(written_at=None, sha256=""), "is not written yet"),
}


@pytest.mark.parametrize("name", TAMPERINGS)
def test_difference_is_named(staff: User, allowing: User, name: str) -> None:
    for number in range(3):
        make_conversation(allowing, f"number {number}")
    run = make_run(staff)
    assert list(differences(run)) == []
    tamper, expected = TAMPERINGS[name]

    tamper(run)

    run.refresh_from_db()
    assert expected in next(differences(run))


def test_files_that_should_be_gone_are_named(staff: User, allowing: User) -> None:
    make_conversation(allowing)
    run = make_run(staff, state=State.CANCELLED)
    store.write(path_of(run, "left.parquet"), b"PAR1")
    assert list(differences(run)) == ["left.parquet is still there."]
