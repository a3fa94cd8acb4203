"""The dates that runs have (rule E1): the purge keeps them, and its check looks at them too."""

import logging
import uuid
from collections.abc import Iterator
from datetime import datetime
from itertools import chain
from typing import Any

from django.db.models import Q, QuerySet

from accounts import clock
from conversations.purge import Target, one_by_one
from training import store
from training.actions import cancel_run, destroy_files
from training.models import HOLDS, State, TrainingRun
from training.problems import WrongState

logger = logging.getLogger(__name__)


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
    known = set(due.values_list("pk", flat=True))

    def remove(key: uuid.UUID) -> None:
        # Of a stray nothing is written down: a draft of before a restore can be prepared, and has files then.
        (destroy_files if key in known else store.destroy)(TrainingRun(pk=key))

    yield from one_by_one(chain(known, _strays()), remove, "The files of the run %s could not go.")


def _strays() -> Iterator[uuid.UUID]:
    """Yield the runs that have files and are not known, or not to have any."""
    for key in store.runs_with_files():
        # Looked at after its folder: a run is prepared first, and written then.
        if not TrainingRun.objects.filter(pk=key, state__in=HOLDS, destroyed_at__isnull=True).exists():
            logger.warning("There is no run %s any more that has files: they are destroyed.", key)
            yield key


TARGETS = (
    Target("forgotten training runs", forgotten, take_forgotten),
    Target("files of training runs", with_files_to_destroy, take_files),
)
