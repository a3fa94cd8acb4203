"""Whatever is wrong with a run is found, and named."""

import uuid
from collections.abc import Callable
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from django.db import connection

from accounts.models import User
from privacy.models import ConsentRecord, Kind, Training
from tests.factories import MEANWHILE, answer_as, make_conversation, make_user
from tests.training.runs import make_run
from training import manifest, problems, store
from training.models import Shard, State, TrainingRun
from training.records import SCHEMA
from training.triggers import TRIGGERS
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


def flip(run: TrainingRun) -> None:
    """Change one bit in the middle of a file."""
    content = bytearray(store.read(path_of(run)))
    content[len(content) // 2] ^= 1
    store.write(path_of(run), bytes(content))


def garble(run: TrainingRun) -> None:
    """Put something else in place of a file, with its hash."""
    store.write(path_of(run), b"PAR1 and nothing more")
    Shard.objects.update(sha256=store.sha256_of(path_of(run)))


def without_triggers(change: Callable[[TrainingRun], object]) -> Callable[[TrainingRun], None]:
    """Return what makes a change as someone does who owns the database."""

    def tamper(run: TrainingRun) -> None:
        with connection.cursor() as cursor:
            for trigger in TRIGGERS.expected(connection).values():
                on = "" if connection.vendor == "sqlite" else f" ON {trigger.table}"
                cursor.execute(f"DROP TRIGGER {trigger.name}{on}")
        change(run)

    return tamper


def lend_permission(run: TrainingRun) -> None:
    """Let a row rest on what somebody else has allowed."""
    bob = make_user("bob@example.com")
    answer_as(bob, Training.ALLOW)
    run.rows.update(record=ConsentRecord.objects.get(principal=bob.principal, kind=Kind.TRAINING_ALLOWED))


def rest_on_a_refusal(run: TrainingRun) -> None:
    """Let a row rest on what its owner has said later."""
    owner = run.rows.all()[0].record.principal
    answer_as(User.objects.get(principal=owner), Training.REFUSE)
    run.rows.update(record=ConsentRecord.objects.get(principal=owner, kind=Kind.TRAINING_WITHDRAWN))


def put_other_columns(run: TrainingRun) -> None:
    """Put a file of other columns in place of one, with its hash."""
    with store.written(path_of(run)) as (file, part):
        pq.write_table(pa.table({"id": ["1"]}), file)
    store.keep(part, path_of(run))
    Shard.objects.update(sha256=file.sha256, size=file.size)


def swap(values: list[dict[str, Any]]) -> None:
    values[0], values[1] = values[1], values[0]


TAMPERINGS: dict[str, tuple[Callable[[TrainingRun], object], str]] = {
    "file gone": (lambda run: store.discard(path_of(run)), "is missing"),
    "bit flipped": (flip, "is not the file that was written"),
    "file garbled with its hash": (garble, "can’t be read"),
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
    "hash of a file": (lambda run: Shard.objects.update(sha256="0" * 64), "is not the file that was written"),
    "hash of a row": (lambda run: run.rows.update(sha256="0" * 64), "is not what was exported"),
    "id in the files": (
        without_triggers(lambda run: run.rows.update(export_id=uuid.uuid4())),
        "is where",
    ),
    "count of messages": (without_triggers(lambda run: run.rows.update(messages=9)), "conversations and messages"),
    "count of a shard": (lambda run: Shard.objects.update(messages=9), "conversations and messages"),
    "refusal": (without_triggers(rest_on_a_refusal), "does not rest on a permission"),
    "other columns": (put_other_columns, "has another schema"),
    "permission of someone else": (without_triggers(lend_permission), "the permission of someone else"),
    "what was kept out": (lambda run: TrainingRun.objects.update(kept_out={"refused": 9}), "card.json does not say"),
    "taken out": (lambda run: TrainingRun.objects.update(taken_out=9), "card.json does not say"),
    "purpose": (lambda run: TrainingRun.objects.update(purpose="safety_classifiers"), "card.json does not say"),
    "frozen": (lambda run: TrainingRun.objects.update(frozen_at=MEANWHILE), "card.json does not say"),
    "move dropped": (
        without_triggers(lambda run: run.moves.filter(state=State.DRAFT)._raw_delete("default")),
        "can’t have been moved",
    ),
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
    found = next(differences(run))
    assert expected in str(found)
    assert problems.in_words(problems.note(found.kind, found.values)) == str(found)


@pytest.mark.parametrize("name", ["bit flipped", "file gone", "hash of a row", "count of messages", "card changed"])
def test_difference_of_a_started_run_is_named(staff: User, allowing: User, name: str) -> None:
    for number in range(3):
        make_conversation(allowing, f"number {number}")
    run = make_run(staff, state=State.STARTED)
    tamper, expected = TAMPERINGS[name]

    without_triggers(tamper)(run) if name != "count of messages" else tamper(run)

    run.refresh_from_db()
    assert expected in str(next(differences(run)))


def test_files_of_two_shards_that_are_swapped_are_named(
    staff: User, allowing: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(manifest, "SHARD_SIZE", 1)
    for number in range(2):
        make_conversation(allowing, f"number {number}")
    run = make_run(staff)
    one, other = (store.path_of(shard) for shard in run.shards.all())
    contents = store.read(one), store.read(other)
    store.write(other, contents[0])
    store.write(one, contents[1])

    found = list(differences(run))

    assert [difference.values["name"] for difference in found] == ["shard-00000.parquet", "shard-00001.parquet"]


def test_started_run_that_says_its_files_are_destroyed_is_named(staff: User, allowing: User) -> None:
    make_conversation(allowing)
    run = make_run(staff, state=State.STARTED)
    without_triggers(lambda run: TrainingRun.objects.update(destroyed_at=MEANWHILE))(run)
    store.destroy(run)

    run.refresh_from_db()
    assert str(next(differences(run))) == "shard-00000.parquet is missing."


def test_files_that_should_be_gone_are_named(staff: User, allowing: User) -> None:
    make_conversation(allowing)
    run = make_run(staff, state=State.CANCELLED)
    store.write(path_of(run, "left.parquet"), b"PAR1")
    assert list(map(str, differences(run))) == ["left.parquet is still there."]
