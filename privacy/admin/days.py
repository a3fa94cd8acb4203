"""The days of the roll-out page: which of them a column of its chart stands for, and the chart itself.

However long people go on answering, the chart has a bounded number of columns, and every answer is in one of them.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from privacy.admin.numbers import Link, Number
from privacy.figures import Day
from privacy.models import PolicyUpdate

# A column stands for as few days as there is room for: a day, a week, four, a year of weeks, and so on.
MOST_COLUMNS = 60
STEPS = (1, 7, 28, 364, 3640, 72800)
# How long after the last day columns go on; what is later is one more.
GOES_ON = timedelta(days=14)
A_DAY = timedelta(days=1)
# In the chart's own units: a column of each answer, the room of both, the height of columns and of a line of labels,
# and the room of the scale beside them and above.
COLUMN, ROOM, HEIGHT, LINE, SCALE, ABOVE = 9, 24, 150, 18, 64, 12
LABELLED = 7


@dataclass(frozen=True, slots=True)
class Days:
    """Some days, of which `last` is one; all from the first on if there is no last.

    They are spelled as ISO 8601 does: 2025-09-10, 2025-09-08/2025-09-14, 2025-10-13/..
    """

    first: date
    last: date | None

    @classmethod
    def spelled(cls, text: str) -> "Days":
        """Return the days that a text means; anything else is a `ValueError`."""
        first, slash, last = text.partition("/")
        end = date.fromisoformat(last if slash and last != ".." else first)
        return cls(date.fromisoformat(first), None if last == ".." else end)

    def __str__(self) -> str:
        if self.last is None:
            return f"{self.first}/.."
        return f"{self.first}" if self.first == self.last else f"{self.first}/{self.last}"

    def __contains__(self, day: date) -> bool:
        return self.first <= day and (self.last is None or day <= self.last)


def columns_of(start: date, last_day: date, end: date) -> Iterator[Days]:
    """Yield the days of each column, from the start on; one ends with the last day, and the end is in one of them."""
    window = max(last_day, min(end, last_day + GOES_ON))
    step = next(step for step in STEPS if (window - start).days < (MOST_COLUMNS - 1) * step)
    first, last = start, start + (last_day - start) % timedelta(days=step)
    while first <= window:
        yield Days(first, last)
        first, last = last + A_DAY, last + timedelta(days=step)
    if end >= first:
        yield Days(first, None)


@dataclass(frozen=True, slots=True)
class Column:
    """One column of the chart, for each answer: where it stands, and how high it is."""

    days: Days
    x: int
    allowed: Number
    refused: Number
    heights: tuple[str, str]
    tops: tuple[str, str]
    is_labelled: bool
    is_last_day: bool

    @property
    def end(self) -> int:
        """Return where its room ends."""
        return self.x + ROOM - 3

    @property
    def second(self) -> int:
        """Return where the column of the second answer begins."""
        return self.x + COLUMN


class Chart:
    """The first answers by day, from the announcement to the last of them, the last day marked."""

    height, column_width, scale = HEIGHT + ABOVE, COLUMN - 1, SCALE

    def __init__(self, update: PolicyUpdate, answers: list[Day], link: Link) -> None:
        self.update, self.link = update, link
        start = min(update.announced_at.date(), answers[0].day)
        found = []
        for days in columns_of(start, update.last_day, answers[-1].day):
            within = [day for day in answers if day.day in days]
            found.append((days, sum(day.allowed for day in within), sum(day.refused for day in within)))
        self.top = top_of(max(max(allowed, refused) for _days, allowed, refused in found))
        self.columns = [self._column(number, *column) for number, column in enumerate(found)]

    def _column(self, number: int, days: Days, allowed: int, refused: int) -> Column:
        sizes = [HEIGHT * value / self.top for value in (allowed, refused)]
        return Column(
            days=days,
            x=SCALE + 6 + number * ROOM,
            allowed=Number(allowed, self.link(day=str(days), first_answer="allow")),
            refused=Number(refused, self.link(day=str(days), first_answer="refuse")),
            heights=(f"{sizes[0]:.1f}", f"{sizes[1]:.1f}"),
            tops=(f"{self.height - sizes[0]:.1f}", f"{self.height - sizes[1]:.1f}"),
            is_labelled=number % LABELLED == 0 and days.last is not None,
            is_last_day=days.last == self.update.last_day,
        )

    @property
    def width(self) -> int:
        """Return how wide the chart is, the label of its last column included."""
        return SCALE + 6 + len(self.columns) * ROOM + 60

    @property
    def whole_height(self) -> int:
        """Return how high it is with its labels: what is later has a line of its own, where no date is in its way."""
        return self.height + LINE * (2 if self.columns[-1].days.last is None else 1) + 4

    @property
    def ticks(self) -> list[tuple[int, int]]:
        """Return the numbers of the scale, with where their lines are."""
        return [(value, self.height - HEIGHT * value // self.top) for value in (self.top, self.top // 2)]


def top_of(most: int) -> int:
    """Return the number at the top of the scale: a round one that has a half, and at least the highest column."""
    top = 2
    while top < most:
        top = next(round_one for round_one in (top * 2, top * 5 // 2) if str(round_one).rstrip("0") in {"1", "2", "4"})
    return top
