"""The product's clock."""

from datetime import UTC, datetime, timedelta

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.test import override_settings
from django.utils import timezone

from accounts import clock
from tests.conftest import MoveClock
from tests.factories import MEANWHILE


def test_clock_shows_the_real_time_unless_it_was_set() -> None:
    before = timezone.now()

    assert before <= clock.now() <= timezone.now()
    assert clock.now().tzinfo is UTC


def test_clock_can_be_moved_for_whoever_asks_from_here(moved_to: MoveClock) -> None:
    moved_to(MEANWHILE)

    assert clock.now() == MEANWHILE


def test_clock_that_was_started_elsewhere_runs_on(clock_started_at: MoveClock) -> None:
    clock_started_at(MEANWHILE)

    first, second = clock.now(), clock.now()

    assert MEANWHILE <= first <= second


def test_offset_is_none_without_a_start() -> None:
    assert clock.offset() == timedelta()


def test_offset_leads_to_the_start() -> None:
    with override_settings(PRODUCT_CLOCK_START="2025-09-10T09:00Z"):
        before = timezone.now() + clock.offset()

    assert before <= MEANWHILE
    assert before > MEANWHILE - timedelta(hours=1)


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        ("2025-09-10T09:00Z", MEANWHILE),
        ("2025-09-10T11:00+02:00", MEANWHILE),
        ("2025-09-10 09:00:00.5Z", MEANWHILE + timedelta(seconds=0.5)),
        ("2025-09-28T23:59:59-12:00", datetime(2025, 9, 29, 11, 59, 59, tzinfo=UTC)),
    ],
)
def test_instant_is_read_in_utc(text: str, instant: datetime) -> None:
    found = clock.parse_instant(text)

    assert found == instant
    assert found.tzinfo is UTC


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "is no ISO 8601 instant"),
        ("tomorrow", "is no ISO 8601 instant"),
        ("2025-13-01T00:00Z", "is no ISO 8601 instant"),
        ("2025-09-10", "names no time zone"),
        ("2025-09-10T09:00", "names no time zone"),
    ],
)
def test_text_that_is_no_instant_is_refused(text: str, reason: str) -> None:
    with pytest.raises(ImproperlyConfigured, match=reason):
        clock.parse_instant(text)
