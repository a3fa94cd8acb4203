"""What the figures of the roll-out page are, counted slowly: every person and every record is read for every figure.

It shares no code with the product but the rule of the gate, which has an oracle of its own.
"""

import itertools
from datetime import UTC, datetime, timedelta
from typing import Any

from accounts.models import User
from privacy.models import ConsentRecord, PolicyUpdate
from privacy.standing import standing_of

ENDS = [timedelta(minutes=1), timedelta(minutes=10), timedelta(hours=1)]
ENDS += [timedelta(days=days) for days in (1, 3, 7, 14)]


class Seen:
    """One person in scope, and their records of one update in order."""

    def __init__(self, user: User, version: str) -> None:
        self.user = user
        records = ConsentRecord.objects.filter(principal=user.principal, update_id=version).order_by("sequence")
        self.shown = [record for record in records if record.kind == "shown"]
        self.deferred = [record for record in records if record.kind == "deferred"]
        self.answers = [record for record in records if record.kind.startswith("training_")]

    @property
    def is_answered(self) -> bool:
        return self.answers != []

    def says(self, value: str) -> bool:
        return self.is_answered and self.answers[-1].new_value == value

    def said_first(self, value: str, surface: str = "") -> bool:
        return self.is_answered and self.answers[0].new_value == value and surface in {"", self.answers[0].surface}

    @property
    def speed(self) -> int:
        if not self.shown or self.shown[0].occurred_at > self.answers[0].occurred_at:
            return 8
        taken = self.answers[0].occurred_at - self.shown[0].occurred_at
        return sum(taken >= end for end in ENDS)

    def changes(self, to: str) -> int:
        values = [record.new_value for record in self.answers]
        return sum(before != after == to for before, after in itertools.pairwise(values))


def slowly(update: PolicyUpdate, at: datetime) -> dict[str, Any]:
    """Return every figure of an update at an instant, the forecast aside."""
    scope = [
        user
        for user in User.objects.all()
        if not user.is_persona and user.is_active and user.closed_at is None and user.plan in {"free", "pro", "max"}
    ]
    people = [Seen(user, update.version) for user in scope]
    standings = [standing_of(user, at) for user in scope]
    at_deadline = [standing_of(user, max(at, update.deadline)) for user in scope]
    asked = PolicyUpdate.objects.filter(published_at__isnull=False, is_material=True, announced_at__lte=at)
    latest = max(asked, key=lambda found: (found.announced_at, found.version), default=None)
    is_asked = latest is not None and latest.version == update.version
    return {
        "is_asked": is_asked,
        "everyone": split(people),
        "deferred": sum(bool(one.deferred) for one in people),
        "deferred_now": sum(found.is_deferred and not found.has_answered for found in standings) if is_asked else 0,
        "repeats": {
            **{times: sum(len(one.deferred) == times for one in people) for times in (1, 2, 3)},
            4: sum(len(one.deferred) >= 4 for one in people),
        },
        "by_plan": {plan: split([one for one in people if one.user.plan == plan]) for plan in plans(scope)},
        "by_language": {
            language: split([one for one in people if one.user.language == language]) for language in languages(scope)
        },
        "by_surface": {
            surface: [sum(one.said_first(value, surface) for one in people) for value in ("allow", "refuse")]
            for surface in ("sign_up", "pop_up", "gate", "settings", "api")
        },
        "days": by_day(people),
        "speeds": {number: sum(one.is_answered and one.speed == number for one in people) for number in range(9)},
        "changed": sum(bool(one.changes("allow") + one.changes("refuse")) for one in people),
        "withdrawals": sum(one.changes("refuse") for one in people),
        "returns": sum(one.changes("allow") for one in people),
        "at_sign_up": sum(found.gate == "sign_up" for found in standings) if is_asked else 0,
        "at_gate": sum(found.gate == "gate" for found in standings) if is_asked else 0,
        "at_deadline": sum(found.gate is not None for found in at_deadline) if is_asked else 0,
    }


def plans(scope: list[User]) -> list[str]:
    return sorted({user.plan for user in scope})


def languages(scope: list[User]) -> list[str]:
    return sorted({user.language for user in scope})


def split(people: list[Seen]) -> list[int]:
    """Return how many are in scope, were shown it, allow, and refuse."""
    return [
        len(people),
        sum(bool(one.shown) for one in people),
        sum(one.says("allow") for one in people),
        sum(one.says("refuse") for one in people),
    ]


def by_day(people: list[Seen]) -> dict[str, list[int]]:
    days: dict[str, list[int]] = {}
    for one in people:
        if one.is_answered:
            day = one.answers[0].occurred_at.astimezone(UTC).strftime("%Y-%m-%d")
            found = days.setdefault(day, [0, 0])
            found[0 if one.said_first("allow") else 1] += 1
    return days
