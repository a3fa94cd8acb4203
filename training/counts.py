"""How many conversations would be in a run, and why others would not: counted by a step, and said by pages.

A count goes through every conversation, or every row of a run, however many there are. So no page makes one: it says
what was counted last, and when.
"""

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Self, TypeAlias

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from conversations.eligibility import Reason
from training import manifest
from training.models import State, TrainingRun
from training.problems import WrongState

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


@dataclass(frozen=True, slots=True)
class Counts:
    """What would be in a run as it stood at an instant: `kept` conversations, and the others not, by the first reason.

    Of a draft that is every conversation there is, if it were prepared; of a prepared run what it holds, if it started.
    """

    state: State
    at: datetime
    kept: int
    left_out: dict[str, int]

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> Self:
        """Return what `as_json` has made JSON of."""
        return cls(**value | {"state": State(value["state"]), "at": datetime.fromisoformat(value["at"])})

    def as_json(self) -> dict[str, Any]:
        """Return the same as JSON can hold it."""
        return asdict(self) | {"at": self.at.isoformat()}

    @property
    def rows(self) -> list[tuple[Words, int]]:
        """Return each reason that keeps something out, in words, with how many."""
        return reasons_in_words(self.left_out)


def reasons_in_words(left_out: dict[str, int]) -> list[tuple[Words, int]]:
    """Return the reasons that keep something out, in words and in their order, each with how many."""
    return [(REASONS[reason], count) for reason in Reason if (count := left_out.get(reason, 0))]


def counts_of(run: TrainingRun, at: datetime) -> Counts:
    """Count what would be in a run. Raises WrongState where nothing can be taken out of it any more."""
    if run.state == State.DRAFT:
        left_out = manifest.count_by_reason(at)
        kept = left_out.pop(Reason.NONE, 0)
    elif run.state == State.PREPARED:
        left_out = manifest.count_to_take_out(run, at)
        kept = run.rows.count() - sum(left_out.values())
    else:
        raise WrongState
    return Counts(State(run.state), at, kept, left_out)
