"""What staff can do to a run in the admin. Each act has a page that says what it does; the button there does it."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

from celery import Task
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from kombu.exceptions import OperationalError

from accounts.journal import require_replayed
from accounts.models import User
from conversations.eligibility import Reason
from training import actions, manifest, problems, steps, tasks
from training.models import Doing, State, TrainingRun

Words: TypeAlias = Promise | str

# The reasons of `conversations.eligibility`, as staff read them: there they speak to the owner.
REASONS: dict[str, Words] = {
    Reason.PERSONA: _("test account"),
    Reason.ACCOUNT_DELETED: _("account deleted"),
    Reason.DELETED: _("conversation deleted"),
    Reason.EXPIRED: _("past its retention date"),
    Reason.COMMERCIAL: _("commercial plan"),
    Reason.PRIVATE: _("private"),
    Reason.EXCLUDED: _("excluded by its owner"),
    Reason.NEVER_ANSWERED: _("never answered"),
    Reason.OVERDUE: _("present update not answered by its deadline"),
    Reason.REFUSED: _("refused"),
    Reason.NOT_RESUMED: _("not resumed since it was allowed"),
    Reason.NONE: _("was excluded, deleted or refused meanwhile, and is allowed again"),
}


class Stale(problems.Refusal):
    """The run was moved after the page that was decided on had been made."""

    message = _("This run was moved meanwhile, so nothing was done. This is how it stands now.")


class FilesLeft(problems.Refusal):
    """A run is cancelled, and its files are still there."""

    message = _("The run is cancelled, but its files could not be removed. The purge removes them.")


@dataclass(frozen=True, slots=True)
class Counts:
    """What would happen to how many conversations: `kept` stay or go in, and the others don't, by the first reason."""

    kept: int
    left_out: dict[str, int]

    @property
    def rows(self) -> list[tuple[Words, int]]:
        """Return each reason that keeps something out, in words, with how many."""
        return [(REASONS[reason], count) for reason in Reason if (count := self.left_out.get(reason, 0))]

    @property
    def total(self) -> int:
        """Return how many are left out."""
        return sum(self.left_out.values())


@dataclass(frozen=True, slots=True)
class Act:
    """One thing that can be done to a run from some states; `name` is the last part of its address.

    `do` returns whether it is done; if not, it is under way.
    """

    name: str
    title: Words
    explained: Words
    button: Words
    done: Words
    states: frozenset[State]
    do: Callable[[TrainingRun, User, datetime, str], bool]
    leads_to: State | None = None
    counts: Callable[[TrainingRun, datetime], Counts] | None = None

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


def counts_now(at: datetime) -> Counts:
    """Return what a run that was prepared now would hold, and what not."""
    counts = manifest.count_by_reason(at)
    return Counts(counts.pop(Reason.NONE, 0), counts)


def _counts_to_start(run: TrainingRun, at: datetime) -> Counts:
    counts = Counts(run.rows.count(), manifest.count_to_take_out(run, at))
    return Counts(counts.kept - counts.total, counts.left_out)


def _asks_for(doing: Doing) -> Callable[[TrainingRun, User, datetime, str], bool]:
    """Return what asks for a step, and tells whether it has ended; raises what stopped it."""

    def do(run: TrainingRun, user: User, at: datetime, reason: str) -> bool:
        step = steps.ask_for(run, doing, user, at=at, reason=reason)
        try:
            send(tasks.take_step, step.pk)
        except problems.NoWorker as problem:
            steps.end(step, problems.note_of(problem))
            raise
        step.refresh_from_db()
        return step.finished_at is not None

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
        "prepare",
        _("Prepare the run"),
        _(
            "Preparing freezes the list of conversations as it is at that moment, and then writes the files. Until the"
            " run is started, what is deleted, excluded or refused is taken out again, and nothing is added. A run"
            " that is not started within 30 days cancels itself."
        ),
        _("Prepare"),
        _("The run is prepared."),
        frozenset({State.DRAFT}),
        _asks_for(Doing.PREPARE),
        leads_to=State.PREPARED,
        counts=lambda _run, at: counts_now(at),
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
        frozenset({State.PREPARED}),
        _asks_for(Doing.START),
        leads_to=State.STARTED,
        counts=_counts_to_start,
    ),
    Act(
        "finish",
        _("Finish the run"),
        _("Finishing says that the training is done. The files are destroyed 90 days later."),
        _("Finish"),
        _("The run is finished. Its files are destroyed in 90 days."),
        frozenset({State.STARTED}),
        _finish,
        leads_to=State.FINISHED,
    ),
    Act(
        "cancel",
        _("Cancel the run"),
        _("Cancelling removes the list of conversations and the files. What was done stays on record."),
        _("Cancel the run"),
        _("The run is cancelled, and its files are gone."),
        frozenset({State.DRAFT, State.PREPARED}),
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
        frozenset(State),
        _asks_for(Doing.VERIFY),
    ),
)


def possible_for(run: TrainingRun) -> list[Act]:
    """Return what can be done to a run as it stands."""
    return [act for act in ACTS if act.is_possible(run)]


def is_done_by(act: Act, run: TrainingRun, user: User) -> bool:
    """Return whether the run is where an act leads, and this person has moved it there: their second click."""
    last = run.moves.order_by("pk").last()
    return (
        act.leads_to is not None and last is not None and (last.state, last.moved_by) == (act.leads_to, user.principal)
    )


def check_seen(run: TrainingRun, seen: int) -> None:
    """Raise Stale if the run was moved since a page of it was made."""
    last = run.moves.order_by("pk").last()
    if last is None or last.pk != seen:
        raise Stale
