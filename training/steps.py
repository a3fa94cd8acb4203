"""What staff ask for that takes longer than a request: preparing, starting and verifying a run.

A step is a row, so that a page can say how far it is and what came of it, whoever does it: a worker, or without a
broker the process that was asked. Like every task it can die at any point and be taken again.
"""

import logging
from collections.abc import Callable
from datetime import datetime

from django.db import transaction
from django.db.models import F
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts import clock
from accounts.journal import require_replayed
from accounts.models import User
from training import actions, problems
from training.models import FROZEN, Doing, State, Step, TrainingRun
from training.verification import differences

logger = logging.getLogger(__name__)

# From where each can be asked for.
ASKED_FROM = {
    Doing.PREPARE: frozenset({State.DRAFT}),
    Doing.START: frozenset({State.PREPARED}),
    Doing.VERIFY: frozenset(State),
}


class UnderWay(problems.Refusal):
    """Something that was asked of the run before has not ended yet."""

    message = gettext_lazy("Something is under way for this run already. Wait until it has ended.")


def ask_for(run: TrainingRun, doing: Doing, user: User, *, at: datetime, reason: str = "") -> Step:
    """Write down that something is to be done to a run. Raises PermissionDenied, Behind, WrongState or UnderWay.

    The caller sends the task that does it.
    """
    actions.check_mover(user)
    require_replayed()
    with transaction.atomic():
        run = TrainingRun.objects.select_for_update(no_key=True).get(pk=run.pk)
        before = run.steps.filter(finished_at__isnull=True).first()
        if before is not None and before.is_under_way(at):
            raise UnderWay
        if run.state not in ASKED_FROM[doing]:
            raise problems.WrongState
        if before is not None:
            end(before, _("It was interrupted."))
        return Step.objects.create(
            run=run, doing=doing, asked_by=user.principal, reason=reason, asked_at=at, moved_at=at
        )


def take(key: int) -> Step | None:
    """Do what was asked for, write down what came of it, and return the step; None if it had ended already."""
    step = Step.objects.select_related("run").filter(pk=key, finished_at__isnull=True).first()
    if step is None:
        return None
    user = User.objects.get(principal=step.asked_by)
    with translation.override(user.language):
        try:
            problem = DO[Doing(step.doing)](step, user)
        except problems.PROBLEMS as stopped:
            problem = problems.in_words(stopped)
        except Exception:
            logger.exception("%s stopped.", step)
            problem = _("Something went wrong. The log of the server says what.")
    end(step, problem)
    return step


def end(step: Step, problem: str = "") -> None:
    """Write down what came of a step, unless another worker has."""
    unfinished = Step.objects.filter(pk=step.pk, finished_at__isnull=True)
    unfinished.update(finished_at=clock.now(), problem=problem)


def _prepare(step: Step, user: User) -> str:
    # Where it is prepared already, the worker that did it has died since.
    if step.run.state == State.DRAFT:
        actions.prepare_run(step.run, user, at=clock.now(), reason=step.reason)
    return ""


def _start(step: Step, user: User) -> str:
    if step.run.state not in FROZEN:
        actions.start_run(step.run, user, at=clock.now, reason=step.reason)
    return ""


def _verify(step: Step, _user: User) -> str:
    """Return the first difference: what comes after it may follow from it."""
    own = Step.objects.filter(pk=step.pk)
    own.update(done=0, total=step.run.shards.count(), moved_at=clock.now())
    return next(
        differences(step.run, on_file=lambda: own.update(done=F("done") + 1, moved_at=clock.now())),
        "",
    )


DO: dict[Doing, Callable[[Step, User], str]] = {Doing.PREPARE: _prepare, Doing.START: _start, Doing.VERIFY: _verify}
