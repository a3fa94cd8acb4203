"""What staff can do to a run in the admin. Each act has a page that says what it does; the button there does it."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from celery import Task
from django.utils.translation import gettext_lazy as _
from kombu.exceptions import OperationalError

from accounts.journal import require_replayed
from accounts.models import User
from training import actions, problems, steps, tasks
from training.counts import Words
from training.models import Doing, State, TrainingRun, before


class Stale(problems.NotDone):
    """The run was moved after the page that was decided on had been made."""

    message = _("This run was moved meanwhile, so nothing was done. This is how it stands now.")


class FilesLeft(problems.NotDone):
    """A run is cancelled, and its files are still there."""

    message = _("The run is cancelled, and its files are still there. The purge removes what is left of them.")


@dataclass(frozen=True, slots=True)
class Act:
    """One thing that can be done to a run from some states; `name` is the last part of its address.

    `do` returns whether it is done; if not, it is under way, and None says that it was stopped. `says_counts` is
    whether its page says what was counted last.
    """

    name: str
    title: Words
    explained: Words
    button: Words
    done: Words
    states: frozenset[State]
    do: Callable[[TrainingRun, User, datetime, str], bool | None]
    leads_to: State | None = None
    says_counts: bool = False

    @property
    def url_name(self) -> str:
        """Return the name of its address in the admin."""
        return f"training_trainingrun_{self.name}"

    def is_possible(self, run: TrainingRun) -> bool:
        """Return whether it can be done to a run as it stands."""
        if self.name == "write":
            return run.state == State.PREPARED and run.filed_at is None
        return run.state in self.states


def send(task: "Task[..., object]", *arguments: object) -> None:
    """Have a task done. Raises NoWorker."""
    try:
        task.delay(*arguments)
    except OperationalError as error:
        raise problems.NoWorker from error


def _asks_for(doing: Doing) -> Callable[[TrainingRun, User, datetime, str], bool | None]:
    """Return what asks for a step, and tells what came of it; raises what kept it from being asked for."""

    def do(run: TrainingRun, user: User, at: datetime, reason: str) -> bool | None:
        step = steps.ask_for(run, doing, user, at=at, reason=reason)
        try:
            send(tasks.take_step, step.pk)
        except problems.NoWorker as problem:
            steps.end(step, problems.note_of(problem))
            raise
        step.refresh_from_db()
        return False if step.finished_at is None else problems.ended_well(step) or None

    return do


def _write(run: TrainingRun, user: User, at: datetime, reason: str) -> bool:
    actions.check_mover(user)
    require_replayed()
    problems.forget_problem(run)
    send(tasks.write_files, str(run.pk))
    run.refresh_from_db()
    return run.filed_at is not None


def _finish(run: TrainingRun, user: User, at: datetime, reason: str) -> bool:
    actions.finish_run(run, user, at=at, reason=reason)
    return True


def _cancel(run: TrainingRun, user: User, at: datetime, reason: str) -> bool:
    try:
        actions.cancel_run(run, user, at=at, reason=reason)
    except OSError as error:
        raise FilesLeft from error
    return True


ACTS = (
    Act(
        "count",
        _("Count what would be in it"),
        _(
            "A dry run: every conversation is looked at as it is now, and counted by whether it would be in the run"
            " and, if not, by the first reason. Nothing is frozen, written or moved."
        ),
        _("Count"),
        _("The conversations are counted."),
        steps.ASKED_FROM[Doing.COUNT],
        _asks_for(Doing.COUNT),
    ),
    Act(
        "prepare",
        _("Prepare the run"),
        _(
            "Preparing freezes the list of conversations as it is at that moment, and then writes the files. Until the"
            " run is started, what is deleted, excluded or refused is taken out again, and nothing is added. A run"
            " that is not started within 30 days cancels itself."
        ),
        _("Prepare"),
        _("The run is prepared."),
        before(State.PREPARED),
        _asks_for(Doing.PREPARE),
        leads_to=State.PREPARED,
        says_counts=True,
    ),
    Act(
        "write",
        _("Write the missing files"),
        _("Files that are there are left as they are. What is missing is written as the list of conversations says."),
        _("Write the missing files"),
        _("The files are written."),
        frozenset({State.PREPARED}),
        _write,
    ),
    Act(
        "start",
        _("Start the run"),
        _(
            "Starting looks at every conversation again, takes out what may not be used any more, and writes the files"
            " that held it anew. After that nothing in the run can be changed, by anyone: who deletes or refuses later"
            " is in it still."
        ),
        _("Start"),
        _("The run has started. What is in it stays as it is."),
        before(State.STARTED),
        _asks_for(Doing.START),
        leads_to=State.STARTED,
        says_counts=True,
    ),
    Act(
        "finish",
        _("Finish the run"),
        _("Finishing says that the training is done. The files are destroyed 90 days later."),
        _("Finish"),
        _("The run is finished. Its files are destroyed in 90 days."),
        before(State.FINISHED),
        _finish,
        leads_to=State.FINISHED,
    ),
    Act(
        "cancel",
        _("Cancel the run"),
        _("Cancelling removes the list of conversations and the files. What was done stays on record."),
        _("Cancel the run"),
        _("The run is cancelled, and its files are gone."),
        before(State.CANCELLED),
        _cancel,
        leads_to=State.CANCELLED,
    ),
    Act(
        "verify",
        _("Verify the run"),
        _(
            "Every row and every file is read again and compared. The first difference is named on the page of the"
            " run. It takes about as long as reading all of the files."
        ),
        _("Verify"),
        _("The run is verified. What was found stands below."),
        steps.ASKED_FROM[Doing.VERIFY],
        _asks_for(Doing.VERIFY),
    ),
)


def possible_for(run: TrainingRun) -> list[Act]:
    """Return what can be done to a run as it stands."""
    return [act for act in ACTS if act.is_possible(run)]


def is_done_by(act: Act, run: TrainingRun, user: User) -> bool:
    """Return whether the run is where an act leads, and this person has moved it there: their second click.

    Raises FilesLeft if that has not had its whole effect.
    """
    last = run.moves.order_by("pk").last()
    if act.leads_to is None or last is None or (last.state, last.moved_by) != (act.leads_to, user.principal):
        return False
    if act.leads_to == State.CANCELLED and run.destroyed_at is None:
        raise FilesLeft
    return True


def check_seen(run: TrainingRun, seen: int) -> None:
    """Raise Stale if the run was moved since a page of it was made."""
    last = run.moves.order_by("pk").last()
    if last is None or last.pk != seen:
        raise Stale
