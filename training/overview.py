"""What the page of a run says: where it stands, what is in it, and who moved it."""

import json
import uuid
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property
from typing import Any

from django.core.paginator import Page, Paginator
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from training import card, problems, store
from training.counts import Counts, Words, reasons_in_words
from training.models import STAYS, Doing, RunMove, Shard, State, Step, TrainingRun

SHARDS_ON_A_PAGE = 100
# The classes of the filter, in words.
CLASSES: dict[str, Words] = {
    "SECRET": _("secrets and keys"),
    "IBAN": _("IBANs"),
    "ID_NUMBER": _("identity numbers"),
    "CARD": _("card numbers"),
    "EMAIL": _("e-mail addresses"),
    "IP": _("IP addresses"),
    "PHONE": _("phone numbers"),
}


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the timeline: a move, and the address of who made it; empty if nobody did, or no longer is."""

    move: RunMove
    email: str


class Overview:
    """One run as staff see it at an instant. It takes as many queries for a thousand files as for one."""

    def __init__(self, run: TrainingRun, *, at: datetime, page: str | None = None) -> None:
        self.run, self.at, self._page = run, at, page

    @cached_property
    def _shards(self) -> list[Shard]:
        """All of them: their numbers are what the page is made of, and a million conversations have a hundred."""
        return list(self.run.shards.order_by("number"))

    @cached_property
    def shards(self) -> Page[Shard]:
        """Return the shards of this page."""
        return Paginator(self._shards, SHARDS_ON_A_PAGE).get_page(self._page)

    # In numbers

    @property
    def conversations(self) -> int:
        """Return how many conversations are in the run."""
        return sum(shard.conversations for shard in self._shards)

    @property
    def messages(self) -> int:
        """Return how many messages are in it."""
        return sum(shard.messages for shard in self._shards)

    @property
    def size(self) -> int:
        """Return how many bytes its files have."""
        return sum(shard.size for shard in self._shards)

    @property
    def files(self) -> int:
        """Return how many files it has."""
        return len(self._shards)

    @property
    def written(self) -> int:
        """Return how many of them are written."""
        return sum(shard.written_at is not None for shard in self._shards)

    @property
    def kept_out(self) -> list[tuple[Words, int]]:
        """Return of how many conversations each reason kept out at the freeze."""
        return reasons_in_words(self.run.kept_out)

    @property
    def masked(self) -> list[tuple[Words, int]]:
        """Return how often something of each class was masked."""
        total: Counter[str] = Counter()
        for shard in self._shards:
            total.update(shard.masked)
        return [(CLASSES.get(kind, kind), count) for kind, count in sorted(total.items())]

    @cached_property
    def card(self) -> dict[str, Any] | None:
        """Return what the card beside the files says; None where there is none that can be read."""
        if self.run.filed_at is None or self.run.destroyed_at is not None:
            return None
        try:
            said = json.loads(store.read(f"{store.folder_of(self.run)}/{card.MACHINES}"))
            for name in ("allowed_first", "allowed_last"):
                said[name] = date.fromisoformat(said[name]) if said[name] else None
        except (OSError, ValueError):
            return None
        return dict(said)

    # What is and was done

    @cached_property
    def _steps(self) -> list[Step]:
        """The last step, and the last verification and the last count that have ended, which may be the same."""
        last = self.run.steps.order_by("-pk")
        ended = last.filter(finished_at__isnull=False)
        return [
            *last[:1],
            *ended.filter(doing=Doing.VERIFY).exclude(problems.STOPPED)[:1],
            *ended.filter(doing=Doing.COUNT, problem="")[:1],
        ]

    @property
    def step(self) -> Step | None:
        """Return what is under way."""
        return next((step for step in self._steps[:1] if step.is_under_way(self.at)), None)

    @property
    def stopped(self) -> Step | None:
        """Return the last thing asked for, if it was stopped and nothing has come of the run since."""
        last = next(iter(self._steps), None)
        if last is None or last.is_under_way(self.at) or problems.ended_well(last):
            return None
        return None if any(move.at > last.asked_at for move in self._moves) else last

    @property
    def problem(self) -> str:
        """Return what keeps files from being written, in words."""
        return problems.in_words(self.run.problem)

    @property
    def stopped_by(self) -> str:
        """Return what stopped the last thing asked for, in words."""
        return problems.in_words(self.stopped.problem or problems.INTERRUPTED) if self.stopped else ""

    @property
    def verification(self) -> Step | None:
        """Return the last verification that has come to its end."""
        ended = (step for step in self._steps if step.doing == Doing.VERIFY and problems.ended_well(step))
        return next(ended, None)

    @property
    def difference(self) -> str:
        """Return the first difference that it found, in words."""
        return problems.in_words(self.verification.problem) if self.verification else ""

    @property
    def verified_by(self) -> str:
        """Return the address of who asked for it."""
        return self._emails.get(self.verification.asked_by, "") if self.verification else ""

    @property
    def _count(self) -> Step | None:
        return next((step for step in self._steps if step.doing == Doing.COUNT and step.counts), None)

    @cached_property
    def counts(self) -> Counts | None:
        """Return what was counted last of the run as it stands; None if nothing was since it was moved there."""
        counts = Counts.from_json(self._count.counts) if self._count else None
        return counts if counts and counts.state == self.run.state else None

    @property
    def counted_by(self) -> str:
        """Return the address of who asked for the count."""
        return self._emails.get(self._count.asked_by, "") if self._count else ""

    @property
    def is_being_written(self) -> bool:
        """Return whether files are missing, and nothing has stopped them from being written."""
        return self.run.state == State.PREPARED and self.run.filed_at is None and not self.run.problem

    @property
    def is_under_way(self) -> bool:
        """Return whether the page will say something else in a moment."""
        return self.step is not None or self.is_being_written

    @cached_property
    def _moves(self) -> list[RunMove]:
        return list(self.run.moves.order_by("pk"))

    @cached_property
    def _emails(self) -> dict[uuid.UUID, str]:
        """Return the addresses of who moved the run or asked for something, where they still have an account."""
        principals = {move.moved_by for move in self._moves if move.moved_by} | {step.asked_by for step in self._steps}
        people = User.objects.filter(principal__in=principals, closed_at__isnull=True)
        return dict(people.values_list("principal", "email"))

    @property
    def stays_until(self) -> datetime | None:
        """Return when a prepared run cancels itself, or a finished one loses its files; None if nothing is due."""
        stays = STAYS.get(State(self.run.state))
        if stays is None or self.run.destroyed_at is not None or not self._moves:
            return None
        return self._moves[-1].at + stays

    @property
    def timeline(self) -> Iterable[Entry]:
        """Return the moves, in order."""
        return [Entry(move, self._emails.get(move.moved_by, "") if move.moved_by else "") for move in self._moves]

    @property
    def last_move(self) -> int:
        """Return the key of the last move: what an act that is decided on now has seen."""
        return self._moves[-1].pk if self._moves else 0
