"""Where someone belongs on the roll-out page, one thing at a time; `test_figures.py` has whole histories."""

from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from accounts.models import Plan, User
from privacy.models import (
    ConsentRecord,
    ConsentState,
    Kind,
    PolicyUpdate,
    RolloutCell,
    RolloutFigure,
    RolloutPlace,
    Training,
)
from privacy.placing import DIMENSIONS, SLOWEST, UNKNOWN_SPEED, Placing, counts_of, hour_of, placings_of, speed_of
from tests.factories import (
    ANNOUNCED,
    DEADLINE,
    LAST_DAY,
    MEANWHILE,
    SECOND,
    VERSION,
    answer_as,
    defer_as,
    make_update,
    make_user,
)

pytestmark = pytest.mark.django_db

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


def placed(user: User) -> dict[str, Placing]:
    records = list(ConsentRecord.objects.filter(principal=user.principal).order_by("sequence"))
    return placings_of(
        user, records, ConsentState.objects.filter(user=user).first(), list(PolicyUpdate.objects.reverse())
    )


@pytest.mark.parametrize(
    ("taken", "bucket"),
    [
        (timedelta(), 0),
        (MINUTE - SECOND, 0),
        (MINUTE, 1),
        (10 * MINUTE - SECOND, 1),
        (10 * MINUTE, 2),
        (HOUR - SECOND, 2),
        (HOUR, 3),
        (DAY - SECOND, 3),
        (DAY, 4),
        (3 * DAY - SECOND, 4),
        (3 * DAY, 5),
        (7 * DAY - SECOND, 5),
        (7 * DAY, 6),
        (14 * DAY - SECOND, 6),
        (14 * DAY, SLOWEST),
        (-SECOND, UNKNOWN_SPEED),
    ],
)
def test_time_to_answer_is_in_the_bucket_that_ends_after_it(taken: timedelta, bucket: int) -> None:
    assert speed_of(MEANWHILE, MEANWHILE + taken) == bucket


def test_time_to_answer_is_unknown_of_what_was_never_shown() -> None:
    assert speed_of(None, MEANWHILE) == UNKNOWN_SPEED == SLOWEST + 1


def test_hour_is_that_of_utc() -> None:
    shanghai = timezone(timedelta(hours=8))
    assert hour_of(datetime(2025, 9, 10, 7, 59, tzinfo=shanghai)) == "2025-09-09T23"


@pytest.mark.parametrize("name", DIMENSIONS)
def test_cell_is_another_once_one_dimension_differs(name: str) -> None:
    cell: dict[str, Any] = dict.fromkeys(DIMENSIONS, "a")
    assert Placing(cell | {name: "b"}).key != Placing(cell).key
    assert Placing({name: "b"}).key != Placing({}).key


def test_every_dimension_of_a_cell_tells_it_apart(alice: User, update: PolicyUpdate) -> None:
    answer_as(alice, Training.ALLOW)
    assert {name for placing in placed(alice).values() for name in placing.cell} == set(DIMENSIONS)


@pytest.mark.parametrize(("joined_at", "after"), [(ANNOUNCED - SECOND, ""), (ANNOUNCED, VERSION)])
def test_newcomer_joined_at_the_announcement_or_after(update: PolicyUpdate, joined_at: datetime, after: str) -> None:
    assert placed(make_user(joined_at=joined_at))[""].cell["joined_after"] == after


def test_whole_person_is_placed_by_what_they_did_last(alice: User) -> None:
    make_update("2025-05-01", announced_at=ANNOUNCED - 100 * DAY, last_day=LAST_DAY - 60 * DAY)
    answer_as(alice, Training.ALLOW, at=ANNOUNCED - 99 * DAY)
    make_update()
    answer_as(alice, Training.REFUSE, terms=False, at=MEANWHILE)
    cell = placed(alice)[""].cell
    assert (cell["last_shown"], cell["answered_version"], cell["terms_version"]) == (VERSION, VERSION, "2025-05-01")


def test_first_answer_is_placed_with_its_day_and_speed(alice: User, update: PolicyUpdate) -> None:
    defer_as(alice, at=MEANWHILE)
    answer_as(alice, Training.ALLOW, at=MEANWHILE + 2 * DAY)
    answer_as(alice, Training.REFUSE, at=MEANWHILE + 3 * DAY)
    own = placed(alice)[VERSION]
    assert own.place == {"answered_on": (MEANWHILE + 2 * DAY).date(), "speed": 4, "withdrawals": 1, "returns": 0}
    assert (own.cell["first_answer"], own.cell["answer"], own.cell["surface"]) == ("allow", "refuse", "pop_up")
    assert (own.cell["is_shown"], own.cell["deferrals"], own.cell["has_changed"]) == (True, 1, True)


def test_deferral_is_placed_with_the_update_it_puts_off(alice: User, update: PolicyUpdate) -> None:
    defer_as(alice, at=MEANWHILE)
    later = make_update("2025-10-01", announced_at=DEADLINE - DAY, last_day=LAST_DAY + 30 * DAY)
    until = defer_as(alice, at=DEADLINE - HOUR).deferred_until
    found = placed(alice)
    assert "deferred_until" not in found[VERSION].place
    assert found[later.version].place["deferred_until"] == until


@pytest.mark.parametrize(
    "fields", [{"plan": Plan.TEAM}, {"is_persona": True}, {"is_active": False, "closed_at": MEANWHILE}]
)
def test_who_is_not_in_scope_is_placed_nowhere(update: PolicyUpdate, fields: dict[str, Any]) -> None:
    assert placed(make_user(**fields)) == {}


def test_who_did_nothing_is_placed_as_a_whole_alone(alice: User, update: PolicyUpdate) -> None:
    (placing,) = placed(alice).values()
    assert placing.cell == {"plan": "free", "language": "en", "version": ""} | dict.fromkeys(
        ("joined_after", "last_shown", "answered_version", "terms_version"), ""
    )


def test_answer_without_a_record_of_showing_took_an_unknown_time(alice: User, update: PolicyUpdate) -> None:
    answer_as(alice, Training.ALLOW)
    own = placings_of(alice, list(ConsentRecord.objects.exclude(kind=Kind.SHOWN)), None, [update])[VERSION]
    assert (own.cell["is_shown"], own.place["speed"]) == (False, UNKNOWN_SPEED)


def test_same_answer_again_is_no_change_of_mind(alice: User, update: PolicyUpdate) -> None:
    for days in (0, 1):
        answer_as(alice, Training.ALLOW, at=MEANWHILE + days * DAY)
    own = placed(alice)[VERSION]
    assert (own.cell["has_changed"], own.place["withdrawals"], own.place["returns"]) == (False, 0, 0)


@pytest.mark.parametrize(
    ("answer", "figure"), [("allow", RolloutFigure.ALLOWED_ON), ("refuse", RolloutFigure.REFUSED_ON)]
)
def test_place_adds_its_day_its_speed_and_its_changes(answer: str, figure: RolloutFigure) -> None:
    cell = RolloutCell(first_answer=answer)
    place = RolloutPlace(
        version=VERSION, cell=cell, answered_on=MEANWHILE.date(), speed=4, deferred_until=None, withdrawals=2, returns=1
    )
    assert counts_of(place) == {
        (VERSION, figure, "2025-09-10"): 1,
        (VERSION, RolloutFigure.SPEED, "4"): 1,
        (VERSION, RolloutFigure.WITHDRAWALS, ""): 2,
        (VERSION, RolloutFigure.RETURNS, ""): 1,
    }


def test_place_adds_the_hour_in_which_its_deferral_ends() -> None:
    place = RolloutPlace(version=VERSION, cell=RolloutCell(), deferred_until=MEANWHILE + HOUR)
    assert +counts_of(place) == {(VERSION, RolloutFigure.DEFERRED_IN, "2025-09-10T10"): 1}
