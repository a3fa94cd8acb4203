"""The first reason that keeps a conversation out of training: each of them, in order, and at every boundary (rule E2).

Whatever happens to a conversation in any order is told by `tests.training.test_histories`.
"""

from datetime import datetime, timedelta

from accounts.actions import change_plan
from accounts.models import Plan, User
from conversations.actions import write_message
from conversations.eligibility import Reason
from conversations.models import Conversation
from privacy.models import PolicyUpdate, Training
from tests.factories import AFTERWARDS, DEADLINE, MEANWHILE, SECOND, answer_as, defer_as, make_conversation, make_update

ALLOW, REFUSE = Training.ALLOW, Training.REFUSE
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
LAST_DAY_OF_THE_SECOND = (AFTERWARDS + 5 * DAY).date()


def reason_of(conversation: Conversation, at: datetime) -> str:
    found: str = Conversation.objects.with_reason(at).get(pk=conversation.pk).reason
    return found


def around(conversation: Conversation, at: datetime) -> list[str]:
    """Return the reason a second before an instant, at it, and a second after it."""
    return [reason_of(conversation, instant) for instant in (at - SECOND, at, at + SECOND)]


def test_first_reason_that_applies_is_the_one_given(update: PolicyUpdate, alice: User) -> None:
    conversation, at = make_conversation(alice), DEADLINE
    stored, owner = Conversation.objects.filter(pk=conversation.pk), User.objects.filter(pk=alice.pk)

    given = [reason_of(conversation, at)]
    for rows, more in (
        (stored, {"excluded_at": at}),
        (stored, {"is_private": True}),
        (stored, {"has_commercial_message": True}),
        (stored, {"expires_at": at}),
        (stored, {"deleted_at": at}),
        (owner, {"closed_at": at, "is_active": False}),
        (owner, {"is_persona": True}),
    ):
        rows.update(**more)
        given.append(reason_of(conversation, at))

    assert given == [
        Reason.NEVER_ANSWERED,
        Reason.EXCLUDED,
        Reason.PRIVATE,
        Reason.COMMERCIAL,
        Reason.EXPIRED,
        Reason.DELETED,
        Reason.ACCOUNT_DELETED,
        Reason.PERSONA,
    ]


def test_nothing_of_an_account_is_used_while_staff_have_switched_it_off(update: PolicyUpdate, alice: User) -> None:
    answer_as(alice, ALLOW)
    conversation, owner = make_conversation(alice), User.objects.filter(pk=alice.pk)

    owner.update(is_active=False)
    assert reason_of(conversation, MEANWHILE) == Reason.ACCOUNT_DELETED

    owner.update(is_active=True)
    assert reason_of(conversation, MEANWHILE) == Reason.NONE


def test_who_has_only_put_the_question_off_has_never_answered(update: PolicyUpdate, alice: User) -> None:
    defer_as(alice)
    assert around(make_conversation(alice), DEADLINE) == [Reason.NEVER_ANSWERED] * 3


def test_refusal_is_a_reason_at_once(update: PolicyUpdate, alice: User) -> None:
    answer_as(alice, ALLOW)
    conversation = make_conversation(alice)
    assert reason_of(conversation, MEANWHILE) == Reason.NONE

    answer_as(alice, REFUSE, at=MEANWHILE + HOUR)
    assert reason_of(conversation, MEANWHILE + HOUR) == Reason.REFUSED


def test_new_period_brings_nothing_back_by_itself(update: PolicyUpdate, alice: User) -> None:
    answer_as(alice, ALLOW)
    conversation = make_conversation(alice)
    answer_as(alice, REFUSE, at=MEANWHILE + HOUR)
    answer_as(alice, ALLOW, at=MEANWHILE + 2 * HOUR)
    assert reason_of(conversation, MEANWHILE + 2 * HOUR) == Reason.NOT_RESUMED
    assert not Conversation.objects.covered().exists()

    write_message(alice, conversation, "Again", at=MEANWHILE + 3 * HOUR)

    assert reason_of(conversation, MEANWHILE + 3 * HOUR) == Reason.NONE
    assert Conversation.objects.covered().exists()


def test_period_begins_with_what_is_written_at_the_instant_of_the_answer(update: PolicyUpdate, alice: User) -> None:
    before = make_conversation(alice, at=MEANWHILE - SECOND)
    answer_as(alice, ALLOW, at=MEANWHILE)
    at_once, after = make_conversation(alice, at=MEANWHILE), make_conversation(alice, at=MEANWHILE + SECOND)

    given = [reason_of(conversation, MEANWHILE + SECOND) for conversation in (before, at_once, after)]

    assert given == [Reason.NOT_RESUMED, Reason.NONE, Reason.NONE]


def test_answer_stands_until_the_deadline_of_the_next_update(update: PolicyUpdate, alice: User) -> None:
    second = make_update("2025-10-01", announced_at=AFTERWARDS, last_day=LAST_DAY_OF_THE_SECOND)
    answer_as(alice, ALLOW)
    conversation = make_conversation(alice)

    assert around(conversation, DEADLINE) == [Reason.NONE] * 3, "It is the one that was answered."
    assert around(conversation, AFTERWARDS) == [Reason.NONE] * 3
    assert around(conversation, second.deadline) == [Reason.NONE, Reason.OVERDUE, Reason.OVERDUE]

    answer_as(alice, ALLOW, at=second.deadline)
    assert around(conversation, second.deadline) == [Reason.NONE] * 3


def test_refusal_of_an_update_is_overdue_from_the_deadline_of_the_next(update: PolicyUpdate, alice: User) -> None:
    second = make_update("2025-10-01", announced_at=AFTERWARDS, last_day=LAST_DAY_OF_THE_SECOND)
    answer_as(alice, REFUSE, at=AFTERWARDS - SECOND)
    conversation = make_conversation(alice, at=AFTERWARDS)
    assert around(conversation, second.deadline) == [Reason.REFUSED, Reason.OVERDUE, Reason.OVERDUE]


def test_update_that_is_not_material_needs_no_answer(update: PolicyUpdate, alice: User) -> None:
    other = make_update("2025-10-01", announced_at=AFTERWARDS, last_day=LAST_DAY_OF_THE_SECOND, is_material=False)
    answer_as(alice, ALLOW)
    conversation = make_conversation(alice)
    assert reason_of(conversation, other.deadline) == Reason.NONE


def test_retention_date_is_the_first_instant_of_no_use(update: PolicyUpdate, alice: User) -> None:
    """It is the one that is true now: a refusal shortens it before its task has."""
    answer_as(alice, ALLOW)
    conversation = make_conversation(alice)
    answer_as(alice, REFUSE, at=MEANWHILE + HOUR)
    date = MEANWHILE + HOUR + 30 * DAY
    assert around(conversation, date) == [Reason.REFUSED, Reason.EXPIRED, Reason.EXPIRED]


def test_commercial_plan_keeps_what_was_written_before_it_out_while_it_lasts(update: PolicyUpdate, alice: User) -> None:
    answer_as(alice, ALLOW)
    conversation = make_conversation(alice)
    change_plan(alice, Plan.TEAM, at=MEANWHILE + HOUR)
    assert reason_of(conversation, MEANWHILE + HOUR) == Reason.COMMERCIAL
    change_plan(alice, Plan.PRO, at=MEANWHILE + 2 * HOUR)
    assert reason_of(conversation, MEANWHILE + 2 * HOUR) == Reason.NONE
