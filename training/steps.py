"""What staff ask for that takes longer than a request: counting, preparing, starting and verifying a run.

A step is a row, so that a page can say how far it is and what came of it, whoever does it: a worker, or without a
broker the process that was asked. Like every task it can die at any point and be taken again. A step may take hours,
and a broker gives its task to another worker long before: who does it gives signs of life, and is left alone meanwhile.
"""

import logging
from collections.abc import Callable
from datetime import datetime

from django.db import transaction
from django.db.models import F, Q, QuerySet
from django.utils.translation import gettext_lazy

from accounts import clock
from accounts.journal import require_replayed
from accounts.models import INTERRUPTED_AFTER, User
from training import actions, problems
from training.counts import counts_of
from training.models import FROZEN, Doing, State, Step, TrainingRun, before
from training.verification import differences

logger = logging.getLogger(__name__)

# From where each can be asked for.
ASKED_FROM = {
    Doing.COUNT: frozenset({State.DRAFT, State.PREPARED}),
    Doing.PREPARE: before(State.PREPARED),
    Doing.START: before(State.STARTED),
    Doing.VERIFY: frozenset(State),
}


class UnderWay(problems.NotDone):
    """Something that was asked of the run before has not ended yet."""

    message = gettext_lazy("Something is under way for this run already. Wait until it has ended.")


class StillMoving(Exception):
    """Another worker is at a step: it has given a sign of life lately."""


class Overtaken(Exception):
    """A worker was silent for so long that its step was given up, or taken by another."""


def ask_for(run: TrainingRun, doing: Doing, user: User, *, at: datetime, reason: str = "") -> Step:
    """Write down that something is to be done to a run. Raises PermissionDenied, Behind, WrongState or UnderWay.

    The caller sends the task that does it.
    """
    actions.check_mover(user)
    require_replayed()
    with transaction.atomic():
        run = TrainingRun.objects.select_for_update(no_key=True).get(pk=run.pk)
        # Locked, so that no worker takes what is given up here.
        earlier = run.steps.select_for_update().filter(finished_at__isnull=True).first()
        if earlier is not None and earlier.is_under_way(at):
            raise UnderWay
        if run.state not in ASKED_FROM[doing]:
            raise problems.WrongState
        if earlier is not None:
            end(earlier, problems.INTERRUPTED)
        return Step.objects.create(
            run=run, doing=doing, asked_by=user.principal, reason=reason, asked_at=at, moved_at=at
        )


def take(key: int) -> Step | None:
    """Do what was asked for, write down what came of it, and return the step; None if it ended without this worker.

    Raises StillMoving where another worker is at it.
    """
    step = _taken(key)
    if step is None:
        return None
    try:
        problem = DO[Doing(step.doing)](step, User.objects.get(principal=step.asked_by))
    except Overtaken:
        return None
    except problems.PROBLEMS as stopped:
        problem = problems.note_of(stopped)
    except Exception:
        logger.exception("%s stopped.", step)
        problem = problems.BROKEN
    end(step, problem)
    return step


def _taken(key: int) -> Step | None:
    """Take a step, and return it; None if it has ended. Raises StillMoving."""
    unfinished = Step.objects.filter(pk=key, finished_at__isnull=True)
    now = clock.now()
    # A step that nobody has taken has its first sign of life from who asked for it.
    free = unfinished.filter(Q(taken_at__isnull=True) | Q(moved_at__lte=now - INTERRUPTED_AFTER))
    # One statement: of two workers at once only one takes it.
    if free.update(taken_at=now, moved_at=now):
        return Step.objects.select_related("run").get(pk=key)
    if unfinished.exists():
        raise StillMoving
    return None


def _held(step: Step) -> QuerySet[Step]:
    """Return the row of a step, unless it has ended or another worker has taken it since."""
    return Step.objects.filter(pk=step.pk, taken_at=step.taken_at, finished_at__isnull=True)


def move(step: Step, **values: object) -> None:
    """Give a sign of life, and write down how far a step is. Raises Overtaken."""
    if not _held(step).update(moved_at=clock.now(), **values):
        raise Overtaken


def end(step: Step, problem: str = "") -> None:
    """Write down what came of a step (`problem` is a note), unless another worker has, or is at it."""
    _held(step).update(finished_at=clock.now(), problem=problem)


def _count(step: Step, _user: User) -> str:
    move(step, counts=counts_of(step.run, clock.now()).as_json())
    return ""


def _prepare(step: Step, user: User) -> str:
    # Where it is prepared already, the worker that did it has died since. A freeze is a few statements, which can't say
    # how far they are; they end before anyone could ask whether it moves.
    if step.run.state == State.DRAFT:
        actions.prepare_run(step.run, user, at=clock.now(), reason=step.reason)
    return ""


def _start(step: Step, user: User) -> str:
    if step.run.state not in FROZEN:
        actions.start_run(step.run, user, at=clock.now, reason=step.reason, on_batch=lambda _conversations: move(step))
    return ""


def _verify(step: Step, _user: User) -> str:
    """Return the first difference, as a note: what comes after it may follow from it."""
    move(step, done=0, total=step.run.shards.count())
    found = next(differences(step.run, on_file=lambda: move(step, done=F("done") + 1)), None)
    return problems.note(found.kind, found.values) if found else ""


DO: dict[Doing, Callable[[Step, User], str]] = {
    Doing.COUNT: _count,
    Doing.PREPARE: _prepare,
    Doing.START: _start,
    Doing.VERIFY: _verify,
}
