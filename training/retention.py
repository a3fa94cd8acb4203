"""The dates that runs have (rule E1): the purge keeps them, and its check looks at them too."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet

from accounts import clock
from conversations.purge import Target
from training.actions import cancel_run, destroy_files
from training.models import RunMove, State, TrainingRun
from training.problems import WrongState

# A prepared run that is not started by then cancels itself.
PREPARED_FOR = timedelta(days=30)
# So long after it has finished the files of a run are destroyed.
FINISHED_FOR = timedelta(days=90)


def moved_by(state: State, at: datetime) -> QuerySet[TrainingRun]:
    """Return the runs that are in a state since an instant, or longer."""
    moves = RunMove.objects.filter(run=OuterRef("pk"), state=state, at__lte=at)
    return TrainingRun.objects.filter(Exists(moves), state=state)


def forgotten(at: datetime) -> QuerySet[TrainingRun]:
    """Return the runs that were prepared and not started in time."""
    return moved_by(State.PREPARED, at - PREPARED_FOR)


def with_files_to_destroy(at: datetime) -> QuerySet[TrainingRun]:
    """Return the runs whose files have to go: those of a finished training, and of a run that was cancelled."""
    finished = moved_by(State.FINISHED, at - FINISHED_FOR).values("pk")
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
    """Destroy the files of runs."""
    for run in list(due):
        destroy_files(run)
        yield 1


TARGETS = (
    Target("forgotten training runs", forgotten, take_forgotten),
    Target("files of training runs", with_files_to_destroy, take_files),
)
