"""Where each person belongs on the roll-out page, told from the raw tables: their cells, and what they add to them."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

from accounts.models import CONSUMER_PLANS, User
from privacy.models import (
    CHOICES,
    ConsentRecord,
    ConsentState,
    Kind,
    PolicyUpdate,
    RolloutCell,
    RolloutFigure,
    RolloutPlace,
    Training,
)

# The ends of the buckets of the time to answer. What is longer is in the bucket after the last of them, and an answer
# without a record that the question was shown before it in the one after that.
SPEEDS = (
    timedelta(minutes=1),
    timedelta(minutes=10),
    timedelta(hours=1),
    timedelta(days=1),
    timedelta(days=3),
    timedelta(days=7),
    timedelta(days=14),
)
SLOWEST, UNKNOWN_SPEED = len(SPEEDS), len(SPEEDS) + 1

# One figure of one update, and its key.
CountKey = tuple[str, str, str]


@dataclass(slots=True)
class Placing:
    """Where someone belongs: the dimensions of a cell, and what of a `RolloutPlace` is counted by itself."""

    cell: dict[str, Any]
    place: dict[str, Any] = field(default_factory=dict)

    @property
    def key(self) -> str:
        """Return what tells the cell from every other."""
        return "|".join(str(self.cell.get(name, "")) for name in DIMENSIONS)


DIMENSIONS = (
    *("version", "plan", "language", "joined_after", "last_shown", "answered_version", "terms_version"),
    *("is_shown", "deferrals", "first_answer", "surface", "answer", "has_changed"),
)
# What a place has of its own, with the value it has for who did nothing.
OWN: dict[str, Any] = {"answered_on": None, "speed": None, "deferred_until": None, "withdrawals": 0, "returns": 0}


def hour_of(at: datetime) -> str:
    """Return the key of the hour an instant is in."""
    return f"{at.astimezone(UTC):%Y-%m-%dT%H}"


def speed_of(shown_at: datetime | None, answered_at: datetime) -> int:
    """Return the bucket of the time from being shown the question to answering it. A bucket ends before its end."""
    if shown_at is None or shown_at > answered_at:
        return UNKNOWN_SPEED
    taken = answered_at - shown_at
    return next((number for number, end in enumerate(SPEEDS) if taken < end), SLOWEST)


def placings_of(
    user: User, records: list[ConsentRecord], state: ConsentState | None, updates: list[PolicyUpdate]
) -> dict[str, Placing]:
    """Return where someone belongs, by version, told from the raw rows; nowhere if they are not in scope.

    `records` are all of the person's, in order; `updates` the published material ones, the earliest first.
    """
    if user.is_persona or not user.is_active or user.plan not in CONSUMER_PLANS:
        return {}
    alike = {"plan": user.plan, "language": user.language}
    by_version: dict[str, list[ConsentRecord]] = defaultdict(list)
    for record in records:
        by_version[record.update_id].append(record)
    placings = {version: _towards(version, own, state, alike) for version, own in by_version.items()}
    return {"": _as_a_whole(user, records, updates, alike), **placings}


def _as_a_whole(
    user: User, records: list[ConsentRecord], updates: list[PolicyUpdate], alike: dict[str, Any]
) -> Placing:
    joined = user.joined_at
    after = [update.version for update in updates if joined is not None and joined >= update.announced_at]
    cell = {
        **alike,
        "version": "",
        "joined_after": after[-1] if after else "",
        "last_shown": _last_version(records, {Kind.SHOWN}),
        "answered_version": _last_version(records, CHOICES),
        "terms_version": _last_version(records, {Kind.TERMS_ACCEPTED}),
    }
    return Placing(cell)


def _last_version(records: list[ConsentRecord], kinds: Iterable[str]) -> str:
    return next((record.update_id for record in reversed(records) if record.kind in kinds), "")


def _towards(version: str, records: list[ConsentRecord], state: ConsentState | None, alike: dict[str, Any]) -> Placing:
    """Return where someone belongs towards one update, told from their records of it."""
    shown = [record for record in records if record.kind == Kind.SHOWN]
    answers = [record for record in records if record.kind in CHOICES]
    changes = Counter(later.new_value for earlier, later in pairwise(answers) if earlier.new_value != later.new_value)
    deferrals = sum(record.kind == Kind.DEFERRED for record in records)
    cell: dict[str, Any] = {
        **alike,
        "version": version,
        "is_shown": bool(shown),
        "deferrals": min(deferrals, RolloutCell.MOST_DEFERRALS),
        "has_changed": bool(changes),
    }
    own: dict[str, Any] = {"withdrawals": changes[Training.REFUSE], "returns": changes[Training.ALLOW]}
    if answers:
        first = answers[0]
        cell |= {"first_answer": first.new_value, "surface": first.surface, "answer": answers[-1].new_value}
        own["answered_on"] = first.occurred_at.astimezone(UTC).date()
        own["speed"] = speed_of(shown[0].occurred_at if shown else None, first.occurred_at)
    elif state is not None and state.deferral_update_id == version:
        own["deferred_until"] = state.deferred_until
    return Placing(cell, own)


def counts_of(place: RolloutPlace) -> Counter[CountKey]:
    """Return what a place adds to the figures beside its cell."""
    figure, version = RolloutFigure, place.version
    found: Counter[CountKey] = Counter()
    if place.answered_on is not None:
        allowed = place.cell.first_answer == Training.ALLOW
        found[version, figure.ALLOWED_ON if allowed else figure.REFUSED_ON, f"{place.answered_on}"] = 1
        found[version, figure.SPEED, f"{place.speed}"] = 1
    if place.deferred_until is not None:
        found[version, figure.DEFERRED_IN, hour_of(place.deferred_until)] = 1
    found[version, figure.WITHDRAWALS, ""] = place.withdrawals
    found[version, figure.RETURNS, ""] = place.returns
    return found
