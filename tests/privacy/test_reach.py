"""The sets of people that staff are told of are those that `Standing` makes of each."""

import itertools
from datetime import datetime, timedelta
from typing import Any

import pytest

from accounts.models import Plan, User
from privacy.models import ConsentState, PolicyUpdate, Surface, Training
from privacy.publication import move_last_day, raise_rollout
from privacy.reach import Estimate, by_plan, gated, in_scope, newly_shown, undecided
from privacy.standing import Prompt, standing_of
from tests.factories import (
    AFTERWARDS,
    ANNOUNCED,
    DEADLINE,
    LAST_DAY,
    LONG_BEFORE,
    MEANWHILE,
    SECOND,
    answer_as,
    defer_as,
    make_update,
    make_user,
)

pytestmark = pytest.mark.django_db

DAY = timedelta(days=1)
FORMER = "2025-05-01"
FORMER_ANNOUNCED = ANNOUNCED - 100 * DAY
FORMER_LAST_DAY = LAST_DAY - 80 * DAY
BETWEEN = FORMER_ANNOUNCED + DAY
LATELY = ANNOUNCED + DAY
LATER = LAST_DAY + 20 * DAY


@pytest.fixture
def former(db: None) -> PolicyUpdate:
    return make_update(FORMER, announced_at=FORMER_ANNOUNCED, last_day=FORMER_LAST_DAY)


def people(_former: PolicyUpdate) -> list[User]:
    """Make one of each kind of person there is, towards two updates."""
    made = []
    joined = {"before": LONG_BEFORE, "between": BETWEEN, "lately": LATELY}
    earlier = {"none": None, "allowed": (Training.ALLOW, True), "refused alone": (Training.REFUSE, False)}
    for (when, joined_at), (what, answered), plan in itertools.product(joined.items(), earlier.items(), Plan):
        user = make_user(f"{when}-{what}-{plan}@example.com".replace(" ", "-"), plan=Plan.FREE, joined_at=joined_at)
        if answered and joined_at < LATELY:
            training, terms = answered
            answer_as(user, training, terms=terms, at=BETWEEN + SECOND)
        User.objects.filter(pk=user.pk).update(plan=plan)
        made.append(user)
    return made


def answer_some(made: list[User]) -> None:
    for number, user in enumerate(User.objects.filter(pk__in=[one.pk for one in made]).order_by("pk")):
        if not user.is_consumer:
            continue
        if number % 4 == 0:
            answer_as(user, Training.REFUSE, at=LATELY + SECOND)
        elif number % 4 == 1:
            answer_as(user, Training.REFUSE, terms=False, at=LATELY + SECOND)
        elif number % 4 == 2 and standing_of(user, LATELY + SECOND).can_defer:
            defer_as(user, at=LATELY + SECOND)


@pytest.fixture
def everyone(former: PolicyUpdate) -> PolicyUpdate:
    """Make everyone, have some of them answer, and return the present update."""
    made = people(former)
    update = make_update(rollout_percentage=40)
    answer_some(made)
    make_user("persona@example.com", is_persona=True)
    make_user("closed@example.com", is_active=False, closed_at=MEANWHILE)
    return update


def outside() -> set[int]:
    return set(
        User.objects.filter(email__in=["persona@example.com", "closed@example.com"]).values_list("pk", flat=True)
    )


@pytest.mark.parametrize("at", [MEANWHILE, DEADLINE - SECOND, DEADLINE, AFTERWARDS])
def test_gated_are_those_whom_the_gate_stops(everyone: PolicyUpdate, at: datetime) -> None:
    stopped = {user.pk for user in User.objects.all() if standing_of(user, at).gate is Surface.GATE}
    found = set(gated(at, everyone, everyone.last_day).values_list("pk", flat=True))
    assert found == stopped - outside()
    assert found, "someone is always stopped by the former update"


def test_gated_by_another_last_day_are_those_it_would_stop(everyone: PolicyUpdate) -> None:
    told = {day: set(gated(AFTERWARDS, everyone, day).values_list("pk", flat=True)) for day in (LAST_DAY, LATER)}
    move_last_day(everyone, LATER, reason="More time.", by=None, at=AFTERWARDS)
    stopped = {user.pk for user in User.objects.all() if standing_of(user, AFTERWARDS).gate is Surface.GATE}
    assert told[LATER] == stopped - outside()
    assert told[LATER] < told[LAST_DAY]


@pytest.mark.parametrize("setting", [{"is_material": False}, {"published": False}])
def test_update_that_asks_nobody_gates_nobody(update: PolicyUpdate, alice: User, setting: dict[str, Any]) -> None:
    answer_as(alice, Training.REFUSE)
    make_update("2025-08-29", **setting)
    assert standing_of(alice, AFTERWARDS).gate is None
    assert not gated(AFTERWARDS, update, update.last_day).exists()


def test_undecided_are_those_who_have_not_answered(everyone: PolicyUpdate) -> None:
    asked = [standing_of(user, MEANWHILE) for user in User.objects.exclude(pk__in=outside())]
    expected = {standing.user.pk for standing in asked if standing.is_asked and not standing.has_answered}
    assert set(undecided(everyone).values_list("pk", flat=True)) == expected


def test_answering_a_later_update_decides_an_earlier_one(former: PolicyUpdate, alice: User) -> None:
    make_update()
    assert undecided(former).exists()
    answer_as(alice, Training.REFUSE)
    assert not undecided(former).exists()


@pytest.mark.parametrize(("version", "decided"), [("2025-05-02", True), ("2025-04-30", False)])
def test_answering_the_later_version_of_one_instant_decides_the_other(
    former: PolicyUpdate, alice: User, version: str, decided: bool
) -> None:
    answered = make_update(version, announced_at=FORMER_ANNOUNCED, last_day=FORMER_LAST_DAY)
    answer_as(alice, Training.REFUSE, at=BETWEEN)
    # Whichever of the two is asked is the one that was answered; the other stands where `Standing` puts it.
    ConsentState.objects.filter(user=alice).update(answered_update=answered, terms_update=answered)
    assert (former not in standing_of(alice, BETWEEN).unsettled) is decided
    assert (alice not in undecided(former)) is decided


def test_newly_shown_are_those_who_then_see_the_pop_up(db: None) -> None:
    update = make_update(rollout_percentage=40)
    made = [make_user(f"person{number}@example.com") for number in range(40)]
    answer_as(made[0], Training.ALLOW)
    make_user("new@example.com", joined_at=LATELY)

    def seeing() -> int:
        return sum(standing_of(user, MEANWHILE).prompt is Prompt.POP_UP for user in User.objects.all())

    before, told = seeing(), newly_shown(update, 90, MEANWHILE)
    raise_rollout(update, 90, by=None, at=MEANWHILE)
    assert told == Estimate(seeing() - before, is_exact=True)


def test_newly_shown_begins_with_the_next_bucket(alice: User) -> None:
    update = make_update(rollout_percentage=0)
    bucket = update.bucket_of(alice.principal)
    told = [newly_shown(update, percentage, MEANWHILE).number for percentage in (bucket, bucket + 1)]
    assert told == [0, 1]


def test_newly_shown_is_nobody_who_joined_later(alice: User) -> None:
    update = make_update(rollout_percentage=0)
    make_user("new@example.com", joined_at=ANNOUNCED)
    assert newly_shown(update, 100, MEANWHILE) == Estimate(1, is_exact=True)


@pytest.mark.parametrize(("at", "number"), [(DEADLINE - SECOND, 1), (DEADLINE, 0)])
def test_newly_shown_is_nobody_from_the_deadline_on(alice: User, at: datetime, number: int) -> None:
    assert newly_shown(make_update(rollout_percentage=0), 100, at).number == number


def test_newly_shown_is_nobody_of_an_update_that_a_later_one_has_replaced(alice: User) -> None:
    replaced = make_update(FORMER, announced_at=ANNOUNCED - DAY, rollout_percentage=0)
    make_update(rollout_percentage=0)
    assert newly_shown(replaced, 100, ANNOUNCED - SECOND).number == 1
    assert newly_shown(replaced, 100, ANNOUNCED).number == 0


def test_many_are_told_by_their_share(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    update = make_update(rollout_percentage=10)
    for number in range(60):
        make_user(f"person{number}@example.com")
    monkeypatch.setattr("privacy.reach.COUNTED", 59)
    assert newly_shown(update, 95, MEANWHILE) == Estimate(51, is_exact=False)


def test_counts_by_plan_are_of_who_is_in_scope(everyone: PolicyUpdate) -> None:
    counted = by_plan(in_scope())
    assert [name for name, _count in counted] == ["Free", "Pro", "Max"]
    assert sum(count for _name, count in counted) == in_scope().count() == 27
