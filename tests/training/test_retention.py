"""The dates of runs: what was prepared and forgotten cancels itself, and files go 90 days after the end."""

import uuid
from contextlib import nullcontext
from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command

from accounts.models import User
from conversations.purge import Unfinished, due_at, purge
from tests.conftest import MoveClock
from tests.factories import SECOND, make_conversation
from tests.training.runs import LATER, files, make_run, start
from training import store
from training.actions import prepare_run, start_run
from training.filing import write_files
from training.models import State, TrainingRun
from training.problems import Overdue
from training.verification import differences

pytestmark = pytest.mark.django_db
AROUND = [(-SECOND, False), (timedelta(), True), (SECOND, True)]


@pytest.mark.parametrize(("offset", "is_past"), AROUND)
def test_prepared_run_cancels_itself_after_30_days(
    staff: User, allowing: User, moved_to: MoveClock, offset: timedelta, *, is_past: bool
) -> None:
    make_conversation(allowing)
    run = make_run(staff)
    at = LATER + timedelta(days=30) + offset
    moved_to(at)

    assert due_at(at)["forgotten training runs"] == int(is_past)
    purge(at)

    run.refresh_from_db()
    assert run.state == (State.CANCELLED if is_past else State.PREPARED)
    assert bool(files(run)) is not is_past
    if is_past:
        move = run.moves.last()
        assert move
        assert move.moved_by is None
        assert move.at == at
    assert list(differences(run)) == []


@pytest.mark.parametrize(("offset", "is_past"), AROUND)
def test_run_that_is_about_to_cancel_itself_is_not_started(
    staff: User, allowing: User, offset: timedelta, *, is_past: bool
) -> None:
    make_conversation(allowing)
    run = make_run(staff)
    before = files(run)
    with pytest.raises(Overdue) if is_past else nullcontext():
        start(run, staff, at=LATER + timedelta(days=30) + offset)
    run.refresh_from_db()
    assert run.state == (State.PREPARED if is_past else State.STARTED)
    assert files(run) == before


def test_run_that_comes_to_its_30_days_while_it_is_starting_is_not_started(staff: User, allowing: User) -> None:
    make_conversation(allowing)
    run = make_run(staff)
    due = LATER + timedelta(days=30)
    instants = iter([due - SECOND, due])
    with pytest.raises(Overdue):
        start_run(run, staff, at=lambda: next(instants))
    run.refresh_from_db()
    assert run.state == State.PREPARED


@pytest.mark.parametrize(("offset", "is_past"), AROUND)
def test_files_are_destroyed_90_days_after_the_end(
    staff: User, allowing: User, moved_to: MoveClock, offset: timedelta, *, is_past: bool
) -> None:
    make_conversation(allowing)
    run = make_run(staff, state=State.FINISHED)
    at = LATER + timedelta(days=90) + offset
    moved_to(at)

    assert due_at(at)["files of training runs"] == int(is_past)
    purge(at)

    run.refresh_from_db()
    assert bool(files(run)) is not is_past
    assert bool(run.destroyed_at) is is_past
    assert run.rows.count() == 1
    assert list(differences(run)) == []
    assert due_at(at)["files of training runs"] == 0


def test_started_run_has_no_date(staff: User, allowing: User) -> None:
    make_conversation(allowing)
    run = make_run(staff, state=State.STARTED)
    purge(LATER + timedelta(days=1000))
    run.refresh_from_db()
    assert run.state == State.STARTED
    assert files(run)


def test_check_of_the_purge_looks_at_runs_too(staff: User, allowing: User, moved_to: MoveClock) -> None:
    make_run(staff, state=State.FINISHED)
    moved_to(LATER + timedelta(days=90))
    with pytest.raises(CommandError, match="1 files of training runs"):
        call_command("purge_expired", check=True)


def test_files_that_can_not_be_removed_keep_no_others(
    staff: User, allowing: User, moved_to: MoveClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_conversation(allowing)
    stuck, *others = [make_run(staff, state=State.FINISHED) for _number in range(3)]
    stray = TrainingRun(pk=uuid.uuid4())
    store.write(f"{store.folder_of(stray)}/shard-00000.parquet", b"of a run that no one knows")
    at = LATER + timedelta(days=90)
    moved_to(at)
    destroy = store.destroy

    def refuse(run: TrainingRun) -> None:
        if run == stuck:
            raise PermissionError(13, "Permission denied")
        destroy(run)

    monkeypatch.setattr(store, "destroy", refuse)
    with pytest.raises(Unfinished):
        purge(at)

    assert files(stuck)
    assert [files(run) for run in (*others, stray)] == [{}, {}, {}]
    assert due_at(at)["files of training runs"] == 1


def test_files_of_runs_that_a_restored_database_does_not_know_are_destroyed(staff: User, allowing: User) -> None:
    make_conversation(allowing)
    kept = [make_run(staff, state=state) for state in (State.PREPARED, State.STARTED, State.FINISHED)]
    before = [files(run) for run in kept]
    unknown, draft = TrainingRun(pk=uuid.uuid4()), make_run(staff, state=State.DRAFT)
    for run in (unknown, draft):
        store.write(f"{store.folder_of(run)}/shard-00000.parquet", b"what a deleted account had written")
    other = Path(settings.TRAINING_FILES) / "README.txt"
    other.write_text("not ours")

    report = purge(LATER)

    assert report.counts == {"files of training runs": 2}
    assert [files(run) for run in (unknown, draft)] == [{}, {}]
    assert [files(run) for run in kept] == before
    assert other.exists()
    # A draft that was prepared after the backup can be prepared again, and keeps its files then.
    draft.refresh_from_db()
    assert draft.destroyed_at is None
    prepare_run(draft, staff, at=LATER)
    write_files(draft)
    whole = files(draft)
    purge(LATER)
    assert files(draft) == whole != {}
