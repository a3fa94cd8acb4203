"""Writing in a conversation, and the reply as it streams."""

import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import User
from conversations.actions import delete_conversation, start_conversation
from conversations.assistant import OfflineAssistant
from conversations.eligibility import Reason
from conversations.models import Conversation, ConversationKind, Format, Message, Role
from privacy.models import PolicyUpdate, Training
from tests.conftest import MoveClock
from tests.factories import AFTERWARDS, MEANWHILE, SECOND, answer_as, make_conversation
from tests.pages import page

HTMX = {"hx-request": "true"}
NEW = reverse("conversations:start")
ASSISTANTS = "tests.conversations.assistants"


@pytest.fixture
def alices(client: Client, update: PolicyUpdate, alice: User, moved_to: MoveClock, settings: Any) -> Client:
    moved_to(MEANWHILE)
    answer_as(alice, Training.ALLOW, at=MEANWHILE - SECOND)
    client.force_login(alice)
    settings.ASSISTANT = f"{ASSISTANTS}.Echo"
    return client


def address(name: str, conversation: Conversation) -> str:
    return reverse(f"conversations:{name}", args=[conversation.pk])


def events(response: Any) -> list[str]:
    """Return the events of a stream, each without what frames it."""
    body = b"".join(response.streaming_content).decode()
    assert "\r" not in body, "it would end a line as a line feed does"
    assert re.fullmatch(r"((data: .*\n)+\n)+", body), "nothing but unnamed events, each of them whole"
    return ["\n".join(line.removeprefix("data: ") for line in event.split("\n")) for event in body.split("\n\n")[:-1]]


def test_reply_streams_as_parts_of_the_page_and_is_saved_whole(alices: Client, alice: User) -> None:
    conversation = make_conversation(alice)

    response = alices.post(address("write", conversation), {"text": "And **then**?"}, headers=HTMX)

    assert response["Content-Type"] == "text/event-stream"
    assert response["Content-Encoding"] == "identity"
    assert response["X-Accel-Buffering"] == "no"
    begins, first, second, ends = events(response)
    assert "<strong>then</strong>" in begins
    assert "The reply is being written." in begins
    assert "May be used for training" in begins, "the badge says what is true now"
    assert "<span>2: </span>" in first
    assert "<span>And **then**?</span>" in second
    assert "2: And <strong>then</strong>?" in ends
    reply = Message.objects.get(role=Role.ASSISTANT)
    assert (reply.text, reply.answers and reply.answers.text) == ("2: And **then**?", "And **then**?")


def test_nothing_written_can_end_an_event_and_begin_another(alices: Client, alice: User) -> None:
    conversation = make_conversation(alice, kind=ConversationKind.CODING_SESSION)
    text = "x\revent: submit\rdata: y\n\nevent: submit"

    told = events(alices.post(address("write", conversation), {"text": text, "format": "code"}, headers=HTMX))

    assert len(told) > 2
    assert Message.objects.filter(role=Role.ASSISTANT).exists()


def test_stream_is_in_the_language_of_its_reader(alices: Client, alice: User) -> None:
    alice.language = "zh-hans"
    alice.save(update_fields=["language"])

    *_rest, ends = events(alices.post(address("write", make_conversation(alice)), {"text": "你好"}, headers=HTMX))

    assert "助手" in ends


@pytest.mark.parametrize(
    ("assistant", "said"),
    [
        ("Broken", "No reply came. Your message is saved, and you can ask for the reply again."),
        ("BreaksOff", "No reply came. Your message is saved, and you can ask for the reply again."),
        ("Declines", "The assistant declined to answer this message."),
    ],
)
def test_reply_that_fails_is_said_and_can_be_asked_for_again(
    alices: Client, alice: User, settings: Any, assistant: str, said: str
) -> None:
    settings.ASSISTANT = f"{ASSISTANTS}.{assistant}"
    conversation = make_conversation(alice)

    *_rest, fails = events(alices.post(address("write", conversation), {"text": "Again"}, headers=HTMX))

    assert said in fails
    assert address("reply", conversation) in fails
    assert page(alices.get(conversation.get_absolute_url())).all("form", action=address("reply", conversation))
    settings.ASSISTANT = f"{ASSISTANTS}.Echo"
    *_rest, ends = events(alices.post(address("reply", conversation), headers=HTMX))
    assert "2: Again" in ends
    assert 'tabindex="-1" autofocus' in ends, "the button that had focus is gone"
    assert not page(alices.get(conversation.get_absolute_url())).all("form", action=address("reply", conversation))


def test_reply_can_be_asked_for_without_a_script(alices: Client, alice: User) -> None:
    conversation = make_conversation(alice)

    response = alices.post(address("reply", conversation))

    assert response["Location"] == conversation.get_absolute_url()
    assert Message.objects.get(role=Role.ASSISTANT).text == "1: Plan a weekend hike with me."
    assert alices.post(address("reply", conversation))["Location"] == conversation.get_absolute_url()
    assert Message.objects.filter(role=Role.ASSISTANT).count() == 1


def test_who_leaves_ends_the_stream_and_leaves_the_message(alices: Client, alice: User) -> None:
    conversation = make_conversation(alice)
    response = alices.post(address("write", conversation), {"text": "And then?"}, headers=HTMX)
    stream: Iterator[bytes] = iter(response.streaming_content)  # type: ignore[attr-defined]  # it streams
    next(stream)
    next(stream)

    for close in response._resource_closers:  # type: ignore[attr-defined]  # the stubs lack it
        close()

    assert [message.role for message in Message.objects.all()] == [Role.OWNER, Role.OWNER]


def test_conversation_that_is_deleted_while_its_reply_streams_ends_with_a_sentence(alices: Client, alice: User) -> None:
    conversation = make_conversation(alice)
    response = alices.post(address("write", conversation), {"text": "And then?"}, headers=HTMX)
    delete_conversation(alice, conversation, at=MEANWHILE)

    *_rest, last = events(response)

    assert "This conversation is no longer there" in last
    assert not Message.objects.filter(role=Role.ASSISTANT).exists()


def test_gate_that_closes_in_mid_chat_lets_the_reply_finish_and_keeps_the_next_draft(
    client: Client, update: PolicyUpdate, alice: User, moved_to: MoveClock, settings: Any
) -> None:
    settings.ASSISTANT = f"{ASSISTANTS}.Echo"
    conversation = make_conversation(alice)
    moved_to(MEANWHILE)
    client.force_login(alice)
    response = client.post(address("write", conversation), {"text": "And then?"}, headers=HTMX)
    moved_to(AFTERWARDS)

    assert "2: And then?" in events(response)[-1]
    refused = client.post(address("write", conversation), {"text": "Half a thought"}, headers=HTMX)

    assert refused["HX-Redirect"].startswith(reverse("privacy:question"))
    assert not Message.objects.filter(text="Half a thought").exists()
    answer_as(alice, Training.REFUSE, at=AFTERWARDS)
    assert "Half a thought" in page(client.get(conversation.get_absolute_url())).one("textarea").text


def test_what_was_to_be_private_still_is_after_the_gate(
    client: Client, update: PolicyUpdate, alice: User, moved_to: MoveClock
) -> None:
    moved_to(AFTERWARDS)
    client.force_login(alice)

    refused = client.post(NEW, {"text": "A secret", "private": "on"})

    assert "next=%2Fchats%2F" in refused["Location"]
    client.post(NEW, {"text": "And in another tab"})
    answer_as(alice, Training.REFUSE, at=AFTERWARDS)
    shown = page(client.get("/chats/"))
    assert "A secret And in another tab" in shown.one("textarea").text
    assert "checked" in shown.one("input", name="private").attributes


# What can't be sent is not lost


def test_refused_text_comes_back_in_its_place(alices: Client, alice: User) -> None:
    conversation = make_conversation(alice)

    response = alices.post(address("write", conversation), {"text": "x" * 20_001}, headers=HTMX)

    assert response.status_code == 422
    html = response.content.decode()
    assert html.strip().startswith('<form id="composer"')
    assert "x" * 20_001 in html
    started = alices.post(NEW, {"text": ""}, headers=HTMX)
    assert started.status_code == 422
    assert started.content.decode().strip().startswith('<form id="composer"')


@pytest.mark.parametrize("headers", [{}, HTMX])
def test_text_for_a_conversation_that_is_gone_is_given_back(
    alices: Client, alice: User, headers: dict[str, str]
) -> None:
    conversation = make_conversation(alice)
    delete_conversation(alice, conversation, at=MEANWHILE)

    response = alices.post(address("write", conversation), {"text": "Too late?"}, headers=headers)

    assert response.status_code == 404
    assert "Too late?" in response.content.decode()
    assert not Message.objects.filter(text="Too late?").exists()


def test_text_in_a_form_that_is_out_of_date_is_given_back(alice: User, update: PolicyUpdate) -> None:
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(alice)

    response = strict.post(NEW, {"text": "Not lost"}, headers=HTMX)

    assert response.status_code == 403
    assert "Not lost" in response.content.decode()


# Sent twice


def test_same_form_sent_twice_starts_one_conversation(alices: Client) -> None:
    key = page(alices.get(reverse("conversations:index"))).one("input", name="key")["value"]

    first = alices.post(NEW, {"text": "Once", "key": key})
    second = alices.post(NEW, {"text": "Once", "key": key})

    assert first["Location"] == second["Location"] == f"/chats/{key}/"
    assert Conversation.objects.count() == 1
    alices.post(NEW, {"text": "Something else", "key": key})
    assert Conversation.objects.count() == 2


def test_form_of_a_conversation_that_was_deleted_starts_another(alices: Client, alice: User) -> None:
    key = page(alices.get(reverse("conversations:index"))).one("input", name="key")["value"]
    alices.post(NEW, {"text": "Once", "key": key})
    delete_conversation(alice, Conversation.objects.get(), at=MEANWHILE)

    alices.post(NEW, {"text": "Once", "key": key})

    assert Conversation.objects.for_user(alice, MEANWHILE).count() == 1


def test_form_sent_again_as_private_makes_its_conversation_private(alices: Client, alice: User) -> None:
    """The answer was slow, or lost on its way, and its writer thought better of it meanwhile."""
    key = page(alices.get(reverse("conversations:index"))).one("input", name="key")["value"]
    alices.post(NEW, {"text": "A secret", "key": key})
    assert Conversation.objects.eligible(MEANWHILE).exists()

    alices.post(NEW, {"text": "A secret", "key": key, "private": "on"})

    conversation = Conversation.objects.with_reason(MEANWHILE).get()
    assert (conversation.reason, conversation.messages.filter(role=Role.OWNER).count()) == (Reason.PRIVATE, 1)
    assert conversation.expires_at == MEANWHILE + timedelta(days=30)
    alices.post(NEW, {"text": "A secret", "key": key})
    assert Conversation.objects.get().is_private


def test_form_sent_again_as_private_leaves_a_conversation_that_has_gone_on(alices: Client, alice: User) -> None:
    key = page(alices.get(reverse("conversations:index"))).one("input", name="key")["value"]
    alices.post(NEW, {"text": "A secret", "key": key})
    alices.post(address("write", Conversation.objects.get()), {"text": "More"})

    alices.post(NEW, {"text": "A secret", "key": key, "private": "on"})

    assert sorted(Conversation.objects.values_list("is_private", flat=True)) == [False, True]


@pytest.mark.parametrize("deleted", [True, False])
def test_text_for_a_private_conversation_that_is_gone_stays_private(
    alices: Client, alice: User, moved_to: MoveClock, deleted: bool
) -> None:
    conversation = start_conversation(alice, "A secret", at=MEANWHILE, private=True).conversation
    if deleted:
        delete_conversation(alice, conversation, at=MEANWHILE)
    else:
        moved_to(MEANWHILE + timedelta(days=30))

    response = alices.post(address("write", conversation), {"text": "Another secret"})

    shown = page(response)
    assert "Another secret" in shown.one("textarea").text
    assert "checked" in shown.one("input", name="private").attributes


def test_key_of_someone_elses_conversation_is_passed_over(alices: Client, mallory: User) -> None:
    other = make_conversation(mallory, "Mallory's")

    alices.post(NEW, {"text": "Mine", "key": str(other.pk)})

    assert other.messages.get().text == "Mallory's"
    assert Conversation.objects.count() == 2


def test_same_message_sent_twice_is_one(alices: Client, alice: User) -> None:
    conversation = make_conversation(alice)
    after = page(alices.get(conversation.get_absolute_url())).one("input", name="after")["value"]

    for _click in range(2):
        alices.post(address("write", conversation), {"text": "Yes", "after": after})
    assert Message.objects.filter(role=Role.OWNER).count() == 2

    after = page(alices.get(conversation.get_absolute_url())).one("input", name="after")["value"]
    alices.post(address("write", conversation), {"text": "Yes", "after": after})
    assert Message.objects.filter(role=Role.OWNER).count() == 3


# What it is


def test_coding_session_has_a_workspace_and_blocks(alices: Client, alice: User) -> None:
    alices.post(
        reverse("conversations:start_coding"),
        {"text": "  def f():\n    return 1", "format": "code", "workspace": "trail-planner"},
    )

    session = Conversation.objects.get()
    message = session.messages.get(role=Role.OWNER)
    assert (session.kind, session.workspace) == (ConversationKind.CODING_SESSION, "trail-planner")
    assert (message.format, message.text) == (Format.CODE, "  def f():\n    return 1")
    shown = page(alices.get(session.get_absolute_url()))
    assert "<code>  def f():\n    return 1</code>" in alices.get(session.get_absolute_url()).content.decode()
    assert "trail-planner" in shown.text
    alices.post(address("write", session), {"text": "-old\n+new", "format": "diff"})
    diff = page(alices.get(session.get_absolute_url())).one("pre", class_="diff")
    assert (diff.one("del").text, diff.one("ins").text) == ("-old", "+new")


def test_chat_has_neither_a_workspace_nor_blocks(alices: Client) -> None:
    alices.post(NEW, {"text": "Hello", "format": "diff", "workspace": "trail-planner"})

    assert Conversation.objects.get().workspace == ""
    assert Message.objects.get(role=Role.OWNER).format == Format.TEXT


def test_private_conversation_is_never_used(alices: Client, alice: User) -> None:
    alices.post(NEW, {"text": "A secret", "private": "on"})

    conversation = Conversation.objects.get()
    assert conversation.is_private
    assert not Conversation.objects.eligible(MEANWHILE).exists()
    assert "it is private, for good" in page(alices.get(conversation.get_absolute_url())).text


def test_offline_assistant_answers_at_once(alices: Client, settings: Any) -> None:
    settings.ASSISTANT = f"{OfflineAssistant.__module__}.{OfflineAssistant.__qualname__}"
    response = alices.post(NEW, {"text": "Hello"}, headers=HTMX)
    assert response["HX-Redirect"] == f"/chats/{Conversation.objects.get().pk}/?reply"
    shown = page(alices.get(response["HX-Redirect"]))
    assert shown.one("form", class_="ask-again")["hx-trigger"] == "load, submit"


def test_earlier_messages_are_a_page_away(alices: Client, alice: User) -> None:
    conversation = make_conversation(alice, "The very first")
    Message.objects.bulk_create(
        Message(
            conversation=conversation, role=Role.OWNER, text=f"Number {n}", created_at=MEANWHILE, plan_class="consumer"
        )
        for n in range(60)
    )

    latest = page(alices.get(conversation.get_absolute_url()))
    assert "The very first" not in latest.one("ol").text
    assert "Number 59" in latest.one("ol").text
    (earlier,) = [link["href"] for link in latest.all("a") if link["href"].startswith("?before=")]
    before = page(alices.get(conversation.get_absolute_url() + earlier))
    assert "The very first" in before.one("ol").text
    assert not before.all("textarea")
    for nonsense in ("x", "-1", "9" * 40, "1e3", "²"):
        assert alices.get(f"{conversation.get_absolute_url()}?before={nonsense}").status_code == 200
