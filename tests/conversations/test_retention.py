"""Until when a conversation is kept: calendar years, and what a refusal and an exclusion do to it (rule D1)."""

import signal
from datetime import UTC, date, datetime, timedelta

import pytest

from accounts.actions import change_plan
from accounts.models import Plan, User
from conversations import actions
from conversations.models import Conversation
from conversations.retention import years_after
from privacy import effects
from privacy.models import PolicyUpdate, Training, TrainingRefusal
from tests.factories import MEANWHILE, SECOND, answer_as, make_conversation, make_update, make_user
from tests.processes import start

DAY = timedelta(days=1)


def date_of(conversation: Conversation) -> datetime | None:
    found: datetime | None = Conversation.objects.with_kept_until().get(pk=conversation.pk).kept_until
    return found


@pytest.mark.parametrize(
    ("at", "years", "expected"),
    [
        ("2024-02-29T12:00Z", 5, "2029-02-28T12:00Z"),
        ("2024-02-29T12:00Z", 4, "2028-02-29T12:00Z"),
        ("2025-09-10T09:00Z", 5, "2030-09-10T09:00Z"),
        ("2025-02-28T23:59Z", 3, "2028-02-28T23:59Z"),
    ],
)
def test_years_are_those_of_the_calendar(at: str, years: int, expected: str) -> None:
    assert years_after(datetime.fromisoformat(at), years) == datetime.fromisoformat(expected)


def test_date_is_told_from_the_owners_last_message(update: PolicyUpdate, alice: User) -> None:
    unanswered = make_conversation(alice)
    assert date_of(unanswered) == MEANWHILE + 30 * DAY
    answer_as(alice, Training.ALLOW, at=MEANWHILE + DAY)
    assert date_of(unanswered) == MEANWHILE + 30 * DAY, "an allow moves nothing by itself"

    actions.write_message(alice, unanswered, "Again", at=MEANWHILE + 2 * DAY)

    assert date_of(unanswered) == datetime(2030, 9, 12, 9, tzinfo=UTC)


def test_allow_that_came_while_a_message_waited_does_not_cover_it(update: PolicyUpdate, alice: User) -> None:
    answer_as(alice, Training.ALLOW, at=MEANWHILE + SECOND)

    conversation = make_conversation(alice, at=MEANWHILE)

    assert Conversation.objects.with_reason(MEANWHILE + SECOND).get().reason == "not_resumed"
    assert date_of(conversation) == MEANWHILE + 30 * DAY


def test_private_conversation_is_kept_for_the_short_time(update: PolicyUpdate, alice: User) -> None:
    answer_as(alice, Training.ALLOW)
    message = actions.start_conversation(alice, "A secret", at=MEANWHILE + SECOND, private=True)

    assert date_of(message.conversation) == MEANWHILE + SECOND + 30 * DAY


def test_commercial_conversation_has_no_date_until_its_owner_writes_as_a_consumer(
    update: PolicyUpdate, alice: User
) -> None:
    change_plan(alice, Plan.TEAM, at=MEANWHILE)
    conversation = make_conversation(alice)
    assert date_of(conversation) is None
    change_plan(alice, Plan.FREE, at=MEANWHILE + DAY)
    assert date_of(conversation) is None

    actions.write_message(alice, conversation, "Again", at=MEANWHILE + 2 * DAY)

    assert date_of(conversation) == MEANWHILE + 32 * DAY
    assert Conversation.objects.with_reason(MEANWHILE + 2 * DAY).get().reason == "commercial"


def test_excluding_what_was_last_written_under_a_commercial_plan_gives_it_no_date(
    update: PolicyUpdate, alice: User
) -> None:
    answer_as(alice, Training.ALLOW)
    conversation = make_conversation(alice)
    change_plan(alice, Plan.TEAM, at=MEANWHILE + DAY)
    actions.write_message(alice, conversation, "At work", at=MEANWHILE + DAY)

    actions.exclude_conversation(alice, conversation, at=MEANWHILE + 2 * DAY)

    assert date_of(conversation) is None


def test_dates_stand_while_someone_is_on_a_commercial_plan(update: PolicyUpdate, alice: User) -> None:
    answer_as(alice, Training.ALLOW)
    conversation = make_conversation(alice, at=MEANWHILE + SECOND)
    before = date_of(conversation)

    change_plan(alice, Plan.TEAM, at=MEANWHILE + DAY)

    assert date_of(conversation) == before


def test_periods_are_those_of_the_update_that_was_answered(alice: User) -> None:
    make_update(allow_retention_years=2, refuse_retention_days=10)
    answer_as(alice, Training.ALLOW)
    make_update("2026-01-01", announced_at=datetime(2026, 1, 1, tzinfo=UTC), last_day=date(2026, 2, 1))
    at = datetime(2026, 1, 10, tzinfo=UTC)

    conversation = make_conversation(alice, at=at)

    assert date_of(conversation) == datetime(2028, 1, 10, tzinfo=UTC)


def test_periods_of_who_has_answered_nothing_are_those_of_the_update_that_is_asked(alice: User) -> None:
    make_update(refuse_retention_days=10)
    assert date_of(make_conversation(alice)) == MEANWHILE + 10 * DAY


def test_before_any_update_what_an_update_says_by_default_holds(alice: User) -> None:
    assert date_of(make_conversation(alice)) == MEANWHILE + 30 * DAY


def test_two_refusals_that_wait_shorten_each_what_it_reaches(update: PolicyUpdate, alice: User) -> None:
    answer_as(alice, Training.ALLOW)
    first = make_conversation(alice, "First", at=MEANWHILE + SECOND)
    answer_as(alice, Training.REFUSE, at=MEANWHILE + DAY)
    answer_as(alice, Training.ALLOW, at=MEANWHILE + 2 * DAY)
    second = make_conversation(alice, "Second", at=MEANWHILE + 3 * DAY)
    answer_as(alice, Training.REFUSE, at=MEANWHILE + 4 * DAY)
    dates = MEANWHILE + 31 * DAY, MEANWHILE + 34 * DAY
    assert (date_of(first), date_of(second)) == dates

    for refusal in reversed(actions.refusals_to_apply()):
        actions.apply_refusal(refusal.pk)

    assert (date_of(first), date_of(second)) == dates
    assert tuple(Conversation.objects.order_by("created_at").values_list("expires_at", flat=True)) == dates


@pytest.mark.parametrize("between", [(), (Training.ALLOW,)])
def test_refusal_that_ends_no_coverage_moves_no_date(alice: User, between: tuple[Training, ...]) -> None:
    """It comes under an update that keeps what is refused for less, when the first has ended the coverage already."""
    make_update(refuse_retention_days=30)
    answer_as(alice, Training.ALLOW)
    conversation = make_conversation(alice, at=MEANWHILE + SECOND)
    answer_as(alice, Training.REFUSE, at=MEANWHILE + DAY)
    make_update("2025-09-12", announced_at=MEANWHILE + 2 * DAY, last_day=date(2025, 10, 12), refuse_retention_days=14)
    for number, training in enumerate((*between, Training.REFUSE)):
        answer_as(alice, training, at=MEANWHILE + (3 + number) * DAY)
    assert date_of(conversation) == MEANWHILE + 31 * DAY

    for refusal in reversed(actions.refusals_to_apply()):
        actions.apply_refusal(refusal.pk)

    assert date_of(conversation) == MEANWHILE + 31 * DAY


def test_message_that_was_committed_before_an_earlier_refusal_keeps_nothing_for_longer(
    update: PolicyUpdate, alice: User
) -> None:
    """The refusal was asked for first, and waited for the lock that the message held."""
    answer_as(alice, Training.ALLOW)
    conversation = make_conversation(alice, at=MEANWHILE + DAY + SECOND)

    answer_as(alice, Training.REFUSE, at=MEANWHILE + DAY)
    for refusal in actions.refusals_to_apply():
        actions.apply_refusal(refusal.pk)

    assert date_of(conversation) == MEANWHILE + 31 * DAY


@pytest.mark.parametrize("last", [Training.ALLOW, Training.REFUSE])
def test_refusal_applied_late_leaves_what_was_allowed_after_it(
    update: PolicyUpdate, alice: User, last: Training
) -> None:
    answer_as(alice, Training.ALLOW)
    answer_as(alice, Training.REFUSE, at=MEANWHILE + DAY)
    answer_as(alice, Training.ALLOW, at=MEANWHILE + 2 * DAY)
    conversation = make_conversation(alice, at=MEANWHILE + 3 * DAY)
    answer_as(alice, last, at=MEANWHILE + 4 * DAY)
    before = date_of(conversation)

    actions.apply_refusal(TrainingRefusal.objects.earliest("at").pk)

    assert date_of(conversation) == before


def test_refusal_that_waits_shortens_nothing_of_anyone_else(update: PolicyUpdate, alice: User, mallory: User) -> None:
    answer_as(alice, Training.ALLOW)
    answer_as(mallory, Training.ALLOW)
    conversation = make_conversation(alice)

    answer_as(mallory, Training.REFUSE, at=MEANWHILE + DAY)

    assert date_of(conversation) == datetime(2030, 9, 10, 9, tzinfo=UTC)


def test_excluding_while_a_refusal_waits_keeps_what_it_says(update: PolicyUpdate, alice: User) -> None:
    answer_as(alice, Training.ALLOW)
    conversation = make_conversation(alice, at=MEANWHILE + SECOND)
    answer_as(alice, Training.REFUSE, at=MEANWHILE + DAY)

    actions.exclude_conversation(alice, conversation, at=MEANWHILE + 5 * DAY)

    assert date_of(conversation) == MEANWHILE + 31 * DAY


@pytest.mark.django_db(transaction=True)
def test_refusal_is_confirmed_and_applied_though_something_else_it_reaches_fails(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fails(_refusal: object) -> None:
        raise ConnectionError

    monkeypatch.setattr(effects, "on_refusal", [fails, *effects.on_refusal])
    make_update()
    alice = make_user("alice@example.com")
    answer_as(alice, Training.ALLOW)
    conversation = make_conversation(alice)

    answer_as(alice, Training.REFUSE, at=MEANWHILE + DAY)

    conversation.refresh_from_db()
    assert conversation.expires_at == MEANWHILE + 31 * DAY
    assert TrainingRefusal.objects.get().applied_at is not None
    assert "ConnectionError" in caplog.text


@pytest.mark.django_db(transaction=True)
def test_shortening_that_is_killed_again_and_again_ends_with_every_date() -> None:
    make_update()
    alice = make_user("alice@example.com")
    answer_as(alice, Training.ALLOW)
    at = MEANWHILE + SECOND
    Conversation.objects.bulk_create(
        Conversation(
            user=alice,
            title="One of many",
            created_at=at,
            last_message_at=at,
            allowed_message_at=at,
            expires_at=years_after(at, 5),
        )
        for _ in range(400)
    )
    refusal = TrainingRefusal.objects.create(
        user=alice, at=MEANWHILE + DAY, recorded_at=MEANWHILE, kept_until=MEANWHILE + 31 * DAY
    )
    resumed = Conversation.objects.order_by("pk").last()
    assert resumed is not None

    for number in (1, 3, 6):
        process = start("-c", SHORTEN, str(refusal.pk), str(number))
        assert process.stdout is not None
        assert process.stdout.readline() == "in the middle\n"
        process.send_signal(signal.SIGKILL)
        process.communicate()
        refusal.refresh_from_db()
        assert refusal.applied_at is None
    assert 0 < Conversation.objects.filter(expires_at=refusal.kept_until).count() < 400
    actions.write_message(alice, resumed, "Resumed meanwhile", at=MEANWHILE + 2 * DAY)

    actions.apply_refusal(refusal.pk)

    assert Conversation.objects.filter(expires_at=refusal.kept_until).count() == 399
    resumed.refresh_from_db()
    assert resumed.expires_at == years_after(MEANWHILE + 2 * DAY, 5)
    refusal.refresh_from_db()
    assert refusal.applied_at is not None


# A process that stops after so many batches, to be killed there.
SHORTEN = """
import sys, time, django
django.setup()
from django.db.models import QuerySet
from conversations import actions
actions.BATCH, batches, real = 20, int(sys.argv[2]), QuerySet.update
def update(self, **values):
    global batches
    if "expires_at" in values:
        batches -= 1
        if batches < 0:
            print("in the middle", flush=True)
            time.sleep(60)
    return real(self, **values)
QuerySet.update = update
actions.apply_refusal(sys.argv[1])
"""
