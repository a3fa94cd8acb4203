"""The roll-out page as staff read it: what each number is called, what it is a share of, and its picture."""

from datetime import date, timedelta
from itertools import pairwise
from typing import Any

import pytest
from django.test import Client

from accounts.models import Plan, User
from privacy.admin.days import Chart, Days, columns_of
from privacy.admin.numbers import Number, share
from privacy.counting import count_due
from privacy.figures import Day
from privacy.models import PolicyUpdate, Surface, Training
from tests.accounts.test_staff_lists import with_permissions
from tests.conftest import MoveClock
from tests.factories import (
    ANNOUNCED,
    DEADLINE,
    MEANWHILE,
    answer_as,
    defer_as,
    make_update,
    make_user,
    shown_token,
)
from tests.pages import Element, page

pytestmark = pytest.mark.django_db

ROLLOUT = "/admin/privacy/rolloutcell/"
DAY = timedelta(days=1)


def rollout_page(client: Client, **query: str) -> Element:
    while count_due():
        pass
    return page(client.get(ROLLOUT, query)).one("div", id="content-main")


def section(root: Element, name: str) -> Element:
    (found,) = [each for each in root.all("section") if each.attributes.get("aria-labelledby") == name]
    return found


def rows(table: Element) -> list[str]:
    return [row.text for row in table.one("tbody").all("tr")]


def bars(root: Element, fill: str) -> list[str]:
    return [bar["width"] for bar in root.all("rect", class_=fill)]


@pytest.fixture
def four(staff: User, update: PolicyUpdate) -> None:
    """Have one of four people do nothing, one put it off, one allow, and one allow and then refuse, in Chinese."""
    make_user("nobody@example.com")
    defer_as(make_user("later@example.com", plan=Plan.PRO))
    allows, refuses = make_user("allows@example.com"), make_user("refuses@example.com", language="zh-hans")
    answer_as(allows, Training.ALLOW, at=MEANWHILE - 2 * DAY)
    shown_token(refuses, at=MEANWHILE - 5 * DAY)
    answer_as(refuses, Training.ALLOW, at=MEANWHILE - 2 * DAY, surface=Surface.SETTINGS, language="zh-hans")
    answer_as(refuses, Training.REFUSE, at=MEANWHILE - DAY, language="zh-hans")


@pytest.mark.usefixtures("four")
def test_steps_are_shares_of_who_is_in_scope(client: Client) -> None:
    steps = section(rollout_page(client), "steps")
    assert rows(steps.one("table")) == [
        "In scope 4 100.0 %",
        "Shown the question 3 75.0 %",
        "Said “Not now” at least once 1 25.0 %",
        "Have answered 2 50.0 %",
        "Gated now 0 0.0 %",
    ]
    assert bars(steps, "fill-0") == ["100.00", "75.00", "25.00", "50.00", "0.00"]


@pytest.mark.usefixtures("four")
def test_answers_are_shares_of_who_has_answered(client: Client) -> None:
    root = rollout_page(client)
    answers = section(root, "answers")
    assert [answer.text for answer in answers.all("div", class_="answer")] == [
        "Allow 1 50.0 % of those who answered",
        "Refuse 1 50.0 % of those who answered",
    ]
    assert "Changed their mind at least once: 1 (from allow to refuse 1 times" in answers.text
    assert "2 Of them, “Not now” still holds for 1" in section(root, "undecided").text


@pytest.mark.usefixtures("four")
def test_groups_are_told_with_their_shares_beside_each_other(client: Client) -> None:
    by_plan, by_language, by_surface = section(rollout_page(client), "groups").all("table")
    assert rows(by_plan) == ["Free 3 2 1 1 1", "Pro 1 1 0 0 1"]
    assert rows(by_language) == ["English 3 2 1 0 2", "Simplified Chinese 1 1 0 1 0"]
    assert rows(by_surface) == ["sign-up 0 0", "pop-up 1 0", "gate 0 0", "settings 1 0", "API 0 0"]
    free = by_plan.one("tbody").all("tr")[0]
    assert [(bar["x"], bar["width"]) for fill in (1, 2, 3) for bar in free.all("rect", class_=f"fill-{fill}")] == [
        ("0.00", "33.33"),
        ("33.33", "33.33"),
        ("66.67", "33.33"),
    ]
    assert bars(by_surface, "fill-1") == ["0.00", "50.00", "0.00", "50.00", "0.00"]


@pytest.mark.usefixtures("four")
def test_speeds_and_repeats_are_told_in_words(client: Client) -> None:
    root = rollout_page(client)
    speeds = rows(section(root, "speeds").one("table"))
    assert [row for row in speeds if not row.endswith(" 0")] == ["under a minute 1", "under 7 days 1"]
    assert [row.removesuffix(" 1").removesuffix(" 0") for row in speeds][:3] == [
        "under a minute",
        "under 10 minutes",
        "under an hour",
    ]
    assert sorted(bars(section(root, "speeds"), "fill-0"))[-2:] == ["50.00", "50.00"]
    assert rows(section(root, "repeats").one("table")) == ["once 1", "twice 0", "3 times 0", "4 times or more 0"]
    assert bars(section(root, "repeats"), "fill-0") == ["100.00", "0.00", "0.00", "0.00"]


@pytest.mark.usefixtures("four")
def test_gate_is_told_by_where_it_stands(client: Client, moved_to: MoveClock) -> None:
    make_user("new@example.com", joined_at=ANNOUNCED)
    gates = section(rollout_page(client), "gates")
    assert rows(gates.one("table")) == [
        "At the second step of signing up 1",
        "At the gate 0",
        "Would be gated if the deadline were now 3",
    ]
    moved_to(DEADLINE)
    assert rows(section(rollout_page(client), "gates").one("table"))[1] == "At the gate 2"


@pytest.mark.usefixtures("four")
def test_update_that_is_asked_no_more_has_nobody_gated_or_undecided(client: Client, update: PolicyUpdate) -> None:
    make_update("2025-09-05", announced_at=MEANWHILE - DAY / 2)
    root = rollout_page(client, update=update.version)
    assert "This update is not the one that is asked now" in root.text
    assert "Gated now" not in root.text
    assert {each.attributes.get("aria-labelledby") for each in root.all("section")}.isdisjoint({"gates", "undecided"})
    assert "No answer" in section(root, "groups").all("table")[0].one("thead").text
    current = [link.text for link in root.one("nav").all("a") if "aria-current" in link]
    assert current == [update.version]


def test_forecast_says_what_it_rests_on(staff: User, client: Client, update: PolicyUpdate) -> None:
    for number in range(8):
        user = make_user(f"{number}@example.com")
        if number < 4:
            answer_as(user, Training.REFUSE, at=MEANWHILE - DAY)
    text = section(rollout_page(client), "undecided").text
    assert "Forecast for the deadline: about" in text
    assert "% of the undecided answered." in text
    assert "goes on for the 19 whole days left." in text


def test_days_before_anybody_has_answered_say_so(staff: User, client: Client, update: PolicyUpdate) -> None:
    root = rollout_page(client)
    assert "Nobody has answered yet." in section(root, "days").text
    assert root.all("svg", class_="days") == []


@pytest.mark.usefixtures("four")
def test_days_are_told_in_numbers_beside_their_picture(client: Client) -> None:
    days = section(rollout_page(client), "days")
    told = rows(days.one("table"))
    assert told[0] == "August 28, 2025 0 0"
    assert "September 8, 2025 2 0" in told
    assert "September 28, 2025 · last day 0 0" in told
    picture = days.one("svg", class_="days")
    assert len(picture.all("rect", class_="fill-1")) == len(picture.all("rect", class_="fill-2")) == len(told)
    assert len(picture.all("line", class_="deadline")) == 1


# The shapes of the chart


def chart_of(answers: dict[int, tuple[int, int]], lasts: int = 31) -> Chart:
    start = ANNOUNCED.date()
    update = PolicyUpdate(announced_at=ANNOUNCED, last_day=start + lasts * DAY)
    days = [Day(start + number * DAY, *answers[number]) for number in sorted(answers)]
    return Chart(update, days, lambda **filters: "?" + " ".join(f"{name}={value}" for name, value in filters.items()))


def test_columns_of_the_chart_stand_on_its_base_beside_each_other() -> None:
    chart = chart_of({0: (20, 10), 1: (5, 0)})
    first, second = chart.columns[:2]
    assert chart.top == 20
    assert (first.heights, first.tops) == (("150.0", "75.0"), ("12.0", "87.0"))
    assert (second.heights, second.tops) == (("37.5", "0.0"), ("124.5", "162.0"))
    for column in (first, second):
        for height, top in zip(column.heights, column.tops, strict=True):
            assert float(height) + float(top) == chart.height
    # Neither answer is drawn over the other, nor over the next day.
    assert first.x + chart.column_width <= first.second
    assert first.second + chart.column_width <= first.end <= second.x
    assert first.x > chart.scale
    assert chart.columns[-1].end < chart.width
    assert (first.allowed.link, first.refused.link) == (
        "?day=2025-08-28 first_answer=allow",
        "?day=2025-08-28 first_answer=refuse",
    )


def test_scale_of_the_chart_names_its_top_and_its_half() -> None:
    chart = chart_of({0: (20, 10)})
    assert chart.ticks == [(20, 12), (10, 87)]
    assert chart_of({0: (0, 3)}).ticks == [(4, 12), (2, 87)]


def test_every_seventh_column_is_labelled_and_what_is_later_has_a_line_of_its_own() -> None:
    chart = chart_of({0: (1, 0)})
    assert [number for number, column in enumerate(chart.columns) if column.is_labelled] == [0, 7, 14, 21, 28]
    longer = chart_of({0: (1, 0), 400: (1, 0)})
    assert longer.columns[-1].days.last is None
    assert not longer.columns[-1].is_labelled
    assert longer.whole_height > chart.whole_height > chart.height


def test_chart_begins_with_the_first_answer_if_one_came_before_the_announcement() -> None:
    chart = chart_of({-2: (1, 0), 0: (1, 0)})
    assert chart.columns[0].days.first == date(2025, 8, 26)


@pytest.mark.parametrize(
    ("lasts", "step"),
    [(31, 1), (58, 1), (59, 7), (412, 7), (413, 28), (1651, 28), (1652, 364), (21475, 364), (21476, 3640)],
)
def test_column_stands_for_more_days_only_where_there_is_no_room(lasts: int, step: int) -> None:
    start = date(2025, 8, 28)
    columns = list(columns_of(start, start + lasts * DAY, start))
    assert {(days.last - days.first).days + 1 for days in columns[1:] if days.last} == {step}
    assert columns[0].first == start
    assert all(one.last is not None and one.last + DAY == other.first for one, other in pairwise(columns))


@pytest.mark.parametrize(
    ("text", "first", "last"),
    [
        ("2025-09-10", date(2025, 9, 10), date(2025, 9, 10)),
        ("2025-09-08/2025-09-14", date(2025, 9, 8), date(2025, 9, 14)),
        ("2025-10-13/..", date(2025, 10, 13), None),
    ],
)
def test_days_are_spelled_as_they_are_read(text: str, first: date, last: date | None) -> None:
    days = Days.spelled(text)
    assert (days.first, days.last, str(days)) == (first, last, text)
    assert first in days
    assert first - DAY not in days
    assert (first + 400 * DAY in days) is (last is None)


def test_share_of_nothing_is_none_and_is_spelled_with_a_point() -> None:
    assert [share(*numbers) for numbers in ((0, 0), (1, 4), (3, 3))] == [0.0, 25.0, 100.0]
    assert Number(1, share=100 / 3).width == "33.33"


def test_who_may_not_see_people_sees_numbers_that_lead_nowhere(client: Client, update: PolicyUpdate) -> None:
    answer_as(make_user(), Training.ALLOW)
    client.force_login(with_permissions("privacy.view_rolloutcell"))
    cells: list[Any] = rollout_page(client).all("td", class_="number")
    assert len(cells) > 20
    assert [cell for cell in cells if cell.all("a")] == []
