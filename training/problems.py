"""Why something was not done to a run: told to who asked for it, or written down for staff where nobody waits."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.core.exceptions import PermissionDenied
from django.utils.translation import gettext_lazy as _

from accounts.journal import Behind
from conversations.recognisers import TooSlow
from training.models import FROZEN, TrainingRun
from training.records import Incomplete


class Refusal(Exception):
    """Something was not done to a run. `message` says why, to who asked for it."""

    message = _("That can’t be done.")


class WrongState(Refusal):
    """The run is not where it could be moved from."""

    message = _("The run can’t be moved there from where it is. Someone else may have moved it.")


class Overdue(Refusal):
    """The run waited too long: the next purge cancels it."""

    message = _("The run was not started within 30 days of being prepared, so it cancels itself.")


class Unsettled(Refusal):
    """Something was taken out again and again while the files were written."""

    message = _("Something was taken out of the run while its files were being written. Try again.")


# What stops a step, and is told as such.
PROBLEMS = (Refusal, Behind, PermissionDenied, Incomplete, TooSlow, OSError)


def note_problem(run: TrainingRun, problem: Exception) -> None:
    """Write down, for staff, what keeps files from being written."""
    TrainingRun.objects.filter(pk=run.pk).exclude(state__in=FROZEN).update(problem=in_words(problem))


def forget_problem(run: TrainingRun) -> None:
    """Take back what was written down, where another try begins."""
    TrainingRun.objects.filter(pk=run.pk).exclude(state__in=FROZEN).update(problem="")


@contextmanager
def noting_problems(run: TrainingRun) -> Iterator[None]:
    """Write down what stops the writing of files, and raise it again."""
    try:
        yield
    except (OSError, Incomplete, TooSlow) as problem:
        note_problem(run, problem)
        raise


def in_words(problem: Exception) -> str:
    """Return what stopped something, in words for staff."""
    if isinstance(problem, Refusal | Incomplete | TooSlow):
        return str(problem.message)
    if isinstance(problem, PermissionDenied):
        return str(_("Only staff who may move training runs can do that."))
    if isinstance(problem, Behind):
        return str(_("This database is older than the journal, or the journal is missing. Replay the journal first."))
    return _("The files can’t be written or read: %(why)s.") % {"why": getattr(problem, "strerror", None) or problem}
