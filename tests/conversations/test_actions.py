"""What is stored with each message, and what happens when nobody answers."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.actions import change_plan
from accounts.models import Plan, PlanClass, User
from conversations.actions import start_conversation, write_message
from conversations.models import ConversationKind, Role
from privacy.models import PolicyUpdate, Training
from tests.factories import MEANWHILE, SECOND, answer_as, make_conversation, make_user

HOUR = timedelta(hours=1)


def test_starting_a_conversation_stores_its_first_message(alice: User) -> None:
    message = start_conversation(alice, "Plan a hike\n  for  two", at=MEANWHILE, kind=ConversationKind.CODING_SESSION)

    conversation = message.conversation
    assert conversation.title == "Plan a hike for two"
    assert (conversation.user, conversation.kind) == (alice, ConversationKind.CODING_SESSION)
    assert conversation.created_at == conversation.last_message_at == message.created_at == MEANWHILE
    assert (message.role, message.text) == (Role.OWNER, "Plan a hike\n  for  two")


@pytest.mark.parametrize("text", ["x" * 500, "想" * 500, "😀" * 500, "हिन्दी" * 90, "é̂" * 200])
def test_title_of_a_conversation_is_cut_to_fit(alice: User, text: str) -> None:
    title = start_conversation(alice, text, at=MEANWHILE).conversation.title

    assert len(title) == 80
    assert title.endswith("…")


@pytest.mark.parametrize("training", [None, *Training])
def test_message_keeps_the_choice_it_was_written_under(
    update: PolicyUpdate, alice: User, training: Training | None
) -> None:
    if training:
        answer_as(alice, training)

    first = start_conversation(alice, "Hello", at=MEANWHILE)
    second = write_message(alice, first.conversation, "Hello again", at=MEANWHILE + HOUR)

    assert first.training == second.training == (training or "")


def test_message_keeps_its_choice_when_its_writer_changes_theirs(update: PolicyUpdate, alice: User) -> None:
    answer_as(alice, Training.ALLOW)
    conversation = make_conversation(alice)
    answer_as(alice, Training.REFUSE, at=MEANWHILE + HOUR)
    write_message(alice, conversation, "Written under refuse", at=MEANWHILE + HOUR)

    assert [message.training for message in conversation.messages.all()] == ["allow", "refuse"]


@pytest.mark.parametrize("plan", Plan)
def test_message_keeps_the_class_of_the_plan_it_was_written_under(db: None, plan: Plan) -> None:
    user = make_user(plan=plan)

    assert start_conversation(user, "Hello", at=MEANWHILE).plan_class == plan.plan_class


def test_message_takes_plan_and_choice_as_they_are_now_not_as_its_request_knew_them(
    update: PolicyUpdate, alice: User
) -> None:
    known_to_the_request = User.objects.get(pk=alice.pk)
    answer_as(alice, Training.ALLOW)
    change_plan(alice, Plan.TEAM, at=MEANWHILE)

    message = start_conversation(known_to_the_request, "Hello", at=MEANWHILE)

    assert message.plan_class == PlanClass.COMMERCIAL
    assert message.training == Training.ALLOW


@pytest.mark.parametrize("before", [None, Training.REFUSE])
def test_message_that_an_allow_overtakes_is_of_the_choice_before_it(
    update: PolicyUpdate, alice: User, before: Training | None
) -> None:
    """It was sent first, and waited for the lock that the answer held."""
    if before:
        answer_as(alice, before, at=MEANWHILE)
    answer_as(alice, Training.ALLOW, at=MEANWHILE + 2 * SECOND)
    answer_as(alice, Training.ALLOW, at=MEANWHILE + 3 * SECOND)

    message = start_conversation(alice, "Written before", at=MEANWHILE + SECOND)

    assert message.training == (before or "")
    assert message.conversation.allowed_message_at is None


def test_writing_takes_the_lock_before_it_reads_anything(update: PolicyUpdate, alice: User) -> None:
    conversation = make_conversation(alice)

    with CaptureQueriesContext(connection) as captured:
        write_message(alice, conversation, "Hello", at=MEANWHILE)

    statements = [query["sql"] for query in captured if "accounts_user" in query["sql"] or "privacy_" in query["sql"]]
    assert 'FROM "accounts_user"' in statements[0]
    if connection.vendor == "postgresql":
        assert "FOR NO KEY UPDATE" in statements[0]
    assert any("privacy_consentstate" in sql for sql in statements[1:])
