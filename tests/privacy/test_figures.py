"""The figures of the roll-out page equal a slow count over the raw tables, whatever happened and whenever they ask."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts.actions import AccountClosed, change_plan
from accounts.leaving import close_account, erase
from accounts.models import Plan, User
from privacy import actions
from privacy.counting import count_all, count_due
from privacy.figures import Counted, Rollout, Split, counted, rollout_of
from privacy.models import PolicyUpdate, RolloutCell, RolloutCount, RolloutPlace, RolloutState, Surface, Training
from privacy.publication import move_last_day
from tests.factories import (
    ANNOUNCED,
    DEADLINE,
    LONG_BEFORE,
    MEANWHILE,
    SECOND,
    answer_as,
    defer_as,
    make_staff,
    make_update,
    make_user,
    shown_token,
)
from tests.privacy.slow_count import slowly

pytestmark = pytest.mark.django_db

DAY = timedelta(days=1)
ALLOW, REFUSE = Training.ALLOW, Training.REFUSE


def plainly(rollout: Rollout) -> dict[str, Any]:
    """Return the figures in the shape in which the slow count gives them."""
    same = ("is_asked", "deferred", "deferred_now", "repeats", "speeds", "changed", "withdrawals", "returns")
    figures = {name: getattr(rollout, name) for name in (*same, "at_sign_up", "at_gate", "at_deadline")}
    return figures | {
        "everyone": numbers(rollout.everyone),
        "by_plan": {split.value: numbers(split) for split in rollout.by_plan},
        "by_language": {split.value: numbers(split) for split in rollout.by_language},
        "by_surface": {split.value: [split.allowed, split.refused] for split in rollout.by_surface},
        "days": {f"{day.day}": [day.allowed, day.refused] for day in rollout.days},
    }


def numbers(split: Split) -> list[int]:
    return [split.in_scope, split.shown, split.allowed, split.refused]


def count() -> None:
    while count_due():
        pass


def assert_exact(*instants: datetime) -> None:
    """Assert that every figure of every update is what a slow count gives, at each of some instants."""
    for update in PolicyUpdate.objects.filter(published_at__isnull=False, is_material=True):
        for at in instants:
            assert plainly(rollout_of(update, at)) == slowly(update, at), f"{update} at {at}"


# Whatever happens

PEOPLE = 4
STEPS = st.one_of(
    st.tuples(st.just("answer"), st.sampled_from([ALLOW, REFUSE]), st.booleans(), st.sampled_from([None, "settings"])),
    st.tuples(st.just("show")),
    st.tuples(st.just("defer")),
    st.tuples(st.just("plan"), st.sampled_from([Plan.FREE, Plan.PRO, Plan.MAX, Plan.TEAM, Plan.API])),
    st.tuples(st.just("language"), st.sampled_from(["en", "zh-hans"])),
    st.tuples(st.just("close"), st.booleans()),
    st.tuples(st.just("switch"), st.booleans()),
    st.tuples(st.just("publish"), st.booleans(), st.integers(1, 20)),
    st.tuples(st.just("move"), st.integers(1, 20)),
    st.tuples(st.just("join")),
    st.tuples(st.just("count"), st.integers(1, 4)),
    st.tuples(st.just("count all")),
)
# Minutes, hours and days: each bucket of the time to answer can be met.
LATER = st.one_of(st.integers(0, 90), st.integers(90, 48 * 60), st.integers(48 * 60, 20 * 24 * 60))


@dataclass
class History:
    """A few people and what happened to them so far."""

    people: list[User]
    at: datetime = ANNOUNCED - DAY

    def take(self, step: tuple[Any, ...], number: int) -> None:
        """Do one step, where it is possible."""
        user = self.people[number % len(self.people)]
        try:
            with transaction.atomic():
                getattr(self, f"_{step[0].replace(' ', '_')}")(user, *step[1:])
        except (actions.NotDone, AccountClosed, AssertionError):
            pass
        user.refresh_from_db()

    def _answer(self, user: User, training: Training, terms: bool, surface: str | None) -> None:
        answer_as(user, training, terms=terms, at=self.at, surface=Surface(surface) if surface else None)

    def _show(self, user: User) -> None:
        shown_token(user, at=self.at)

    def _defer(self, user: User) -> None:
        defer_as(user, at=self.at)

    def _plan(self, user: User, plan: Plan) -> None:
        change_plan(user, plan, at=self.at)

    def _language(self, user: User, language: str) -> None:
        User.objects.filter(pk=user.pk).update(language=language)

    def _close(self, user: User, erased: bool) -> None:
        close_account(user, at=self.at)
        if erased:
            erase(user.principal)

    def _switch(self, user: User, on: bool) -> None:
        User.objects.filter(pk=user.pk, closed_at__isnull=True).update(is_active=on)

    def _publish(self, user: User, material: bool, days: int) -> None:
        announced = self.at + timedelta(hours=days)
        if not PolicyUpdate.objects.filter(version=f"{announced:%Y-%m-%d-%H-%M}").exists():
            make_update(
                f"{announced:%Y-%m-%d-%H-%M}",
                announced_at=announced,
                last_day=(announced + days * DAY).date(),
                is_material=material,
            )

    def _move(self, user: User, days: int) -> None:
        update = PolicyUpdate.objects.latest("announced_at")
        staff = User.objects.filter(is_staff=True).first() or make_staff(plan=Plan.TEAM)
        # To none that has ended: the last place on Earth is twelve hours behind UTC.
        day = max(update.last_day, (self.at - timedelta(hours=12)).date()) + days * DAY
        move_last_day(update, day, reason="More time.", by=staff, at=self.at)

    def _join(self, user: User) -> None:
        email = f"new{len(self.people)}@example.com"
        self.people.append(make_user(email, joined_at=self.at, language="zh-hans", plan=Plan.MAX))

    def _count(self, user: User, limit: int) -> None:
        count_due(limit)

    def _count_all(self, user: User) -> None:
        # Killed after its first batch, and begun again.
        next(iter(count_all()), None)
        list(count_all())


@given(
    steps=st.lists(st.tuples(STEPS, st.integers(0, PEOPLE), LATER), max_size=22),
    plans=st.lists(st.sampled_from([Plan.FREE, Plan.PRO, Plan.TEAM]), min_size=PEOPLE, max_size=PEOPLE),
    joined=st.lists(
        st.sampled_from([LONG_BEFORE, ANNOUNCED - SECOND, ANNOUNCED, MEANWHILE]), min_size=PEOPLE, max_size=PEOPLE
    ),
)
@settings(
    deadline=None,
    max_examples=40,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
def test_figures_are_what_a_slow_count_gives_after_any_history(
    steps: list[tuple[tuple[Any, ...], int, int]], plans: list[Plan], joined: list[datetime]
) -> None:
    with transaction.atomic():
        make_update()
        people = [
            make_user(f"{number}@example.com", plan=plan, joined_at=at, is_persona=number == PEOPLE - 1)
            for number, (plan, at) in enumerate(zip(plans, joined, strict=True))
        ]
        history = History(people)
        for step, number, minutes in steps:
            history.at += timedelta(minutes=minutes)
            history.take(step, number)
        count()
        ends = RolloutPlace.objects.filter(deferred_until__isnull=False).values_list("deferred_until", flat=True)
        bounds = {*(update.deadline for update in PolicyUpdate.objects.all()), *filter(None, ends)}
        assert_exact(history.at, *(at + offset for at in bounds for offset in (-SECOND, timedelta())))
        assert counted(history.at).is_complete
        list(count_all(anew=True))
        assert_exact(history.at)
        transaction.set_rollback(True)


# One by one


def figures(at: datetime = MEANWHILE) -> Rollout:
    count()
    return rollout_of(PolicyUpdate.objects.get(), at)


def test_person_goes_from_scope_to_an_answer(alice: User, update: PolicyUpdate) -> None:
    seen = []
    for act in (lambda: None, lambda: shown_token(alice, at=MEANWHILE), lambda: defer_as(alice)):
        act()
        rollout = figures()
        seen.append((rollout.everyone.in_scope, rollout.everyone.shown, rollout.deferred, rollout.everyone.answered))
    answer_as(alice, REFUSE, at=MEANWHILE + 2 * DAY)
    rollout = figures()
    seen.append((rollout.everyone.in_scope, rollout.everyone.shown, rollout.deferred, rollout.everyone.answered))

    assert seen == [(1, 0, 0, 0), (1, 1, 0, 0), (1, 1, 1, 0), (1, 1, 1, 1)]


def test_deferral_counts_until_its_end_to_the_second(alice: User, update: PolicyUpdate) -> None:
    until = defer_as(alice, at=MEANWHILE + timedelta(minutes=20, seconds=30)).deferred_until
    assert until is not None

    assert [figures(at).deferred_now for at in (MEANWHILE, until - SECOND, until, until + SECOND)] == [1, 1, 0, 0]


def test_gate_shuts_for_the_undecided_at_the_deadline_to_the_second(alice: User, update: PolicyUpdate) -> None:
    make_user("new@example.com", joined_at=MEANWHILE)

    found = [(rollout.at_sign_up, rollout.at_gate) for rollout in map(figures, (DEADLINE - SECOND, DEADLINE))]
    assert found == [(1, 0), (1, 1)]
    assert figures(MEANWHILE).at_deadline == 2


def test_refusal_without_the_terms_is_an_answer_and_is_gated_all_the_same(alice: User, update: PolicyUpdate) -> None:
    answer_as(alice, REFUSE, terms=False)
    rollout = figures(DEADLINE)
    assert (rollout.everyone.undecided, rollout.everyone.refused, rollout.at_gate) == (0, 1, 1)


def test_change_of_mind_leaves_the_day_and_surface_of_the_first_answer(alice: User, update: PolicyUpdate) -> None:
    answer_as(alice, ALLOW)
    answer_as(alice, REFUSE, at=MEANWHILE + DAY)
    answer_as(alice, ALLOW, at=MEANWHILE + 2 * DAY)
    answer_as(alice, REFUSE, at=MEANWHILE + 3 * DAY)
    rollout = figures()

    assert (rollout.everyone.allowed, rollout.everyone.refused) == (0, 1)
    assert [(day.day, day.allowed, day.refused) for day in rollout.days] == [(MEANWHILE.date(), 1, 0)]
    assert (rollout.changed, rollout.withdrawals, rollout.returns) == (1, 2, 1)


def test_who_is_switched_off_counts_nowhere_until_switched_on(alice: User, update: PolicyUpdate) -> None:
    answer_as(alice, ALLOW)
    counts = []
    for is_active in (True, False, True):
        User.objects.filter(pk=alice.pk).update(is_active=is_active)
        counts.append(numbers(figures().everyone))
    assert counts == [[1, 1, 1, 0], [0, 0, 0, 0], [1, 1, 1, 0]]


def test_personas_and_deleted_accounts_count_nowhere(alice: User, update: PolicyUpdate) -> None:
    persona = make_user("persona@example.com", is_persona=True)
    for user in (alice, persona):
        answer_as(user, ALLOW)
    assert figures().everyone.allowed == 1
    close_account(alice, at=MEANWHILE)

    rollout = figures()
    assert numbers(rollout.everyone) == [0, 0, 0, 0]
    assert RolloutPlace.objects.count() == RolloutCount.objects.count() == 0
    assert set(RolloutCell.objects.values_list("people", flat=True)) == {0}


def test_first_answers_are_told_by_surface(alice: User, mallory: User, update: PolicyUpdate) -> None:
    answer_as(alice, ALLOW)
    answer_as(mallory, REFUSE, surface=Surface.SETTINGS)
    found = {split.value: (split.allowed, split.refused) for split in figures().by_surface}
    assert found == dict.fromkeys(Surface.values, (0, 0)) | {"pop_up": (1, 0), "settings": (0, 1)}


def test_plan_that_nobody_is_on_any_more_is_not_told(alice: User, update: PolicyUpdate) -> None:
    assert [split.value for split in figures().by_plan] == ["free"]
    change_plan(alice, Plan.PRO, at=MEANWHILE)
    assert [split.value for split in figures().by_plan] == ["pro"]


def test_who_has_answered_is_inside_no_deferral(alice: User, update: PolicyUpdate) -> None:
    defer_as(alice)
    answer_as(alice, ALLOW, at=MEANWHILE + 2 * DAY)
    rollout = figures(MEANWHILE + 2 * DAY)
    assert (rollout.deferred, rollout.deferred_now) == (1, 0)


def test_deferral_that_ends_with_an_hour_counts_once(alice: User, update: PolicyUpdate) -> None:
    until = defer_as(alice).deferred_until
    assert until == MEANWHILE + DAY
    assert figures(until - timedelta(milliseconds=500)).deferred_now == 1


def test_deferral_of_another_update_counts_for_that_one_alone(alice: User, update: PolicyUpdate) -> None:
    until = defer_as(alice, at=MEANWHILE + timedelta(minutes=20)).deferred_until
    assert until is not None
    later = make_update("2025-10-01", announced_at=MEANWHILE + DAY, last_day=(DEADLINE + 30 * DAY).date())
    count()
    assert rollout_of(later, until - SECOND).deferred_now == 0


def test_count_is_not_complete_while_it_begins_anew(
    alice: User, mallory: User, update: PolicyUpdate, monkeypatch: pytest.MonkeyPatch
) -> None:
    count()
    assert counted(MEANWHILE) == Counted(MEANWHILE, is_complete=True, is_under_way=False)
    monkeypatch.setattr("privacy.counting.BATCH", 1)
    next(iter(count_all()))
    at = RolloutState.objects.get().counted_at
    assert counted(MEANWHILE) == Counted(at, is_complete=False, is_under_way=True)
    list(count_all())
    assert counted(MEANWHILE).is_complete


def test_update_published_after_people_joined_still_finds_them_new(alice: User) -> None:
    """As a rule an update is published ahead; nothing may depend on it."""
    make_user("new@example.com", joined_at=MEANWHILE)
    count()
    make_update()

    assert figures(MEANWHILE).at_sign_up == 1


def test_update_that_is_asked_no_more_has_nobody_undecided(alice: User, update: PolicyUpdate) -> None:
    make_update("2025-10-01", announced_at=DEADLINE, last_day=(DEADLINE + 30 * DAY).date())
    count()
    rollout = rollout_of(update, DEADLINE)
    assert (rollout.is_asked, rollout.gated, rollout.at_deadline, rollout.forecast) == (False, 0, 0, None)


# The forecast


def test_forecast_goes_on_as_the_last_days_went(update: PolicyUpdate) -> None:
    people = [make_user(f"{number}@example.com") for number in range(8)]
    for user in people[:4]:
        answer_as(user, REFUSE, at=ANNOUNCED + timedelta(hours=1))
    forecast = figures(ANNOUNCED + DAY).forecast

    assert forecast is not None
    # One whole day, on which half of them answered; 31 days are left.
    assert (forecast.days, forecast.share, forecast.undecided) == (1, 0.5, 0)


def test_forecast_takes_each_of_the_last_days_alike() -> None:
    update = make_update(last_day=ANNOUNCED.date() + 2 * DAY)
    people = [make_user(f"{number}@example.com") for number in range(16)]
    at = ANNOUNCED + 2 * DAY
    for number, user in enumerate(people[:13]):
        answer_as(user, REFUSE, at=at if number == 12 else ANNOUNCED + number % 2 * DAY)
    forecast = figures(at).forecast

    assert forecast is not None
    # A quarter was left after two whole days, so half of them answer each day; twenty hours are left to three.
    assert (forecast.days, forecast.share) == (2, 0.5)
    assert (forecast.days_left, forecast.undecided) == ((update.deadline - at) / DAY, 2)


def test_forecast_of_nobody_answering_is_everyone(alice: User, update: PolicyUpdate) -> None:
    forecast = figures(MEANWHILE).forecast
    assert forecast is not None
    assert (forecast.days, forecast.share, forecast.undecided) == (7, 0.0, 1)


@pytest.mark.parametrize("at", [ANNOUNCED + timedelta(hours=1), DEADLINE, DEADLINE + DAY])
def test_there_is_no_forecast_on_the_first_day_nor_from_the_deadline_on(
    at: datetime, alice: User, update: PolicyUpdate
) -> None:
    assert figures(at).forecast is None


# What it costs


def test_figures_take_as_many_queries_for_many_people_as_for_few(alice: User, update: PolicyUpdate) -> None:
    found = []
    for number in (1, 12):
        for other in range(number):
            user = make_user(f"{number}-{other}@example.com", plan=[Plan.FREE, Plan.PRO, Plan.MAX][other % 3])
            answer_as(user, [ALLOW, REFUSE][other % 2], at=MEANWHILE + other * DAY)
        count()
        with CaptureQueriesContext(connection) as queries:
            rollout_of(update, MEANWHILE)
        found.append(len(queries))
    assert found == [4, 4]
