"""The figures of the roll-out page, read from what has been counted (`privacy.counting`).

They take the same few queries whatever the number of people. What depends on the time is told at the instant asked:
who is gated from the cells, in which everyone alike towards every update is one number; who is inside a deferral
from the hours in which deferrals end, and a look at the hour that is running.
"""

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from accounts.models import User
from privacy.models import (
    ConsentState,
    PolicyUpdate,
    RolloutCell,
    RolloutCount,
    RolloutDue,
    RolloutFigure,
    RolloutPlace,
    RolloutState,
    Surface,
    Training,
)
from privacy.placing import UNKNOWN_SPEED, hour_of
from privacy.standing import Standing, standing_towards

# The forecast looks back so many whole days.
LOOKS_BACK = 7
A_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Split:
    """What people did, in one group of them: on one plan, in one language, or on one surface."""

    value: str
    in_scope: int = 0
    shown: int = 0
    allowed: int = 0
    refused: int = 0

    @property
    def answered(self) -> int:
        """Return how many have answered."""
        return self.allowed + self.refused

    @property
    def undecided(self) -> int:
        """Return how many of those in scope have not."""
        return self.in_scope - self.answered


@dataclass(frozen=True, slots=True)
class Day:
    """The first answers of one day, by UTC."""

    day: date
    allowed: int
    refused: int


@dataclass(frozen=True, slots=True)
class Forecast:
    """Who may still be undecided at the deadline: `share` of the undecided answered on each of the last `days` days."""

    days: int
    share: float
    days_left: float
    undecided: int


@dataclass(frozen=True, slots=True)
class Rollout:
    """The figures of one update at one instant. Nobody is in them who is not in scope now.

    `is_asked` says whether this is the update that is asked now: of another one nobody is undecided, deferred or
    gated any more, and those figures are 0. `repeats` are the people by how often they have said "Not now".
    """

    update: PolicyUpdate
    at: datetime
    is_asked: bool
    everyone: Split
    deferred: int
    deferred_now: int
    repeats: dict[int, int]
    by_plan: list[Split]
    by_language: list[Split]
    by_surface: list[Split]
    days: list[Day]
    speeds: dict[int, int]
    changed: int
    withdrawals: int
    returns: int
    at_sign_up: int
    at_gate: int
    at_deadline: int
    forecast: Forecast | None

    @property
    def gated(self) -> int:
        """Return how many are gated now."""
        return self.at_sign_up + self.at_gate


@dataclass(frozen=True, slots=True)
class Counted:
    """How far the count is: of when it is, whether something is left to count, and whether it is under way."""

    at: datetime | None
    is_complete: bool
    is_under_way: bool


def counted(at: datetime) -> Counted:
    """Return how far the count is: complete at `at`, or at the instant somebody was counted last."""
    state = RolloutState.objects.filter(pk=1).first()
    is_under_way = state is not None and state.counted_up_to is not None
    is_complete = not is_under_way and not RolloutDue.objects.exists()
    last = state.counted_at if state is not None else None
    return Counted(at if is_complete else last, is_complete, is_under_way)


def announced_by(at: datetime, updates: Iterable[PolicyUpdate]) -> tuple[PolicyUpdate, ...]:
    """Return those of some updates that are announced by an instant, in their order."""
    return tuple(update for update in updates if update.announced_at <= at)


def standing_in(cell: RolloutCell, updates: list[PolicyUpdate], at: datetime) -> Standing:
    """Return how whoever is in a cell of everyone stands at an instant: one stands for all of them.

    `updates` are the published material ones, the latest announced first.
    """
    joined = next((update.announced_at for update in updates if update.version == cell.joined_after), None)
    state = ConsentState(answered_update_id=cell.answered_version or None, terms_update_id=cell.terms_version or None)
    return standing_towards(announced_by(at, updates), User(plan=cell.plan, joined_at=joined), state, at)


def material_updates() -> list[PolicyUpdate]:
    """Return the published material updates, the latest announced first, those to come included."""
    return list(PolicyUpdate.objects.filter(published_at__isnull=False).material())


def rollout_of(update: PolicyUpdate, at: datetime) -> Rollout:
    """Return the figures of an update at an instant."""
    updates = material_updates()
    is_asked = [asked.version for asked in announced_by(at, updates)[:1]] == [update.version]
    cells = list(RolloutCell.objects.filter(version__in=["", update.version], people__gt=0))
    whole, own = [cell for cell in cells if not cell.version], [cell for cell in cells if cell.version]
    counts = list(RolloutCount.objects.filter(version=update.version))
    everyone = _split("", whole, own)
    days = _days(counts)
    now = at if is_asked else None
    return Rollout(
        update=update,
        at=at,
        is_asked=is_asked,
        everyone=everyone,
        deferred=_people(own, lambda cell: cell.deferrals > 0),
        deferred_now=_deferred(update.version, counts, at) if is_asked else 0,
        repeats=_by_deferrals(own),
        by_plan=_splits("plan", whole, own),
        by_language=_splits("language", whole, own),
        by_surface=_surfaces(own),
        days=days,
        speeds=_speeds(counts),
        changed=_people(own, lambda cell: cell.has_changed),
        withdrawals=_number(counts, RolloutFigure.WITHDRAWALS),
        returns=_number(counts, RolloutFigure.RETURNS),
        at_sign_up=_gated(whole, updates, now, Surface.SIGN_UP),
        at_gate=_gated(whole, updates, now, Surface.GATE),
        at_deadline=_gated(whole, updates, now and max(at, update.deadline)),
        forecast=_forecast(update, everyone.undecided, days, at) if is_asked else None,
    )


def _people(cells: Iterable[RolloutCell], belongs: Callable[[RolloutCell], bool] = lambda _cell: True) -> int:
    return sum(cell.people for cell in cells if belongs(cell))


def _by_deferrals(own: list[RolloutCell]) -> dict[int, int]:
    found: Counter[int] = Counter()
    for cell in own:
        found[cell.deferrals] += cell.people
    return {number: found[number] for number in range(1, RolloutCell.MOST_DEFERRALS + 1)}


def _split(value: str, whole: list[RolloutCell], own: list[RolloutCell]) -> Split:
    """Return what the people of some cells did: of those of everyone, and those of one update."""
    return Split(
        value,
        in_scope=_people(whole),
        shown=_people(own, lambda cell: cell.is_shown),
        allowed=_people(own, lambda cell: cell.answer == Training.ALLOW),
        refused=_people(own, lambda cell: cell.answer == Training.REFUSE),
    )


def _splits(dimension: str, whole: list[RolloutCell], own: list[RolloutCell]) -> list[Split]:
    """Return what the people of each plan, or of each language, did."""
    by_value: dict[str, tuple[list[RolloutCell], list[RolloutCell]]] = {}
    for cell in whole:
        by_value.setdefault(getattr(cell, dimension), ([], []))[0].append(cell)
    for cell in own:
        by_value[getattr(cell, dimension)][1].append(cell)
    return [_split(value, *cells) for value, cells in sorted(by_value.items())]


def _surfaces(own: list[RolloutCell]) -> list[Split]:
    """Return the first answers by the surface they were given on."""
    found: Counter[tuple[str, str]] = Counter()
    for cell in own:
        found[cell.surface, cell.first_answer] += cell.people
    return [
        Split(surface, allowed=found[surface, Training.ALLOW], refused=found[surface, Training.REFUSE])
        for surface in Surface.values
    ]


def _days(counts: list[RolloutCount]) -> list[Day]:
    """Return the first answers of each day on which there were any."""
    found = {(count.figure, count.key): count.number for count in counts}
    figures = (RolloutFigure.ALLOWED_ON, RolloutFigure.REFUSED_ON)
    days = sorted({key for figure, key in found if figure in figures})
    return [Day(date.fromisoformat(day), *(found.get((figure, day), 0) for figure in figures)) for day in days]


def _speeds(counts: list[RolloutCount]) -> dict[int, int]:
    found = {count.key: count.number for count in counts if count.figure == RolloutFigure.SPEED}
    return {number: found.get(str(number), 0) for number in range(UNKNOWN_SPEED + 1)}


def _number(counts: list[RolloutCount], figure: RolloutFigure) -> int:
    return sum(count.number for count in counts if count.figure == figure)


def _deferred(version: str, counts: list[RolloutCount], at: datetime) -> int:
    """Return how many undecided people are inside a deferral: whole hours from the figures, this one row by row."""
    hour = hour_of(at)
    later = sum(count.number for count in counts if count.figure == RolloutFigure.DEFERRED_IN and count.key > hour)
    next_hour = at.astimezone(UTC).replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)
    return (
        later
        + RolloutPlace.objects.filter(version=version, deferred_until__gt=at, deferred_until__lt=next_hour).count()
    )


def _gated(
    whole: list[RolloutCell], updates: list[PolicyUpdate], at: datetime | None, surface: Surface | None = None
) -> int:
    """Return how many are gated at an instant, on one surface or on any; none if there is no instant."""
    if at is None:
        return 0
    gates = ((cell.people, standing_in(cell, updates, at).gate) for cell in whole)
    return sum(people for people, gate in gates if gate and surface in {None, gate})


def _forecast(update: PolicyUpdate, undecided: int, days: list[Day], at: datetime) -> Forecast | None:
    """Return who may still be undecided at the deadline, if the undecided go on answering as in the last days.

    There is none on the first day, nor once the deadline has come.
    """
    today = at.astimezone(UTC).date()
    looks_back = min(LOOKS_BACK, (today - update.announced_at.astimezone(UTC).date()).days)
    days_left = (update.deadline - at) / A_DAY
    if looks_back < 1 or days_left <= 0:
        return None
    since = today - looks_back * A_DAY
    lately = sum(day.allowed + day.refused for day in days if since <= day.day < today)
    today_only = sum(day.allowed + day.refused for day in days if day.day == today)
    before = undecided + lately + today_only
    share = 1 - (1 - lately / before) ** (1 / looks_back) if before else 0.0
    return Forecast(looks_back, share, days_left, round(undecided * (1 - share) ** days_left))
