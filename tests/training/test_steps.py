"""Steps that take long: who is at one gives signs of life, is left alone meanwhile, and stops where it was given up."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
from celery import Task
from django.conf import settings
from django.db import connection

from accounts import clock
from accounts.models import User
from tests.conftest import MoveClock
from tests.factories import SECOND, make_conversation
from tests.training.runs import LATER, make_run
from training import manifest, steps, store, tasks
from training.models import Doing, State, Step, TrainingRun
from training.verification import differences

pytestmark = pytest.mark.django_db
MINUTES = timedelta(minutes=1)
INTERRUPTED = 15 * MINUTES


@pytest.fixture(autouse=True)
def _later(moved_to: MoveClock) -> None:
    moved_to(LATER)


@pytest.fixture
def run(staff: User, allowing: User, monkeypatch: pytest.MonkeyPatch) -> TrainingRun:
    """Return a prepared run of three files, each of which the start has to write again."""
    monkeypatch.setattr(manifest, "SHARD_SIZE", 1)
    for number in range(3):
        make_conversation(allowing, f"number {number}")
    run = make_run(staff)
    for shard in run.shards.all():
        store.discard(store.path_of(shard))
    return run


@contextmanager
def whenever_a_file_is_written(do: Callable[[], object]) -> Iterator[None]:
    """Do something before it is written down of a file that it is there."""

    def around(execute: Callable[..., Any], sql: str, *rest: Any) -> Any:
        if sql.startswith('UPDATE "training_shard"') and '"masked"' in sql:
            do()
        return execute(sql, *rest)

    with connection.execute_wrapper(around):
        yield


def test_start_that_takes_long_is_under_way_all_along(run: TrainingRun, staff: User, moved_to: MoveClock) -> None:
    step = steps.ask_for(run, Doing.START, staff, at=LATER)
    seen = []

    def ten_minutes() -> None:
        moved_to(clock.now() + 10 * MINUTES)
        seen.append(Step.objects.get().is_under_way(clock.now()))
        with pytest.raises(steps.UnderWay):
            steps.ask_for(run, Doing.START, staff, at=clock.now())
        with pytest.raises(steps.StillMoving):
            steps.take(step.pk)

    with whenever_a_file_is_written(ten_minutes):
        tasks.take_step.delay(step.pk)

    step.refresh_from_db()
    run.refresh_from_db()
    assert seen == [True, True, True]
    assert (step.problem, run.state, bool(step.finished_at)) == ("", State.STARTED, True)


@pytest.mark.parametrize("doing", [Doing.START, Doing.VERIFY])
def test_step_of_another_worker_is_left_alone_until_that_one_is_silent(
    run: TrainingRun, staff: User, moved_to: MoveClock, doing: Doing
) -> None:
    step = steps.ask_for(run, doing, staff, at=LATER)
    Step.objects.update(taken_at=LATER, moved_at=LATER + 10 * MINUTES)
    before = Step.objects.get()

    moved_to(LATER + 10 * MINUTES + INTERRUPTED - SECOND)
    with pytest.raises(steps.StillMoving):
        steps.take(step.pk)
    assert Step.objects.values().get() == {name: getattr(before, name) for name in Step.objects.values().get()}

    moved_to(LATER + 10 * MINUTES + INTERRUPTED)
    taken = steps.take(step.pk)
    assert taken is not None
    assert taken.taken_at == LATER + 10 * MINUTES + INTERRUPTED
    assert Step.objects.get().finished_at
    assert steps.take(step.pk) is None


def test_step_that_was_asked_for_a_moment_ago_is_taken_at_once(run: TrainingRun, staff: User) -> None:
    step = steps.ask_for(run, Doing.START, staff, at=LATER)
    assert steps.take(step.pk) is not None
    assert TrainingRun.objects.get().state == State.STARTED


def test_task_of_a_step_that_still_moves_looks_again_before_it_is_given_to_one_more(
    run: TrainingRun, staff: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    step = steps.ask_for(run, Doing.START, staff, at=LATER)
    Step.objects.update(taken_at=LATER)
    tasks.take_step.delay(step.pk)  # In process it is left at that.
    sent = []

    def send(_task: object, arguments: tuple[int], countdown: float) -> None:
        sent.append((arguments, timedelta(seconds=countdown)))

    monkeypatch.setattr(Task, "apply_async", send)
    tasks.take_step(step.pk)

    [(arguments, countdown)] = sent
    assert arguments == (step.pk,)
    assert SECOND < countdown < timedelta(seconds=settings.CELERY_BROKER_TRANSPORT_OPTIONS["visibility_timeout"])
    assert Step.objects.get().finished_at is None


@pytest.mark.parametrize("by", ["another worker", "who asks again"])
def test_worker_whose_step_was_given_up_stops(run: TrainingRun, staff: User, moved_to: MoveClock, by: str) -> None:
    """It was silent for too long, and comes to itself while another is at it."""
    step = steps.ask_for(run, Doing.START, staff, at=LATER)

    def give_up() -> None:
        moved_to(clock.now() + INTERRUPTED)
        if by == "another worker":
            Step.objects.filter(pk=step.pk).update(taken_at=clock.now(), moved_at=clock.now())
        elif not Step.objects.exclude(pk=step.pk).exists():
            steps.ask_for(run, Doing.START, staff, at=clock.now())

    with whenever_a_file_is_written(give_up):
        assert steps.take(step.pk) is None

    run.refresh_from_db()
    assert run.state == State.PREPARED
    assert run.problem == ""
    left = Step.objects.get(finished_at=None)
    moved_to(clock.now() + INTERRUPTED)
    steps.take(left.pk)
    run.refresh_from_db()
    assert run.state == State.STARTED
    assert list(differences(run)) == []
