"""What is in a started run can't be changed, whatever the code does; and no run goes where it can't."""

import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime

import pytest
from django.core.checks import run_checks
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from accounts.models import User
from tests.factories import MEANWHILE, make_conversation
from tests.training.runs import make_run
from training.models import MOVES, ManifestRow, RunMove, Shard, State, TrainingRun
from training.triggers import TRIGGERS

pytestmark = [pytest.mark.django_db, pytest.mark.whole]


@contextmanager
def refused() -> Iterator[None]:
    with pytest.raises(IntegrityError), transaction.atomic():
        yield


@pytest.fixture
def started(staff: User, allowing: User) -> TrainingRun:
    make_conversation(allowing)
    return make_run(staff, state=State.STARTED)


CHANGES: dict[str, Callable[[TrainingRun], object]] = {
    "a row's count": lambda run: run.rows.update(messages=7),
    "a row's hash": lambda run: run.rows.update(sha256=""),
    "a row's run": lambda run: run.rows.update(
        run=TrainingRun.objects.create(purpose=run.purpose, created_at=MEANWHILE)
    ),
    "a row's end": lambda run: run.rows.all()._raw_delete("default"),
    "a shard's hash": lambda run: run.shards.update(sha256="0" * 64),
    "a shard's end": lambda run: run.shards.all()._raw_delete("default"),
    "another shard": lambda run: Shard.objects.create(run=run, number=9, conversations=0),
    "the purpose": lambda run: TrainingRun.objects.update(purpose="safety_classifiers"),
    "the instant": lambda run: TrainingRun.objects.update(frozen_at=timezone.now()),
    "what was kept out": lambda run: TrainingRun.objects.update(kept_out={"refused": 1}),
    "what was taken out": lambda run: TrainingRun.objects.update(taken_out=9),
    "what stopped it": lambda run: TrainingRun.objects.update(problem="Nothing."),
    "the end of its files": lambda run: TrainingRun.objects.update(destroyed_at=timezone.now()),
    "the run's id": lambda run: TrainingRun.objects.update(id=uuid.uuid4()),
    "a row's conversation": lambda run: run.rows.update(conversation=uuid.uuid4()),
    "a shard's run": lambda run: run.shards.update(
        run=TrainingRun.objects.create(purpose=run.purpose, created_at=MEANWHILE)
    ),
    "the run's end": lambda run: TrainingRun.objects.all()._raw_delete("default"),
    "a move's reason": lambda run: RunMove.objects.update(reason="Another."),
    "a move's end": lambda run: RunMove.objects.all()._raw_delete("default"),
}


@pytest.mark.parametrize("name", CHANGES)
def test_nothing_in_a_started_run_changes(started: TrainingRun, name: str) -> None:
    with refused():
        CHANGES[name](started)


def test_no_row_is_added_after_the_freeze(staff: User, allowing: User) -> None:
    make_conversation(allowing)
    row = make_run(staff).rows.get()
    row.pk, row.conversation = None, make_conversation(allowing).pk
    with refused():
        row.save(force_insert=True)


@pytest.mark.parametrize("name", ["a row's run", "a row's conversation", "a row's last message", "a shard's run"])
def test_row_does_not_become_another_one_after_the_freeze(staff: User, allowing: User, name: str) -> None:
    """That would be adding one (rule E1: nothing is added or put back)."""
    make_conversation(allowing)
    run = make_run(staff)
    changes = CHANGES | {"a row's last message": lambda run: run.rows.update(last_message=10**9)}
    with refused():
        changes[name](run)


@pytest.mark.parametrize("destroyed_at", [None, MEANWHILE])
def test_that_files_were_destroyed_is_said_once(staff: User, allowing: User, destroyed_at: datetime | None) -> None:
    run = make_run(staff, state=State.FINISHED)
    runs = TrainingRun.objects.filter(pk=run.pk)
    runs.update(destroyed_at=timezone.now())
    with refused():
        runs.update(destroyed_at=destroyed_at)


@pytest.mark.postgresql
@pytest.mark.parametrize(
    "table",
    [
        *("training_manifestrow", "training_shard", "training_trainingrun", "training_runmove"),
        *("privacy_consentrecord", "privacy_policyupdate"),
    ],
)
def test_truncate_is_refused_whatever_it_begins_with(started: TrainingRun, table: str) -> None:
    connection.check_constraints()
    with refused(), connection.cursor() as cursor:
        cursor.execute(f"TRUNCATE {table} CASCADE")


@pytest.mark.sqlite
@pytest.mark.parametrize("table", ["training_manifestrow", "training_shard", "training_trainingrun"])
def test_replace_by_an_update_overwrites_nothing(started: TrainingRun, staff: User, table: str) -> None:
    """OR REPLACE deletes what has the new key without a DELETE trigger."""
    make_run(staff)
    with refused(), connection.cursor() as cursor:
        cursor.execute(
            f"UPDATE OR REPLACE {table} SET id = (SELECT id FROM {table} ORDER BY rowid LIMIT 1)"
            f" WHERE rowid = (SELECT rowid FROM {table} ORDER BY rowid DESC LIMIT 1)"
        )


@pytest.mark.sqlite
def test_replace_by_rowid_overwrites_no_run(started: TrainingRun) -> None:
    columns = [str(field.column) for field in TrainingRun._meta.local_fields]
    values = ["'0123'" if column == "id" else column for column in columns]
    with refused(), connection.cursor() as cursor:
        cursor.execute(
            f"INSERT OR REPLACE INTO training_trainingrun (rowid, {', '.join(columns)})"
            f" SELECT rowid, {', '.join(values)} FROM training_trainingrun"
        )
    with refused(), connection.cursor() as cursor:
        TrainingRun.objects.create(purpose=started.purpose, created_at=MEANWHILE)
        cursor.execute("UPDATE OR REPLACE training_trainingrun SET rowid = 1 WHERE rowid = 2")


@pytest.mark.sqlite
@pytest.mark.parametrize(
    "table", ["training_manifestrow", "training_shard", "training_trainingrun", "training_runmove"]
)
def test_replace_overwrites_nothing(started: TrainingRun, table: str) -> None:
    with refused(), connection.cursor() as cursor:
        cursor.execute(f"INSERT OR REPLACE INTO {table} SELECT * FROM {table}")


@pytest.mark.parametrize("before", State)
@pytest.mark.parametrize("after", State)
def test_state_goes_only_where_it_can(staff: User, allowing: User, before: State, after: State) -> None:
    make_conversation(allowing)
    run = make_run(staff, state=before)
    values = {"state": after, "frozen_at": run.frozen_at or MEANWHILE, "filed_at": run.filed_at or MEANWHILE}
    moved = TrainingRun.objects.filter(pk=run.pk)
    if after in MOVES[before]:
        moved.update(**values)
        assert moved.get().state == after
    elif after != before:
        with refused():
            moved.update(**values)


def test_files_of_a_finished_run_can_be_noted_as_destroyed(staff: User, allowing: User) -> None:
    run = make_run(staff, state=State.FINISHED)
    TrainingRun.objects.filter(pk=run.pk).update(destroyed_at=timezone.now())


def test_check_names_each_dropped_trigger(db: None) -> None:
    assert TRIGGERS.missing(connection) == []
    expected = TRIGGERS.expected(connection)
    assert len(expected) >= 10
    with connection.cursor() as cursor:
        for trigger in expected.values():
            on = "" if connection.vendor == "sqlite" else f" ON {trigger.table}"
            cursor.execute(f"DROP TRIGGER {trigger.name}{on}")
    errors = [error.msg for error in run_checks(databases=["default"]) if error.id == "training.E001"]
    assert [message.split("trigger ")[1].split(":")[0] for message in errors] == sorted(expected)
    TRIGGERS.install(connection)
    assert TRIGGERS.missing(connection) == []


def test_models_that_are_protected_are_all_there_are_in_a_run() -> None:
    assert {model._meta.db_table for model in (ManifestRow, Shard, RunMove, TrainingRun)} == set(TRIGGERS.tables)
