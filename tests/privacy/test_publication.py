from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from accounts.models import User
from privacy.models import EARLIEST, LATEST, Act, DocumentKind, PolicyUpdate, Training, UpdateAct
from privacy.publication import (
    CannotChange,
    NotPublishable,
    fingerprint,
    move_last_day,
    problem_of_last_day,
    problems_of,
    publish,
    raise_rollout,
)
from tests.factories import (
    ANNOUNCED,
    DEADLINE,
    LAST_DAY,
    MEANWHILE,
    SECOND,
    answer_as,
    make_conversation,
    make_staff,
    make_update,
)

pytestmark = pytest.mark.django_db

LANGUAGES = {"en": "English", "zh-hans": "Simplified Chinese"}
LATER = LAST_DAY + timedelta(days=10)
EARLIER = LAST_DAY - timedelta(days=1)


@pytest.fixture
def draft(db: None) -> PolicyUpdate:
    return make_update(published=False)


@pytest.fixture
def staff(db: None) -> User:
    return make_staff()


@contextmanager
def refused(update: PolicyUpdate, reason: str) -> Iterator[None]:
    """Expect a refusal with a reason, and that nothing about an update has changed."""
    before = PolicyUpdate.objects.filter(pk=update.pk).values().get()
    moves = UpdateAct.objects.count()
    with pytest.raises(CannotChange, match=reason):
        yield
    assert PolicyUpdate.objects.filter(pk=update.pk).values().get() == before
    assert UpdateAct.objects.count() == moves


# Publishing


def test_published_update_says_since_when(draft: PolicyUpdate) -> None:
    assert publish(draft, by=None, at=ANNOUNCED - timedelta(days=30)).published_at == ANNOUNCED - timedelta(days=30)
    draft.refresh_from_db()
    assert draft.published_at == ANNOUNCED - timedelta(days=30)


def test_publication_says_who_did_it(draft: PolicyUpdate, staff: User) -> None:
    publish(draft, by=staff, at=ANNOUNCED)
    act = draft.acts.get()
    assert (act.kind, act.actor, act.at) == (Act.PUBLISHED, staff.principal, ANNOUNCED)


def test_announcement_that_has_passed_is_refused(draft: PolicyUpdate) -> None:
    with pytest.raises(NotPublishable, match="The announcement has passed"):
        publish(draft, by=None, at=ANNOUNCED + SECOND)
    draft.refresh_from_db()
    assert draft.published_at is None


def test_published_ahead_is_announced_at_its_announcement(draft: PolicyUpdate) -> None:
    publish(draft, by=None, at=ANNOUNCED - timedelta(days=30))
    announced = [
        PolicyUpdate.objects.announced(at).exists() for at in (ANNOUNCED - SECOND, ANNOUNCED, ANNOUNCED + SECOND)
    ]
    assert announced == [False, True, True]


def test_draft_is_never_announced(draft: PolicyUpdate) -> None:
    assert not PolicyUpdate.objects.announced(MEANWHILE).exists()


@pytest.mark.parametrize("language", ["en", "zh-hans"])
@pytest.mark.parametrize("kind", DocumentKind)
def test_update_without_a_document_is_not_publishable(kind: DocumentKind, language: str, draft: PolicyUpdate) -> None:
    draft.documents.get(kind=kind, language=language).delete()
    with pytest.raises(NotPublishable) as refusal:
        publish(draft, by=None, at=ANNOUNCED)
    assert refusal.value.problems == [f"Missing: {kind.label}, {LANGUAGES[language]}."]
    draft.refresh_from_db()
    assert draft.published_at is None


def test_document_of_nothing_but_space_is_missing(draft: PolicyUpdate) -> None:
    draft.documents.filter(kind=DocumentKind.FAQ, language="en").update(markdown=" \n\n")
    assert problems_of(draft, ANNOUNCED) == ["Missing: Questions and answers, English."]


def test_update_with_an_unknown_placeholder_is_not_publishable(draft: PolicyUpdate) -> None:
    document = draft.documents.get(kind=DocumentKind.FAQ, language="en")
    document.markdown = "By {lastday}, {product} and {}."
    document.save()
    with pytest.raises(NotPublishable) as refusal:
        publish(draft, by=None, at=ANNOUNCED)
    assert refusal.value.problems == [
        "Questions and answers, English: there is no placeholder {}.",
        "Questions and answers, English: there is no placeholder {lastday}.",
    ]


def test_every_problem_is_named(draft: PolicyUpdate) -> None:
    draft.documents.all().delete()
    with pytest.raises(NotPublishable) as refusal:
        publish(draft, by=None, at=ANNOUNCED)
    assert len(refusal.value.problems) == len(DocumentKind) * 2


@pytest.mark.parametrize(
    ("setting", "problem"),
    [
        ({"allow_retention_years": 9999}, "Years kept if allowed: Ensure this value is less than or equal to 100."),
        ({"refuse_retention_days": 32767 * 2}, "Days kept otherwise: Ensure this value is less than or equal to 36500"),
        ({"last_day": date(9999, 12, 31)}, "The last day is more than 5 years after the announcement."),
        ({"reminder_days": "1, 7"}, "Reminders: Begin with the earliest reminder"),
        ({"reminder_days": "7, 7"}, "Reminders: Begin with the earliest reminder"),
        ({"reminder_days": "7, 0"}, "Reminders: Write whole days with commas between them"),
        ({"reminder_days": "366"}, "Reminders: Write whole days with commas between them"),
    ],
)
def test_setting_that_could_never_be_taken_back_is_not_publishable(
    setting: dict[str, Any], problem: str, draft: PolicyUpdate
) -> None:
    for name, value in setting.items():
        setattr(draft, name, value)
    assert [found for found in problems_of(draft, ANNOUNCED) if found.startswith(problem)], problem


def test_reminder_a_year_ahead_is_publishable(draft: PolicyUpdate) -> None:
    draft.reminder_days = "365, 1"
    assert problems_of(draft, ANNOUNCED) == []


def test_announcement_that_no_computer_reaches_is_named_alone(draft: PolicyUpdate) -> None:
    draft.announced_at, draft.last_day = datetime(9999, 12, 30, tzinfo=UTC), date(9999, 12, 31)
    (problem,) = problems_of(draft, ANNOUNCED)
    assert problem.startswith("Announced: Ensure this value is less than or equal to")


@pytest.mark.parametrize(
    ("announced_at", "last_day", "problem"),
    [
        (DEADLINE - SECOND, LAST_DAY, None),
        (DEADLINE, LAST_DAY, "The last day has ended before the announcement."),
        (ANNOUNCED, date(2030, 12, 31), None),
        (ANNOUNCED, date(2031, 1, 1), "The last day is more than 5 years after the announcement."),
        (EARLIEST - SECOND, date(1999, 1, 1), None),
        (EARLIEST, date(1999, 1, 1), "The last day has ended before the announcement."),
        (LATEST, date(2899, 1, 1), "The last day has ended before the announcement."),
        (LATEST + SECOND, date(2899, 1, 1), None),
    ],
)
def test_last_day_is_told_from_the_announcement(announced_at: datetime, last_day: date, problem: str | None) -> None:
    assert problem_of_last_day(announced_at, last_day) == problem


def test_longest_period_there_can_be_still_gives_a_date(alice: User) -> None:
    make_update(allow_retention_years=100)
    answer_as(alice, Training.ALLOW)
    expires_at = make_conversation(alice).expires_at
    assert expires_at is not None
    assert expires_at.year == MEANWHILE.year + 100


def test_update_is_published_once(update: PolicyUpdate) -> None:
    with refused(update, "published already"):
        publish(update, by=None, at=MEANWHILE)


# What has changed since its page was opened


def test_draft_that_was_edited_since_is_not_published(draft: PolicyUpdate, staff: User) -> None:
    seen = fingerprint(draft)
    PolicyUpdate.objects.update(refuse_retention_days=60)
    with refused(draft, "has changed since that page was opened"):
        publish(draft, by=staff, at=ANNOUNCED, seen=seen)
    PolicyUpdate.objects.update(refuse_retention_days=30)
    assert publish(draft, by=staff, at=ANNOUNCED, seen=seen).published_at == ANNOUNCED


def test_last_day_that_has_moved_there_and_back_since_is_not_moved(update: PolicyUpdate, staff: User) -> None:
    seen, at = fingerprint(update), ANNOUNCED - SECOND
    for day in (LATER, LAST_DAY):
        move_last_day(update, day, reason="Not announced yet.", by=staff, at=at)
    with refused(update, "has changed since that page was opened"):
        move_last_day(update, EARLIER, reason="Sooner.", by=staff, at=at, seen=seen)


# Rolling out


def test_percentage_grows() -> None:
    update = make_update(rollout_percentage=10)
    assert raise_rollout(update, 100, by=None, at=MEANWHILE).rollout_percentage == 100


@pytest.mark.parametrize("percentage", [10, 9, 0, -1, 101])
def test_percentage_neither_shrinks_nor_passes_100(percentage: int) -> None:
    update = make_update(rollout_percentage=10)
    with refused(update, "only grows"):
        raise_rollout(update, percentage, by=None, at=MEANWHILE)


def test_percentage_of_a_draft_is_edited(draft: PolicyUpdate) -> None:
    with refused(draft, "edited, not raised"):
        raise_rollout(draft, 100, by=None, at=MEANWHILE)


# The last day


def test_last_day_that_has_ended_before_the_announcement_is_not_publishable(draft: PolicyUpdate) -> None:
    draft.last_day = date(2025, 8, 27)
    draft.save(update_fields=["last_day"])
    with pytest.raises(NotPublishable) as refusal:
        publish(draft, by=None, at=ANNOUNCED)
    assert refusal.value.problems == ["The last day has ended before the announcement."]


def test_last_day_never_moves_to_before_the_announcement(update: PolicyUpdate, staff: User) -> None:
    with refused(update, "ended before the announcement"):
        move_last_day(update, date(2025, 8, 27), reason="Sooner.", by=staff, at=ANNOUNCED - SECOND)


def test_last_day_moves_with_its_reason(update: PolicyUpdate, staff: User) -> None:
    move = move_last_day(update, LATER, reason="More time to decide.", by=staff, at=MEANWHILE)
    update.refresh_from_db()
    assert update.last_day == LATER
    assert (move.kind, move.last_day, move.rollout_percentage) == (Act.LAST_DAY_MOVED, LATER, 100)
    assert (move.reason, move.actor, move.at) == ("More time to decide.", staff.principal, MEANWHILE)


@pytest.mark.parametrize("reason", ["", " \n"])
def test_last_day_needs_a_reason_to_move(reason: str, update: PolicyUpdate, staff: User) -> None:
    with refused(update, "needs a reason"):
        move_last_day(update, LATER, reason=reason, by=staff, at=MEANWHILE)


@pytest.mark.parametrize("at", [ANNOUNCED, ANNOUNCED + SECOND])
def test_last_day_never_moves_to_before_a_day_already_shown(at: datetime, update: PolicyUpdate, staff: User) -> None:
    with refused(update, "already shown"):
        move_last_day(update, EARLIER, reason="Sooner.", by=staff, at=at)


def test_last_day_moves_either_way_until_it_is_shown(update: PolicyUpdate, staff: User) -> None:
    for day in (EARLIER, LATER, LAST_DAY, EARLIER):
        move_last_day(update, day, reason="Not announced yet.", by=staff, at=ANNOUNCED - SECOND)
        update.refresh_from_db()
        assert update.last_day == day
    assert update.acts.filter(kind=Act.LAST_DAY_MOVED).count() == 4


def test_last_day_never_moves_back_once_it_was_moved_on(update: PolicyUpdate, staff: User) -> None:
    move_last_day(update, LATER, reason="More time.", by=staff, at=MEANWHILE)
    with refused(update, "already shown"):
        move_last_day(update, LAST_DAY, reason="After all not.", by=staff, at=MEANWHILE)


def test_last_day_does_not_move_to_where_it_is(update: PolicyUpdate, staff: User) -> None:
    with refused(update, "last day already"):
        move_last_day(update, LAST_DAY, reason="To be sure.", by=staff, at=MEANWHILE)


def test_last_day_moves_to_no_day_that_has_ended(update: PolicyUpdate, staff: User) -> None:
    deadline = PolicyUpdate(last_day=LATER).deadline
    with refused(update, "That day has ended everywhere already"):
        move_last_day(update, LATER, reason="As agreed then.", by=staff, at=deadline)
    move_last_day(update, LATER, reason="As agreed then.", by=staff, at=deadline - SECOND)
    update.refresh_from_db()
    assert update.last_day == LATER


@pytest.mark.parametrize("at", [ANNOUNCED - SECOND, MEANWHILE])
def test_last_day_moves_to_no_slip_of_the_keys(at: datetime, update: PolicyUpdate, staff: User) -> None:
    for year in (2205, 9999):
        with refused(update, "more than 5 years after the announcement"):
            move_last_day(update, date(year, 12, 31), reason="More time.", by=staff, at=at)


def test_last_day_of_a_draft_is_edited(draft: PolicyUpdate, staff: User) -> None:
    with refused(draft, "edited, not moved"):
        move_last_day(draft, LATER, reason="More time.", by=staff, at=MEANWHILE)
    draft.last_day = date(2025, 12, 31)
    draft.save(update_fields=["last_day"])
