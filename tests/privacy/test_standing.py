import uuid
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts.actions import change_plan
from accounts.models import Plan, User
from privacy import actions
from privacy.auth_backends import AuthenticationBackend
from privacy.models import ConsentState, PolicyUpdate, Surface, Training
from privacy.publication import move_last_day, raise_rollout
from privacy.standing import Prompt, is_settled, standing_of
from privacy.verification import verify
from tests.conftest import MoveClock
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
    make_staff,
    make_update,
    make_user,
)

pytestmark = pytest.mark.django_db

DAY = timedelta(days=1)
ALLOW, REFUSE = Training.ALLOW, Training.REFUSE
COMMERCIAL = [Plan.TEAM, Plan.ENTERPRISE, Plan.GOV, Plan.EDUCATION, Plan.API]
CONSUMER = [Plan.FREE, Plan.PRO, Plan.MAX]
# Examples share one database, which each of them leaves as it was; on a busy machine one may take long.
ON_THE_DATABASE = settings(
    deadline=None, max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)


def around(at: datetime) -> list[datetime]:
    """Return the second before an instant, the instant, and the second after it."""
    return [at - SECOND, at, at + SECOND]


def prompts(user: User, at: datetime) -> list[Prompt]:
    return [standing_of(user, instant).prompt for instant in around(at)]


# Boundaries


@pytest.mark.parametrize(
    ("last_day", "deadline"),
    [
        (date(2025, 9, 28), datetime(2025, 9, 29, 12, tzinfo=UTC)),
        (date(2025, 10, 8), datetime(2025, 10, 9, 12, tzinfo=UTC)),
        (date(2025, 12, 31), datetime(2026, 1, 1, 12, tzinfo=UTC)),
        (date(2028, 2, 28), datetime(2028, 2, 29, 12, tzinfo=UTC)),
    ],
)
def test_deadline_is_when_the_last_day_has_ended_everywhere(last_day: date, deadline: datetime) -> None:
    update = PolicyUpdate(version="any", announced_at=ANNOUNCED, last_day=last_day)
    assert update.deadline == deadline
    assert update.deadline.utcoffset() == timedelta(hours=-12)


def test_asking_begins_at_the_announcement(alice: User, update: PolicyUpdate) -> None:
    assert prompts(alice, ANNOUNCED) == [Prompt.NONE, Prompt.POP_UP, Prompt.POP_UP]


def test_gate_begins_at_the_deadline(alice: User, update: PolicyUpdate) -> None:
    assert prompts(alice, DEADLINE) == [Prompt.POP_UP, Prompt.GATE, Prompt.GATE]


def test_not_now_ends_at_its_end(alice: User, update: PolicyUpdate) -> None:
    until = defer_as(alice).deferred_until
    assert until == MEANWHILE + DAY
    assert prompts(alice, until) == [Prompt.LINE, Prompt.POP_UP, Prompt.POP_UP]


def test_not_now_ends_at_the_deadline(alice: User, update: PolicyUpdate) -> None:
    defer_as(alice, at=DEADLINE - timedelta(hours=1))
    assert prompts(alice, DEADLINE) == [Prompt.LINE, Prompt.GATE, Prompt.GATE]


@pytest.mark.parametrize(
    ("joined_at", "gate"),
    [(ANNOUNCED - SECOND, None), (ANNOUNCED, Surface.SIGN_UP), (ANNOUNCED + SECOND, Surface.SIGN_UP)],
)
def test_newcomer_is_who_joined_at_the_announcement_or_after(
    joined_at: datetime, gate: Surface | None, update: PolicyUpdate
) -> None:
    assert standing_of(make_user(joined_at=joined_at), MEANWHILE).gate is gate


def test_newcomer_stays_at_the_step_of_signing_up(update: PolicyUpdate) -> None:
    newcomer = make_user(joined_at=MEANWHILE)
    for at in (MEANWHILE, DEADLINE, AFTERWARDS):
        standing = standing_of(newcomer, at)
        assert (standing.prompt, standing.gate, standing.can_defer) == (Prompt.GATE, Surface.SIGN_UP, False)


def test_joining_is_the_first_instant_on_a_consumer_plan(update: PolicyUpdate) -> None:
    user = make_user(plan=Plan.TEAM, joined_at=LONG_BEFORE)
    assert user.joined_at is None
    change_plan(user, Plan.PRO, at=MEANWHILE)
    assert standing_of(user, MEANWHILE).gate is Surface.SIGN_UP
    change_plan(user, Plan.TEAM, at=MEANWHILE + DAY)
    change_plan(user, Plan.FREE, at=MEANWHILE + 2 * DAY)
    assert user.joined_at == MEANWHILE


def test_deadline_moves_with_the_last_day(alice: User, update: PolicyUpdate) -> None:
    move_last_day(update, LAST_DAY + 10 * DAY, reason="More time.", by=make_staff(), at=MEANWHILE)
    assert prompts(alice, DEADLINE) == [Prompt.POP_UP] * 3
    assert prompts(alice, DEADLINE + 10 * DAY) == [Prompt.POP_UP, Prompt.GATE, Prompt.GATE]


def test_not_now_to_one_update_is_none_to_the_next(alice: User, update: PolicyUpdate) -> None:
    defer_as(alice)
    announced_at = MEANWHILE + timedelta(hours=1)
    make_update("2025-09-10", announced_at=announced_at, last_day=AFTERWARDS.date())
    assert prompts(alice, announced_at) == [Prompt.LINE, Prompt.POP_UP, Prompt.POP_UP]


# Rolling out


def test_update_not_rolled_out_shows_no_pop_up_and_gates_all_the_same(alice: User) -> None:
    make_update(rollout_percentage=0)
    assert prompts(alice, DEADLINE) == [Prompt.NONE, Prompt.GATE, Prompt.GATE]


def test_pop_up_comes_to_whom_the_percentage_includes() -> None:
    update = make_update(rollout_percentage=50)
    people = [make_user(f"{number}@example.com", principal=uuid.UUID(int=number)) for number in range(8)]
    included = [update.includes(user.principal) for user in people]
    assert set(included) == {True, False}
    assert [standing_of(user, MEANWHILE).prompt is Prompt.POP_UP for user in people] == included


def test_update_not_rolled_out_can_be_answered(alice: User) -> None:
    make_update(rollout_percentage=0)
    answer_as(alice, REFUSE, at=ANNOUNCED, surface=Surface.SETTINGS)
    assert standing_of(alice, DEADLINE).prompt is Prompt.NONE


def test_newcomer_is_asked_though_not_rolled_out_to() -> None:
    make_update(rollout_percentage=0)
    assert standing_of(make_user(joined_at=ANNOUNCED), MEANWHILE).prompt is Prompt.GATE


def update_at(percentage: int, version: str = "2025-08-28") -> PolicyUpdate:
    return PolicyUpdate(version=version, announced_at=ANNOUNCED, last_day=LAST_DAY, rollout_percentage=percentage)


def test_who_is_in_is_in_after_every_release_too() -> None:
    """Another hash would ask other people than it has been rolled out to."""
    assert PolicyUpdate(version="2025-08-28").bucket_of(uuid.UUID(int=1)) == 36


@given(principal=st.uuids(), percentages=st.lists(st.integers(0, 100), min_size=2, max_size=8).map(sorted))
@settings(deadline=None)
def test_who_is_in_stays_in_as_the_percentage_grows(principal: uuid.UUID, percentages: list[int]) -> None:
    included = [update_at(percentage).includes(principal) for percentage in percentages]
    assert included == sorted(included)
    assert included == [update_at(percentage).includes(principal) for percentage in percentages]


@given(principal=st.uuids())
@settings(deadline=None)
def test_nobody_is_in_at_0_and_everybody_at_100(principal: uuid.UUID) -> None:
    assert not update_at(0).includes(principal)
    assert update_at(100).includes(principal)


def test_percentage_is_about_that_many_people_and_others_for_each_update() -> None:
    people = [uuid.UUID(int=number) for number in range(4000)]
    first = {principal for principal in people if update_at(25).includes(principal)}
    second = {principal for principal in people if update_at(25, "2025-10-01").includes(principal)}
    assert 900 < len(first) < 1100
    assert 900 < len(second) < 1100
    assert 180 < len(first & second) < 320


def test_percentage_can_grow_after_publishing(alice: User) -> None:
    update = make_update(rollout_percentage=0)
    raise_rollout(update, 100, by=None, at=MEANWHILE)
    assert standing_of(alice, MEANWHILE).prompt is Prompt.POP_UP


# Which plan


@pytest.mark.parametrize("plan", COMMERCIAL)
@pytest.mark.parametrize("at", [*around(ANNOUNCED), *around(DEADLINE), AFTERWARDS])
def test_commercial_plan_is_never_asked(plan: Plan, at: datetime, update: PolicyUpdate) -> None:
    for joined_at in (LONG_BEFORE, MEANWHILE):
        standing = standing_of(make_user(f"{joined_at:%m}@example.com", plan=plan, joined_at=joined_at), at)
        assert (standing.prompt, standing.gate, standing.can_defer) == (Prompt.NONE, None, False)


@pytest.mark.parametrize("plan", CONSUMER)
def test_consumer_plan_is_asked(plan: Plan, update: PolicyUpdate) -> None:
    assert prompts(make_user(plan=plan), DEADLINE) == [Prompt.POP_UP, Prompt.GATE, Prompt.GATE]


# Every way the question can come


@pytest.mark.parametrize(
    ("training", "terms", "before", "after"),
    [
        (None, False, Prompt.POP_UP, Prompt.GATE),
        (REFUSE, False, Prompt.LINE, Prompt.GATE),
        (REFUSE, True, Prompt.NONE, Prompt.NONE),
        (ALLOW, True, Prompt.NONE, Prompt.NONE),
    ],
)
def test_prompt_before_and_after_the_deadline(
    training: Training | None, terms: bool, before: Prompt, after: Prompt, alice: User, update: PolicyUpdate
) -> None:
    if training:
        answer_as(alice, training, terms=terms)
    assert prompts(alice, DEADLINE) == [before, after, after]


def test_nothing_published_asks_nothing(alice: User) -> None:
    make_update(published=False)
    for at in (*around(ANNOUNCED), *around(DEADLINE)):
        assert standing_of(alice, at).prompt is Prompt.NONE


def test_update_that_is_not_material_asks_nothing_and_hides_no_earlier_one(alice: User, update: PolicyUpdate) -> None:
    make_update("2025-09-05", announced_at=datetime(2025, 9, 5, tzinfo=UTC), is_material=False)
    standing = standing_of(alice, MEANWHILE)
    assert (standing.prompt, standing.update) == (Prompt.POP_UP, update)


# Several updates


def second_update() -> PolicyUpdate:
    return make_update("2025-10-01", announced_at=AFTERWARDS, last_day=(AFTERWARDS + 30 * DAY).date())


def test_gated_person_stays_gated_when_a_newer_update_is_announced(alice: User, update: PolicyUpdate) -> None:
    second = second_update()
    assert prompts(alice, AFTERWARDS) == [Prompt.GATE] * 3
    standing = standing_of(alice, AFTERWARDS)
    assert (standing.update, standing.can_defer) == (second, False)


def test_settled_person_is_asked_again_by_a_newer_update(alice: User, update: PolicyUpdate) -> None:
    second = second_update()
    answer_as(alice, ALLOW)
    assert prompts(alice, AFTERWARDS) == [Prompt.NONE, Prompt.POP_UP, Prompt.POP_UP]
    assert prompts(alice, second.deadline) == [Prompt.POP_UP, Prompt.GATE, Prompt.GATE]


def test_newer_update_does_not_let_out_who_never_accepted_the_terms(alice: User, update: PolicyUpdate) -> None:
    answer_as(alice, REFUSE, terms=False)
    second_update()
    assert prompts(alice, AFTERWARDS) == [Prompt.GATE] * 3


def test_newcomer_of_an_earlier_update_is_none_of_the_next(update: PolicyUpdate) -> None:
    second = second_update()
    newcomer = make_user(joined_at=MEANWHILE)
    answer_as(newcomer, REFUSE)
    assert standing_of(newcomer, AFTERWARDS).gate is None
    assert prompts(newcomer, second.deadline) == [Prompt.POP_UP, Prompt.GATE, Prompt.GATE]


def test_newcomer_who_never_answered_stays_at_the_step_of_signing_up(update: PolicyUpdate) -> None:
    second_update()
    assert standing_of(make_user(joined_at=MEANWHILE), AFTERWARDS).gate is Surface.SIGN_UP


# Two ways to the same answer


def is_settled_as_loaded(user: User, at: datetime, moved_to: MoveClock) -> bool:
    """Return what the gate goes by: the user as the session loads them at an instant."""
    moved_to(at)
    loaded = AuthenticationBackend().get_user(user.pk)
    assert isinstance(loaded, User)
    return is_settled(loaded)


STEPS = st.one_of(
    st.tuples(st.just("answer"), st.sampled_from([ALLOW, REFUSE, None]), st.booleans()),
    st.tuples(st.just("defer")),
    st.tuples(st.just("plan"), st.sampled_from([*CONSUMER, Plan.TEAM, Plan.API])),
    st.tuples(st.just("publish"), st.booleans()),
)


def take(step: tuple[Any, ...], user: User, at: datetime) -> None:
    """Do one step of a history, where it is possible."""
    if step[0] == "plan":
        change_plan(user, step[1], at=at)
    elif step[0] == "publish":
        make_update(f"{at:%Y-%m-%d-%H-%M}", announced_at=at + DAY, last_day=(at + 20 * DAY).date(), is_material=step[1])
    else:
        try:
            with transaction.atomic():
                answer_as(user, step[1], terms=step[2], at=at) if step[0] == "answer" else defer_as(user, at=at)
        except (actions.NotDone, AssertionError):
            pass


@given(
    steps=st.lists(st.tuples(STEPS, st.integers(1, 15 * 24)), max_size=7),
    plan=st.sampled_from([*CONSUMER, Plan.TEAM]),
    joined_at=st.sampled_from([LONG_BEFORE, ANNOUNCED - SECOND, ANNOUNCED, MEANWHILE]),
)
@ON_THE_DATABASE
def test_fast_way_agrees_with_the_slow_one_after_any_history(
    steps: list[tuple[tuple[Any, ...], int]], plan: Plan, joined_at: datetime, moved_to: MoveClock
) -> None:
    with transaction.atomic():
        make_update()
        user = make_user(plan=plan, joined_at=joined_at)
        at = ANNOUNCED - DAY
        for step, hours in steps:
            at += timedelta(hours=hours)
            take(step, user, at)
            user.refresh_from_db()
            for instant in (at, *around(ANNOUNCED), *around(DEADLINE)):
                standing = standing_of(user, instant)
                is_asked = standing.is_asked and not standing.is_settled
                assert is_settled_as_loaded(user, instant, moved_to) is not is_asked
                assert (standing.prompt is Prompt.NONE) or is_asked
        assert verify().first is None
        transaction.set_rollback(True)


@given(
    trainings=st.lists(st.sampled_from([ALLOW, REFUSE]), min_size=1, max_size=6),
    hours=st.lists(st.integers(0, 48), min_size=6, max_size=6),
)
@ON_THE_DATABASE
def test_allow_period_is_what_a_naive_reading_of_the_history_says(trainings: list[Training], hours: list[int]) -> None:
    with transaction.atomic():
        make_update()
        user, at, since = make_user(), MEANWHILE, None
        for training, later in zip(trainings, hours, strict=False):
            at += timedelta(hours=later)
            answer_as(user, training, at=at)
            since = None if training is REFUSE else since or at
            state = ConsentState.objects.get(user=user)
            assert (state.training, state.allowed_since) == (training, since)
        transaction.set_rollback(True)


def test_settled_person_is_loaded_in_one_query(
    alice: User, update: PolicyUpdate, moved_to: MoveClock, django_assert_num_queries: Any
) -> None:
    answer_as(alice, ALLOW)
    with django_assert_num_queries(1):
        assert is_settled_as_loaded(alice, MEANWHILE, moved_to)
