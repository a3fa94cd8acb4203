"""What is answered, by whom and with what; and what happens when nobody does."""

from collections.abc import Generator
from datetime import timedelta
from typing import cast

import pytest

from accounts.actions import change_plan
from accounts.models import Plan, PlanClass, User
from conversations.actions import delete_conversation, start_conversation, unanswered, write_message
from conversations.assistant import Assistant, Declined, NoReply
from conversations.models import Conversation, Message, Role
from conversations.replies import CONTEXT_MESSAGES, answer_message, context_of, pieces_of_reply
from privacy.models import PolicyUpdate, Training
from tests.conversations.assistants import BreaksOff, Broken, Declines, Echo, Says
from tests.factories import MEANWHILE, answer_as, make_conversation

HOUR = timedelta(hours=1)


def answered(message: Message, assistant: Assistant | None = None) -> Message:
    """Have a message answered, and return the reply."""
    answer_message(message, assistant or Echo(), at=lambda: MEANWHILE + HOUR)
    return Message.objects.get(answers=message)


def test_writing_moves_the_last_message_and_a_reply_does_not(alice: User) -> None:
    conversation = make_conversation(alice)
    message = write_message(alice, conversation, "Again", at=MEANWHILE)
    before = Conversation.objects.values().get()

    answered(message)

    assert Conversation.objects.values().get() == before


@pytest.mark.parametrize("training", Training)
def test_reply_takes_plan_and_choice_from_the_message_it_answers(
    update: PolicyUpdate, alice: User, training: Training
) -> None:
    answer_as(alice, training)
    message = start_conversation(alice, "Hello", at=MEANWHILE)
    other = Training.REFUSE if training is Training.ALLOW else Training.ALLOW
    answer_as(alice, other, at=MEANWHILE + HOUR)
    change_plan(alice, Plan.TEAM, at=MEANWHILE + HOUR)

    reply = answered(message)

    assert (reply.role, reply.training, reply.plan_class) == (Role.ASSISTANT, training, PlanClass.CONSUMER)


def test_assistant_is_given_the_latest_messages_in_order(alice: User) -> None:
    conversation = make_conversation(alice)
    for number in range(CONTEXT_MESSAGES + 5):
        message = write_message(alice, conversation, f"Number {number}", at=MEANWHILE)

    assert answered(message).text == f"{CONTEXT_MESSAGES}: Number {CONTEXT_MESSAGES + 4}"


def test_assistant_is_not_given_what_came_after_the_message(alice: User) -> None:
    conversation = make_conversation(alice, "First")
    first = conversation.messages.get()
    write_message(alice, conversation, "Second", at=MEANWHILE)

    assert answered(first).text == "1: First"


@pytest.mark.parametrize("assistant", [Broken(), BreaksOff()])
def test_message_stays_when_the_assistant_fails_and_can_be_answered_again(
    alice: User, caplog: pytest.LogCaptureFixture, assistant: Assistant
) -> None:
    message = start_conversation(alice, "Only between us", at=MEANWHILE)

    with pytest.raises(NoReply):
        answered(message, assistant)

    assert Message.objects.get() == message
    assert "The assistant failed to answer: ConnectionError." in caplog.text
    assert "Only between us" not in caplog.text
    assert unanswered(message.conversation) == message
    assert answered(message).text == "1: Only between us"
    assert unanswered(message.conversation) is None


def test_refusal_of_the_assistant_is_told_apart(alice: User) -> None:
    message = start_conversation(alice, "Hello", at=MEANWHILE)

    with pytest.raises(Declined):
        answered(message, Declines())


def test_message_has_one_reply_whoever_asks_again(alice: User) -> None:
    message = start_conversation(alice, "Hello", at=MEANWHILE)
    first = answered(message)

    answer_message(message, Echo(), at=lambda: MEANWHILE)

    assert Message.objects.get(role=Role.ASSISTANT) == first


def test_reply_to_what_was_deleted_meanwhile_is_not_kept(alice: User) -> None:
    message = start_conversation(alice, "Hello", at=MEANWHILE)
    pieces = pieces_of_reply(message, Echo(), at=lambda: MEANWHILE)
    next(pieces)
    delete_conversation(alice, message.conversation, at=MEANWHILE)

    assert list(pieces) == ["Hello"]

    assert Message.objects.get() == message


def test_who_leaves_in_the_middle_leaves_no_half_reply(alice: User) -> None:
    message = start_conversation(alice, "Hello", at=MEANWHILE)
    pieces = cast("Generator[str]", pieces_of_reply(message, Echo(), at=lambda: MEANWHILE))
    next(pieces)

    pieces.close()

    assert Message.objects.get() == message


def test_assistant_is_given_as_much_as_fits_and_the_message_itself_whatever_its_length(
    alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("conversations.replies.CONTEXT_CHARACTERS", 10)
    conversation = make_conversation(alice, "first")
    second = write_message(alice, conversation, "12345", at=MEANWHILE)
    third = write_message(alice, conversation, "67890", at=MEANWHILE)
    fourth = write_message(alice, conversation, "x" * 11, at=MEANWHILE)

    assert context_of(third) == [second, third]
    assert context_of(fourth) == [fourth]


def test_conversation_of_someone_else_is_not_in_the_context(alice: User, mallory: User) -> None:
    make_conversation(mallory, "Mallory's own")
    assert answered(start_conversation(alice, "Mine", at=MEANWHILE)).text == "1: Mine"


@pytest.mark.parametrize("pieces", [(), ("",), (" ", "\n")])
def test_reply_of_nothing_is_none(alice: User, pieces: tuple[str, ...]) -> None:
    message = start_conversation(alice, "Hello", at=MEANWHILE)
    with pytest.raises(NoReply):
        answered(message, Says(*pieces))
    assert unanswered(message.conversation) == message


def test_reply_without_end_is_cut_off_and_saved(alice: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("conversations.replies.LONGEST_REPLY", 10)
    for pieces, text in ((["12345"] * 9, "1234512345"), (["1234"] * 9, "123412341234")):
        assert answered(start_conversation(alice, "Go on", at=MEANWHILE), Says(*pieces)).text == text


def test_reply_is_saved_at_the_instant_it_is_whole(alice: User) -> None:
    message = start_conversation(alice, "Hello", at=MEANWHILE)
    assert answered(message).created_at == MEANWHILE + HOUR
