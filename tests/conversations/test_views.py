"""The list of conversations, and one conversation."""

import uuid
from datetime import timedelta
from http import HTTPStatus

import pytest
from django.db import connection
from django.test import Client, override_settings
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.models import User
from conversations.actions import write_message
from conversations.models import Conversation, Message, Role
from privacy.models import PolicyUpdate, Training
from tests.conftest import MoveClock
from tests.factories import MEANWHILE, answer_as, make_conversation
from tests.pages import page

CHATS, NEW = "/chats/", "/chats/new/"


@pytest.fixture
def alices(client: Client, update: PolicyUpdate, alice: User, moved_to: MoveClock) -> Client:
    moved_to(MEANWHILE)
    answer_as(alice, Training.REFUSE)
    client.force_login(alice)
    return client


def test_list_has_ones_own_conversations_the_last_written_first(alices: Client, alice: User, mallory: User) -> None:
    make_conversation(alice, "Older", at=MEANWHILE - timedelta(days=1))
    make_conversation(alice, "Newer")
    make_conversation(mallory, "Mallory's")

    shown = page(alices.get(CHATS))

    assert [link.text for link in shown.one(id="conversation-list").all("a")] == ["Newer", "Older"]
    assert "Mallory's" not in shown.text


@pytest.mark.parametrize("address", [CHATS, "/chats/overview/"])
def test_list_of_nothing_says_so(alices: Client, address: str) -> None:
    said = page(alices.get(address)).one("p", class_="empty").text
    assert said.startswith("No chats yet. Each stands here with whether it may be used for training")


def test_list_costs_the_same_with_one_row_and_three(alices: Client, alice: User) -> None:
    counts = []
    for number in (1, 2):
        for _each in range(number):
            make_conversation(alice)
        with CaptureQueriesContext(connection) as captured:
            alices.get(CHATS)
        counts.append(len(captured))

    assert Conversation.objects.count() == 3
    assert counts[0] == counts[1]


def test_conversation_costs_the_same_with_one_message_and_three(alices: Client, alice: User) -> None:
    conversation = make_conversation(alice)
    counts = []
    for number in (0, 2):
        for _each in range(number):
            write_message(alice, conversation, "Again", at=MEANWHILE)
        with CaptureQueriesContext(connection) as captured:
            alices.get(conversation.get_absolute_url())
        counts.append(len(captured))

    assert conversation.messages.count() == 3
    assert counts[0] == counts[1]


def test_starting_a_chat_shows_it_with_its_reply(alices: Client, alice: User) -> None:
    response = alices.post(NEW, {"text": "Plan a hike"})
    conversation = Conversation.objects.get(user=alice)

    assert response["Location"] == conversation.get_absolute_url()
    shown = page(alices.get(response["Location"]))
    assert shown.one("h1").text == "Plan a hike"
    texts = [item.text for item in shown.one("ol").all("li")]
    assert texts[0].endswith("Plan a hike")
    assert "No model is connected here" in texts[1]


def test_writing_in_a_chat_adds_to_it(alices: Client, alice: User) -> None:
    conversation = make_conversation(alice)

    response = alices.post(reverse("conversations:write", args=[conversation.pk]), {"text": "And a lunch"})

    assert response["Location"] == conversation.get_absolute_url()
    assert [message.role for message in conversation.messages.all()] == [Role.OWNER, Role.OWNER, Role.ASSISTANT]


@override_settings(ASSISTANT="tests.conversations.assistants.Broken")
def test_message_is_saved_when_no_reply_came(alices: Client) -> None:
    response = alices.post(NEW, {"text": "Plan a hike"})
    shown = page(alices.get(response["Location"]))

    assert Message.objects.get().text == "Plan a hike"
    assert "No reply came. Your message is saved, and you can ask for the reply again." in shown.text


def test_text_in_a_conversation_is_text(alices: Client, alice: User) -> None:
    conversation = make_conversation(alice, "<script>alert(1)</script>\n<b>bold</b>")

    shown = page(alices.get(conversation.get_absolute_url()))

    assert "<script>alert(1)</script>" in shown.one("ol").text
    assert not shown.one("ol").all("b")
    assert all(script.raw == "" for script in shown.all("script"))


@pytest.mark.parametrize("text", ["", "   ", "\n", "x" * 20_001, "a\0b"])
@pytest.mark.parametrize("is_new", [True, False])
def test_text_that_can_not_be_sent_stays_in_its_field(alices: Client, alice: User, text: str, is_new: bool) -> None:
    conversation = make_conversation(alice)
    address = NEW if is_new else reverse("conversations:write", args=[conversation.pk])

    response = alices.post(address, {"text": text})
    shown = page(response)

    assert response.status_code == HTTPStatus.UNPROCESSABLE_ENTITY
    assert shown.one("title").text.startswith("Error: ")
    assert shown.one("textarea").raw.removeprefix("\n") == text
    assert shown.one("textarea")["aria-invalid"] == "true"
    (link,) = shown.one("div", class_="error-summary").all("a")
    assert link["href"] == f"#{shown.one('textarea')['id']}"
    assert Message.objects.count() == 1


def test_text_that_is_too_long_says_by_how_much(alices: Client) -> None:
    response = alices.post(NEW, {"text": "x" * 20_001})

    assert "20001" in page(response).one("div", class_="error-summary").text.replace(",", "")


def test_longest_text_can_be_sent(alices: Client) -> None:
    alices.post(NEW, {"text": "x" * 20_000})

    assert len(Message.objects.get(role=Role.OWNER).text) == 20_000


@pytest.mark.parametrize("route", ["conversations:chat", "conversations:write"])
def test_conversation_of_someone_else_is_not_there(
    alices: Client, alice: User, mallory: User, moved_to: MoveClock, route: str
) -> None:
    conversation = make_conversation(mallory, "Mallory's plan")

    for pk in (conversation.pk, uuid.uuid4()):
        for response in (alices.get(reverse(route, args=[pk])), alices.post(reverse(route, args=[pk]), {"text": "Hi"})):
            assert response.status_code in {HTTPStatus.NOT_FOUND, HTTPStatus.METHOD_NOT_ALLOWED}
            assert "Mallory's plan" not in response.content.decode()
    assert alices.get(reverse("conversations:chat", args=[conversation.pk])).status_code == HTTPStatus.NOT_FOUND
    assert conversation.messages.count() == 1


@pytest.mark.parametrize(("language", "date"), [("en", "September 10, 2025"), ("zh-hans", "2025年9月10日")])
def test_list_writes_dates_in_the_readers_language(alices: Client, alice: User, language: str, date: str) -> None:
    alice.language = language
    alice.save(update_fields=["language"])
    make_conversation(alice)

    assert date in page(alices.get(CHATS)).one(id="conversation-list").text


def test_list_writes_dates_in_the_readers_time_zone(alices: Client, alice: User) -> None:
    alice.time_zone = "Pacific/Kiritimati"  # UTC+14: already the 11th.
    alice.save(update_fields=["time_zone"])
    make_conversation(alice, at=MEANWHILE + timedelta(hours=2))

    assert "September 11, 2025" in page(alices.get(CHATS)).one(id="conversation-list").text
