"""What is stored with each message, and what happens when nobody answers."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from accounts.actions import change_plan
from accounts.models import JournalEntry, Plan, PlanClass, User
from conversations import actions
from conversations.actions import save_reply, start_conversation, unanswered, write_message
from conversations.models import Conversation, ConversationKind, Format, Message, Role
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


@pytest.mark.parametrize("length", [79, 80])
def test_text_that_fits_is_a_title_as_it_is(alice: User, length: int) -> None:
    assert start_conversation(alice, "x" * length, at=MEANWHILE).conversation.title == "x" * length
    assert start_conversation(alice, "x" * 80 + "y", at=MEANWHILE).conversation.title == "x" * 79 + "…"


def test_clock_that_is_set_back_moves_no_last_message(update: PolicyUpdate, alice: User) -> None:
    answer_as(alice, Training.ALLOW)
    conversation = make_conversation(alice, at=MEANWHILE + HOUR)
    before = Conversation.objects.values().get()

    message = write_message(alice, conversation, "Earlier", at=MEANWHILE)

    assert Conversation.objects.values().get() == before
    assert message.created_at == MEANWHILE


def test_writing_moves_every_date_that_hangs_on_it(update: PolicyUpdate, alice: User) -> None:
    conversation = make_conversation(alice)
    answer_as(alice, Training.ALLOW, at=MEANWHILE + HOUR)
    write_message(alice, conversation, "Under allow", at=MEANWHILE + HOUR)

    stored = Conversation.objects.get()
    assert stored.last_message_at == stored.allowed_message_at == MEANWHILE + HOUR
    assert stored.expires_at == (MEANWHILE + HOUR).replace(year=2030)
    change_plan(alice, Plan.TEAM, at=MEANWHILE + HOUR)
    write_message(alice, conversation, "On a team", at=MEANWHILE + 2 * HOUR)

    assert Conversation.objects.values_list("has_commercial_message", "expires_at").get() == (True, None)


def test_block_is_one_in_a_coding_session_alone(alice: User) -> None:
    for kind, stored in ((ConversationKind.CODING_SESSION, Format.DIFF), (ConversationKind.CHAT, Format.TEXT)):
        first = start_conversation(alice, "-a\n+b", at=MEANWHILE, kind=kind, format=Format.DIFF)
        second = write_message(alice, first.conversation, "-b\n+c", at=MEANWHILE, format=Format.DIFF)
        assert first.format == second.format == stored


def test_form_that_is_sent_again_after_the_conversation_went_on_starts_no_other(alice: User) -> None:
    first = start_conversation(alice, "Once", at=MEANWHILE)
    write_message(alice, first.conversation, "More", at=MEANWHILE)

    again = start_conversation(alice, "Once", at=MEANWHILE, key=first.conversation_id)

    assert again == first
    assert Conversation.objects.count() == 1


def test_form_of_what_was_deleted_starts_another_though_there_are_others(alice: User) -> None:
    make_conversation(alice, "Once")
    first = start_conversation(alice, "Once", at=MEANWHILE)
    actions.delete_conversation(alice, first.conversation, at=MEANWHILE)

    again = start_conversation(alice, "Once", at=MEANWHILE, key=first.conversation_id)

    assert again.conversation_id != first.conversation_id
    assert Conversation.objects.for_user(alice, MEANWHILE).count() == 2


def test_key_of_someone_else_leads_to_nothing_of_theirs(alice: User, mallory: User) -> None:
    first = start_conversation(alice, "Once", at=MEANWHILE)
    with pytest.raises(IntegrityError), transaction.atomic():
        start_conversation(mallory, "Once", at=MEANWHILE, key=first.conversation_id)
    assert Message.objects.get() == first
    assert start_conversation(mallory, "Once", at=MEANWHILE).conversation.user == mallory


def test_text_that_a_reply_repeats_or_that_came_before_is_still_written(alice: User) -> None:
    first = start_conversation(alice, "Yes", at=MEANWHILE)
    reply = save_reply(first, "Yes", at=MEANWHILE)
    assert reply is not None

    second = write_message(alice, first.conversation, "Yes", at=MEANWHILE, after=first.pk)
    third = write_message(alice, first.conversation, "Yes", at=MEANWHILE)

    assert len({first.pk, reply.pk, second.pk, third.pk}) == Message.objects.count() == 4
    assert write_message(alice, first.conversation, "Yes", at=MEANWHILE, after=first.pk) == second


def test_last_message_of_its_owner_is_the_unanswered_one(alice: User) -> None:
    first = start_conversation(alice, "First", at=MEANWHILE)
    second = write_message(alice, first.conversation, "Second", at=MEANWHILE)
    assert unanswered(first.conversation) == second
    save_reply(second, "To the second", at=MEANWHILE)
    assert unanswered(first.conversation) is None, "what was passed over is not asked for again"


def test_reply_belongs_where_its_message_is_and_the_first_one_stays(alice: User) -> None:
    message = start_conversation(alice, "Hello", at=MEANWHILE)
    reply = save_reply(message, "One", at=MEANWHILE + HOUR)
    assert reply is not None
    assert (reply.conversation, reply.created_at, reply.answers) == (message.conversation, MEANWHILE + HOUR, message)
    again = save_reply(message, "Two", at=MEANWHILE + 2 * HOUR)
    assert again is not None
    assert (again.pk, again.text, again.created_at) == (reply.pk, "One", MEANWHILE + HOUR)


def test_what_was_done_already_is_neither_done_nor_written_down_again(update: PolicyUpdate, alice: User) -> None:
    answer_as(alice, Training.ALLOW)
    conversation = make_conversation(alice)
    actions.lift_exclusion(alice, conversation, at=MEANWHILE)
    for hours in (1, 2):
        actions.exclude_conversation(alice, conversation, at=MEANWHILE + hours * HOUR)
    assert Conversation.objects.get().excluded_at == MEANWHILE + HOUR
    for hours in (3, 4):
        actions.lift_exclusion(alice, conversation, at=MEANWHILE + hours * HOUR)
    for hours in (5, 6):
        actions.delete_conversation(alice, conversation, at=MEANWHILE + hours * HOUR)
    assert Conversation.objects.get().deleted_at == MEANWHILE + 5 * HOUR
    for _click in range(2):
        actions.undo_deletion(alice, conversation, at=MEANWHILE + 5 * HOUR)

    assert [(entry.act, entry.at) for entry in JournalEntry.objects.order_by("recorded_at")] == [
        ("conversation_excluded", MEANWHILE + HOUR),
        ("exclusion_lifted", MEANWHILE + 3 * HOUR),
        ("conversation_deleted", MEANWHILE + 5 * HOUR),
        ("deletion_undone", MEANWHILE + 5 * HOUR),
    ]


def test_nobody_acts_on_a_conversation_of_someone_else(alice: User, mallory: User) -> None:
    conversation = make_conversation(alice)
    before = Conversation.objects.values().get()
    actions.delete_conversation(mallory, conversation, at=MEANWHILE)
    for act in (actions.exclude_conversation, actions.lift_exclusion, actions.undo_deletion):
        with pytest.raises(actions.Gone):
            act(mallory, conversation, at=MEANWHILE)
    with pytest.raises(actions.Gone):
        write_message(mallory, conversation, "Mine", at=MEANWHILE)

    assert Conversation.objects.values().get() == before
    assert conversation.messages.count() == 1
    assert not JournalEntry.objects.exists()


def test_undoing_brings_back_that_one_alone_and_says_when_it_is_too_late(alice: User) -> None:
    make_conversation(alice)
    first, second = make_conversation(alice), make_conversation(alice)
    for conversation in (first, second):
        actions.delete_conversation(alice, conversation, at=MEANWHILE)

    actions.undo_deletion(alice, first, at=MEANWHILE)

    assert set(Conversation.objects.filter(deleted_at__isnull=False)) == {second}
    with pytest.raises(actions.Gone):
        actions.undo_deletion(alice, second, at=MEANWHILE + actions.UNDO)
