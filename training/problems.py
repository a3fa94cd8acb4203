"""Why something was not done to a run: told to who asked for it, or written down for staff where nobody waits."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from django.core.exceptions import PermissionDenied
from django.db.models import Q
from django.utils.functional import Promise
from django.utils.translation import gettext, gettext_noop
from django.utils.translation import gettext_lazy as _

from accounts.journal import Behind
from conversations.recognisers import TooSlow
from training.models import FROZEN, Doing, Step, TrainingRun
from training.records import Incomplete
from training.verification import DIFFERENCES


class NotDone(Exception):
    """Something was not done to a run. `message` says why, to who asked for it."""

    message = _("That can’t be done.")


class WrongState(NotDone):
    """The run is not where it could be moved from."""

    message = _("The run can’t be moved there from where it is. Someone else may have moved it.")


class Overdue(NotDone):
    """The run waited too long: the next purge cancels it."""

    message = _("The run was not started within 30 days of being prepared, so it cancels itself.")


class Unsettled(NotDone):
    """Something was taken out again and again while the files were written."""

    message = _("Something was taken out of the run while its files were being written. Try again.")


class NoWorker(NotDone):
    """The broker is down, so nothing was asked of a worker."""

    message = _("No worker could be reached, so nothing was done. Try again later.")


# What stops a step, and is told as such.
PROBLEMS = (NotDone, Behind, PermissionDenied, Incomplete, TooSlow, OSError)
INTERRUPTED, BROKEN, FILES = "interrupted", "broken", "files"
# What is stored of each of them. A kind keeps its name for good: rows have it.
KINDS: dict[type[Exception], str] = {
    WrongState: "wrong_state",
    Overdue: "overdue",
    Unsettled: "unsettled",
    NoWorker: "no_worker",
    Incomplete: "incomplete",
    TooSlow: "too_slow",
    PermissionDenied: "not_allowed",
    Behind: "behind",
    OSError: FILES,
}
# What is said of each kind, and of each difference that a verification finds.
WORDS: dict[str, Promise | str] = {
    **{KINDS[kind]: kind.message for kind in (WrongState, Overdue, Unsettled, NoWorker, Incomplete, TooSlow)},
    "not_allowed": _("Only staff who may move training runs can do that."),
    "behind": _("This database is older than the journal, or the journal is missing. Replay the journal first."),
    FILES: _("The files can’t be written or read: %(why)s."),
    INTERRUPTED: _("It was interrupted."),
    BROKEN: _("Something went wrong. The log of the server says what."),
    **DIFFERENCES,
}
STOPS = WORDS.keys() - DIFFERENCES.keys()
# The steps with a note of one of them.
STOPPED = Q(problem__in=sorted(STOPS)) | Q(problem__startswith=f"{FILES} ")
# Why, as the system says it: the likely ones have a translation.
WHY = (
    *(gettext_noop("No space left on device"), gettext_noop("Read-only file system"), gettext_noop("Not a directory")),
    *(gettext_noop("Permission denied"), gettext_noop("No such file or directory"), gettext_noop("Input/output error")),
)


def note_problem(run: TrainingRun, problem: Exception) -> None:
    """Write down, for staff, what keeps files from being written."""
    TrainingRun.objects.filter(pk=run.pk).exclude(state__in=FROZEN).update(problem=note_of(problem))


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


def ended_well(step: Step) -> bool:
    """Return whether a step has come to its end: a verification that has found a difference has, too."""
    if step.finished_at is None or not step.problem:
        return step.finished_at is not None
    return step.doing == Doing.VERIFY and step.problem.partition(" ")[0] not in STOPS


# What is stored is a note: who reads it may read another language than whoever it happened to (rule G2).


def note(kind: str, values: Mapping[str, object] | None = None) -> str:
    """Return the note of a kind of problem, or of difference, and of what its sentence is to name."""
    return f"{kind} {json.dumps(values, ensure_ascii=False)}" if values else kind


def note_of(problem: Exception) -> str:
    """Return the note of what stopped something."""
    kind = next((name for known, name in KINDS.items() if isinstance(problem, known)), BROKEN)
    if kind != FILES:
        return note(kind)
    return note(kind, {"why": getattr(problem, "strerror", None) or str(problem) or type(problem).__name__})


def in_words(noted: str) -> str:
    """Return a note in words, in the language of who reads it. An older sentence is returned as it is."""
    kind, _space, values = noted.partition(" ")
    if kind not in WORDS:
        return noted
    named = {name: gettext(value) if name == "why" else value for name, value in json.loads(values or "{}").items()}
    return str(WORDS[kind]) % named
