"""The chart by day: a bounded number of columns, in which every answer is once, each leading to its people."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from privacy.admin.days import MOST_COLUMNS, Chart, Days, columns_of, top_of
from privacy.figures import Day
from privacy.models import PolicyUpdate

START = date(2025, 8, 28)
DAY = timedelta(days=1)


def link(**filters: Any) -> str:
    return f"{filters['day']} {filters['first_answer']}"


@given(
    lasts=st.integers(0, 20_000),
    answers=st.dictionaries(
        st.integers(0, 20_000), st.tuples(st.integers(0, 10**7), st.integers(0, 10**7)), min_size=1, max_size=40
    ),
)
def test_every_answer_is_in_one_of_a_bounded_number_of_columns(lasts: int, answers: dict[int, tuple[int, int]]) -> None:
    days = [Day(START + number * DAY, *answers[number]) for number in sorted(answers)]
    update = PolicyUpdate(announced_at=datetime(2025, 8, 28, 16, tzinfo=UTC), last_day=START + lasts * DAY)
    chart = Chart(update, days, link)

    assert len(chart.columns) <= MOST_COLUMNS + 1
    for day in days:
        assert sum(day.day in column.days for column in chart.columns) == 1
    for name in ("allowed", "refused"):
        told = sum(getattr(column, name).value for column in chart.columns)
        assert told == sum(getattr(day, name) for day in days)
        for column in chart.columns:
            found = Days.spelled(getattr(column, name).link.split()[0])
            within = sum(getattr(day, name) for day in days if day.day in found)
            assert getattr(column, name).value == within
    assert [column.days.last for column in chart.columns if column.is_last_day] == [update.last_day]
    assert all(0 <= float(top) <= chart.height for column in chart.columns for top in column.tops)


def test_column_is_a_day_until_two_weeks_after_the_last_one() -> None:
    last_day, end = START + 31 * DAY, START + 400 * DAY
    columns = list(columns_of(START, last_day, end))
    assert [str(days) for days in columns[:2]] == ["2025-08-28", "2025-08-29"]
    assert [str(days) for days in columns[-2:]] == ["2025-10-12", "2025-10-13/.."]


def test_column_of_a_long_time_is_some_weeks_and_one_ends_with_the_last_day() -> None:
    last_day = START + 100 * DAY
    columns = list(columns_of(START, last_day, START))
    assert {(days.last - days.first).days + 1 for days in columns[1:] if days.last} == {7}
    assert columns[-1].last == last_day


@pytest.mark.parametrize("text", ["", "soon", "/", "../2025-09-10", "2025-13-45", "2025-09-10/", "2025-09-10/x"])
def test_text_that_means_no_days_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        Days.spelled(text)


def test_top_of_the_scale_is_round_and_has_a_half() -> None:
    assert [top_of(most) for most in (0, 1, 3, 5, 11, 41, 1000, 1001)] == [2, 2, 4, 10, 20, 100, 1000, 2000]
