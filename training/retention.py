"""The dates that runs have (rule E1): the purge keeps them, and its check looks at them too."""

import logging
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from django.db.models import Q, QuerySet

from accounts import clock
from conversations.purge import Target
from training import store
from training.actions import cancel_run, destroy_files
from training.models import State, TrainingRun
from training.problems import WrongState

logger = logging.getLogger(__name__)


# The states in which a run has files, until they are destroyed.
HAVE_FILES = (State.PREPARED, State.STARTED, State.FINISHED)


def forgotten(at: datetime) -> QuerySet[TrainingRun]:
    """Return the runs that were prepared and not started in time."""
    return TrainingRun.objects.overdue(State.PREPARED, at)


def with_files_to_destroy(at: datetime) -> QuerySet[TrainingRun]:
    """Return the runs whose files have to go: those of a finished training, and of a run that was cancelled."""
    finished = TrainingRun.objects.overdue(State.FINISHED, at).values("pk")
    return TrainingRun.objects.filter(Q(pk__in=finished) | Q(state=State.CANCELLED), destroyed_at__isnull=True)


def take_forgotten(due: QuerySet[Any]) -> Iterator[int]:
    """Cancel runs."""
    for run in list(due):
        try:
            cancel_run(run, None, at=clock.now())
        except WrongState:
            continue  # Started or cancelled a moment ago.
        yield 1


def take_files(due: QuerySet[Any]) -> Iterator[int]:
    """Destroy the files of runs, and those that belong to no run: what a restored database does not know of."""
    for run in list(due):
        destroy_files(run)
        yield 1
    for key in store.runs_with_files():
        # Looked at after its folder: a run is prepared first, and written then.
        if not TrainingRun.objects.filter(pk=key, state__in=HAVE_FILES, destroyed_at__isnull=True).exists():
            logger.warning("There is no run %s any more that has files: they are destroyed.", key)
            store.destroy(TrainingRun(pk=key))
            yield 1


TARGETS = (
    Target("forgotten training runs", forgotten, take_forgotten),
    Target("files of training runs", with_files_to_destroy, take_files),
)
