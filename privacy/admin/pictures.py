"""The roll-out page as its template takes it: numbers with their links, and the shapes of the pictures.

Each picture is drawn beside the numbers of a table, in shares of the whole; nothing is drawn that is not told.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django.utils.translation import gettext_lazy as _

from accounts.models import Plan, User
from privacy.admin.days import Chart
from privacy.admin.numbers import Link, Number, share
from privacy.figures import Rollout, Split
from privacy.models import RolloutCell, Surface, Training

# By the numbers of the buckets.
SPEED_NAMES = (
    _("under a minute"),
    _("under 10 minutes"),
    _("under an hour"),
    _("under a day"),
    _("under 3 days"),
    _("under 7 days"),
    _("under 14 days"),
    _("14 days or more"),
    _("not shown before"),
)


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a table: what it is about, and its numbers."""

    name: Any
    numbers: tuple[Number, ...]

    @property
    def stacked(self) -> Iterator[tuple[Number, str]]:
        """Yield the answers with where the bar of each begins: allow, refuse, and who is undecided."""
        start = 0.0
        for number in self.numbers[-3:]:
            yield number, f"{start:.2f}"
            start += number.share


class Page:
    """The figures of one update, as the page shows them."""

    def __init__(self, rollout: Rollout, link: Link) -> None:
        self.rollout, self.link = rollout, link
        self.everyone = rollout.everyone

    def _of_scope(self, value: int, **filters: Any) -> Number:
        return Number(value, self.link(**filters), share(value, self.everyone.in_scope))

    @property
    def funnel(self) -> list[Row]:
        """Return the steps from being in scope to being gated, each as a share of who is in scope."""
        rollout = self.rollout
        steps = [
            (_("In scope"), self._of_scope(self.everyone.in_scope, towards=False)),
            (_("Shown the question"), self._of_scope(self.everyone.shown, shown="1")),
            (_("Said “Not now” at least once"), self._of_scope(rollout.deferred, put_off="1")),
            (_("Have answered"), self._of_scope(self.everyone.answered, answered="1")),
        ]
        if rollout.is_asked:
            steps.append((_("Gated now"), self._of_scope(rollout.gated, towards=False, standing="gated")))
        return [Row(name, (number,)) for name, number in steps]

    @property
    def answers(self) -> list[Row]:
        """Return the two answers as they stand, each as a share of who has answered."""
        values = ((Training.ALLOW, self.everyone.allowed), (Training.REFUSE, self.everyone.refused))
        return [
            Row(ANSWERS[value], (Number(number, self.link(answer=value.value), share(number, self.everyone.answered)),))
            for value, number in values
        ]

    @property
    def undecided(self) -> Number:
        """Return who has not answered."""
        return self._of_scope(self.everyone.undecided, towards=False, standing="undecided")

    @property
    def deferred_now(self) -> Number:
        """Return who is inside a deferral."""
        return self._of_scope(self.rollout.deferred_now, deferred="now")

    @property
    def gates(self) -> list[Row]:
        """Return who is gated now, and who would be at the deadline."""
        rollout = self.rollout
        found = (
            (_("At the second step of signing up"), rollout.at_sign_up, "sign_up"),
            (_("At the gate"), rollout.at_gate, "gate"),
            (_("Would be gated if the deadline were now"), rollout.at_deadline, "deadline"),
        )
        return [Row(name, (self._of_scope(number, towards=False, standing=key),)) for name, number, key in found]

    @property
    def by_plan(self) -> list[Row]:
        """Return what people did, by plan."""
        return [self._row(Plan(split.value).label, split, plan=split.value) for split in self.rollout.by_plan]

    @property
    def by_language(self) -> list[Row]:
        """Return what people did, by language."""
        names = dict(User._meta.get_field("language").flatchoices)
        found = self.rollout.by_language
        return [self._row(names.get(split.value, split.value), split, language=split.value) for split in found]

    def _row(self, name: Any, split: Split, **group: str) -> Row:
        silence = {"standing": "undecided"} if self.rollout.is_asked else {"no_answer": self.rollout.update.version}
        numbers = (
            Number(split.in_scope, self.link(towards=False, **group)),
            Number(split.shown, self.link(shown="1", **group)),
            Number(split.allowed, self.link(answer="allow", **group), share(split.allowed, split.in_scope)),
            Number(split.refused, self.link(answer="refuse", **group), share(split.refused, split.in_scope)),
            Number(
                split.undecided,
                self.link(towards=False, **silence, **group),
                share(split.undecided, split.in_scope),
            ),
        )
        return Row(name, numbers)

    @property
    def by_surface(self) -> list[Row]:
        """Return the first answers, by the surface they were given on; bars are shares of all of them."""
        rows = []
        for split in self.rollout.by_surface:
            numbers = [
                Number(
                    value,
                    self.link(first_answer=answer.value, surface=split.value),
                    share(value, self.everyone.answered),
                )
                for answer, value in ((Training.ALLOW, split.allowed), (Training.REFUSE, split.refused))
            ]
            rows.append(Row(Surface(split.value).label, (*numbers, Number(0))))
        return rows

    @property
    def speeds(self) -> list[Row]:
        """Return how long people took to answer."""
        return [
            Row(
                SPEED_NAMES[number],
                (Number(value, self.link(speed=str(number)), share(value, self.everyone.answered)),),
            )
            for number, value in self.rollout.speeds.items()
        ]

    @property
    def repeats(self) -> list[Row]:
        """Return how often people said "Not now"."""
        most = RolloutCell.MOST_DEFERRALS
        return [
            Row(
                _("4 times or more") if times == most else TIMES[times],
                (Number(value, self.link(deferrals=str(times)), share(value, self.rollout.deferred)),),
            )
            for times, value in self.rollout.repeats.items()
        ]

    @property
    def changed(self) -> Number:
        """Return who has changed their mind."""
        return Number(self.rollout.changed, self.link(changed="1"), share(self.rollout.changed, self.everyone.answered))

    @cached_property
    def chart(self) -> Chart | None:
        """Return the chart of the first answers by day; none before there are any."""
        return Chart(self.rollout.update, self.rollout.days, self.link) if self.rollout.days else None

    @property
    def forecast_share(self) -> str:
        """Return the share of the undecided who answer a day, in percent."""
        forecast = self.rollout.forecast
        return f"{100 * forecast.share:.1f}" if forecast else ""

    @property
    def days_left(self) -> int:
        """Return how many whole days are left until the deadline."""
        forecast = self.rollout.forecast
        return int(forecast.days_left) if forecast else 0


ANSWERS = {Training.ALLOW: _("Allow"), Training.REFUSE: _("Refuse")}
TIMES = {1: _("once"), 2: _("twice"), 3: _("3 times")}
