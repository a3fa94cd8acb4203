"""Plain functions that make runs, through the same actions as the site, and read what is in them."""

from datetime import datetime, timedelta
from typing import Any

import pyarrow.parquet as pq

from accounts.models import User
from conversations.models import Conversation
from tests.factories import MEANWHILE
from training import actions, filing, store
from training.models import Purpose, State, TrainingRun

# When runs are made, where nothing else is said: a day after people have answered.
LATER = MEANWHILE + timedelta(days=1)


def make_run(staff: User, *, state: State = State.PREPARED, at: datetime = LATER) -> TrainingRun:
    """Make a run and move it on to a state, with its files."""
    run = actions.create_run(staff, Purpose.MODEL_IMPROVEMENT, at=at)
    if state is State.CANCELLED:
        actions.cancel_run(run, staff, at=at)
    elif state is not State.DRAFT:
        actions.prepare_run(run, staff, at=at)
        filing.write_files(run)
    if state in {State.STARTED, State.FINISHED}:
        start(run, staff, at=at)
    if state is State.FINISHED:
        actions.finish_run(run, staff, at=at)
    run.refresh_from_db()
    return run


def start(run: TrainingRun, staff: User, *, at: datetime = LATER) -> None:
    """Start a run."""
    run.refresh_from_db()
    actions.start_run(run, staff, at=lambda: at)
    run.refresh_from_db()


def held(run: TrainingRun) -> set[Conversation]:
    """Return the conversations that the manifest names and that are still there."""
    return set(Conversation.objects.filter(pk__in=run.rows.values("conversation")))


def exported(run: TrainingRun) -> list[dict[str, Any]]:
    """Return all that is in the files of a run."""
    tables = [pq.read_table(store.path_of(shard)) for shard in run.shards.order_by("number")]
    return [value for table in tables for value in table.to_pylist()]


def texts(run: TrainingRun) -> list[str]:
    """Return the texts in the files of a run, in the alphabet's order."""
    return sorted(message["text"] for value in exported(run) for message in value["messages"])


def files(run: TrainingRun) -> dict[str, bytes]:
    """Return the files of a run, by name."""
    return {name: store.read(f"{store.folder_of(run)}/{name}") for name in sorted(store.names_in(run))}
