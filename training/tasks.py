"""What is done to runs outside of requests. Each task can die at any point and be run again.

A database that was restored may hold what was deleted: nothing is written from it before the journal is replayed.
"""

import uuid
from contextlib import suppress

from celery import shared_task

from accounts import clock
from accounts.journal import require_replayed
from accounts.models import INTERRUPTED_AFTER
from conversations.purge import one_by_one
from conversations.recognisers import TooSlow
from training import actions, filing, problems, steps, store
from training.models import HOLDS, Doing, State, TrainingRun
from training.records import Incomplete
from training.shards import pending, write_shard

# How soon a task whose step still moves looks again. Sooner than the broker gives it to one more worker.
LOOKS_AGAIN_AFTER = INTERRUPTED_AFTER / 3


@shared_task
def take_out_removed(run_id: str) -> None:
    """Take out of a prepared run what was deleted, excluded or refused just now."""
    filing.take_out_removed(TrainingRun(pk=uuid.UUID(run_id)))


@shared_task
def write_files(run_id: str) -> None:
    """Have each file that is missing written by a task of its own."""
    run = TrainingRun.objects.get(pk=uuid.UUID(run_id))
    for number in pending(run):
        write_file.delay(run_id, number)
    with suppress(OSError), problems.noting_problems(run):
        filing.file_run(run)


@shared_task
def write_file(run_id: str, number: int) -> None:
    """Write one file of a run; the last one makes the run whole. Raises Behind."""
    run = TrainingRun.objects.get(pk=uuid.UUID(run_id))
    with suppress(OSError, Incomplete, TooSlow), problems.noting_problems(run):
        write_shard(run, number)
        filing.file_run(run)


@shared_task
def take_step(key: int) -> None:
    """Do what staff have asked for; the files of a run that was prepared are written next."""
    try:
        step = steps.take(key)
    except steps.StillMoving:
        _look_again(key)
        return
    if step is not None and step.doing == Doing.PREPARE:
        write_files.delay(str(step.run_id))


def _look_again(key: int) -> None:
    """Have a step that another worker is at taken later, where that one has died: its own task may be this one."""
    # Without a broker "later" would be now, and now, and now.
    if not take_step.request.is_eager:
        take_step.apply_async((key,), countdown=LOOKS_AGAIN_AFTER.total_seconds())


@shared_task
def keep_runs() -> None:
    """Keep the prepared runs as they should be: take out what has become ineligible, and write what is missing.

    Drafts whose freeze was killed are drafts again. Raises Behind, and once all others are kept, what hindered one.
    """
    require_replayed()
    actions.give_up_freezes(clock.now())
    runs = TrainingRun.objects.filter(state__in=HOLDS, destroyed_at__isnull=True)
    for _kept in one_by_one(list(runs), _keep, "The run %s could not be kept as it should be."):
        pass


def _keep(run: TrainingRun) -> None:
    store.discard_abandoned(run)
    if run.state == State.PREPARED:
        filing.take_out_ineligible(run, clock.now())
        write_files.delay(str(run.pk))
