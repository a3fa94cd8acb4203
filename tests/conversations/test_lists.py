"""The two lists: what stands on a page, in which order, and what a page costs."""

import re
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils.html import escape

from accounts.models import PlanClass, User
from conversations.lists import LENGTH, page_of
from conversations.models import Conversation, ConversationKind, Message, Role
from privacy.models import PolicyUpdate, Training
from tests.conftest import MoveClock
from tests.factories import MEANWHILE, SECOND, answer_as, make_conversation
from tests.pages import page

NOBODY = "00000000-0000-4000-8000-000000000000"
CHATS, CODING = reverse("conversations:index"), reverse("conversations:coding")
DAY = timedelta(days=1)


@pytest.fixture
def alices(client: Client, update: PolicyUpdate, alice: User, moved_to: MoveClock) -> Client:
    moved_to(MEANWHILE)
    answer_as(alice, Training.ALLOW, at=MEANWHILE - SECOND)
    client.force_login(alice)
    return client


def many(user: User, count: int, *, same_instant: bool = False) -> None:
    """Make many chats with a message each, quickly."""
    conversations = Conversation.objects.bulk_create(
        Conversation(
            user=user,
            title=f"Number {number}",
            created_at=MEANWHILE - DAY,
            last_message_at=MEANWHILE - DAY + (0 if same_instant else number) * SECOND,
            expires_at=MEANWHILE + DAY,
        )
        for number in range(count)
    )
    Message.objects.bulk_create(
        Message(
            conversation=conversation,
            role=Role.OWNER,
            text=f"Text {conversation.title}",
            created_at=MEANWHILE,
            plan_class=PlanClass.CONSUMER,
        )
        for conversation in conversations
    )


def titles(client: Client, address: str) -> list[str]:
    return [link.text for link in page(client.get(address)).one("ul", id="conversation-list").all("a")]


def walked(client: Client, address: str) -> list[str]:
    """Return the titles of every page, one after the other."""
    found: list[str] = []
    while address:
        shown = page(client.get(address))
        found += [link.text for link in shown.one("ul", id="conversation-list").all("a")]
        links = [link["href"] for link in shown.all("a") if "before=" in link["href"]]
        address = links[0] if links else ""
    return found


def test_lists_hold_their_kind_last_written_in_first(alices: Client, alice: User, mallory: User) -> None:
    make_conversation(alice, "Older", at=MEANWHILE - DAY)
    make_conversation(alice, "Newer", at=MEANWHILE - SECOND)
    make_conversation(alice, "Session", kind=ConversationKind.CODING_SESSION)
    make_conversation(mallory, "Mallory's")

    assert titles(alices, CHATS) == ["Newer", "Older"]
    assert titles(alices, CODING) == ["Session"]


@pytest.mark.parametrize("same_instant", [False, True])
def test_pages_follow_each_other_without_a_gap_or_a_repetition(
    alices: Client, alice: User, *, same_instant: bool
) -> None:
    many(alice, 2 * LENGTH + 5, same_instant=same_instant)

    found = walked(alices, CHATS)

    assert len(found) == len(set(found)) == 2 * LENGTH + 5


def test_page_does_not_move_when_something_new_is_written(alices: Client, alice: User) -> None:
    many(alice, LENGTH + 3)
    first = page_of(alice, ConversationKind.CHAT, MEANWHILE)
    make_conversation(alice, "Written meanwhile", at=MEANWHILE)

    second = page_of(alice, ConversationKind.CHAT, MEANWHILE, before=first.earlier)

    assert [conversation.title for conversation in second.conversations] == ["Number 2", "Number 1", "Number 0"]
    assert second.earlier == ""


@pytest.mark.parametrize("address", [CHATS, CODING])
def test_search_that_finds_nothing_leads_back_to_the_whole_list(alices: Client, address: str) -> None:
    shown = page(alices.get(address, {"q": "no such word"}))

    assert "Nothing was found." in shown.text
    pages = shown.one("nav", **{"aria-label": "Pages"})
    assert [link["href"] for link in pages.all("a")] == [address]


@pytest.mark.parametrize(
    "cursor",
    [
        "x",
        "_",
        "2025-09-10_x",
        "2025-09-10T09:00:00_00000000-0000-4000-8000-000000000000",
        "²",
        "9" * 300,
        "\0",
        f"0001-01-01T00:00:00+14:00_{NOBODY}",
        f"9999-12-31T23:59:59-14:00_{NOBODY}",
    ],
)
def test_cursor_that_is_none_shows_the_first_page(alices: Client, alice: User, cursor: str) -> None:
    make_conversation(alice, "Here")
    response = alices.get(CHATS, {"before": cursor})
    assert response.status_code == 200
    assert "Here" in page(response).one("ul", id="conversation-list").text


@pytest.mark.parametrize("query", ["wombat", "WOMBAT", "Wom", "deep in the text"])
def test_search_finds_titles_and_texts_of_ones_own(alices: Client, alice: User, mallory: User, query: str) -> None:
    conversation = make_conversation(alice, "Wombat facts\nand something deep in the text")
    Conversation.objects.filter(pk=conversation.pk).update(title="Wombat facts")
    make_conversation(alice, "Numbats")
    make_conversation(mallory, "Wombat deep in the text")

    assert titles(alices, f"{CHATS}?q={query}") == ["Wombat facts"]


def test_search_keeps_its_words_from_page_to_page(alices: Client, alice: User) -> None:
    many(alice, LENGTH + 2)
    make_conversation(alice, "Something else")

    assert len(walked(alices, f"{CHATS}?q=number")) == LENGTH + 2


@pytest.mark.parametrize("query", ["%", "_", "<b>", "x" * 500, "\0", "徒步"])
def test_search_takes_anything(alices: Client, alice: User, query: str) -> None:
    make_conversation(alice, "周末徒步")

    response = alices.get(CHATS, {"q": query})

    assert response.status_code == 200
    assert titles(alices, f"{CHATS}?q=徒步") == ["周末徒步"]
    assert "Nothing was found." in page(alices.get(CHATS, {"q": "nowhere"})).text


def test_search_for_a_percent_sign_finds_percent_signs_only(alices: Client, alice: User) -> None:
    make_conversation(alice, "100 % wool")
    make_conversation(alice, "Cotton")
    assert titles(alices, f"{CHATS}?q=%25") == ["100 % wool"]


def test_title_is_shown_as_it_is(alices: Client, alice: User) -> None:
    title = '<script>alert("x")</script> & “co”'
    make_conversation(alice, title)

    assert escape(title) in alices.get(CHATS).content.decode()
    assert titles(alices, CHATS) == [title]


@pytest.mark.parametrize("name", ["index", "coding", "overview"])
def test_page_takes_as_many_queries_with_3000_rows_as_with_3(alices: Client, alice: User, name: str) -> None:
    address = reverse(f"conversations:{name}")
    kind = ConversationKind.CODING_SESSION if name == "coding" else ConversationKind.CHAT
    counts = []
    for count in (3, 2997):
        many(alice, count)
        Conversation.objects.update(kind=kind)
        with CaptureQueriesContext(connection) as queries:
            alices.get(address)
        counts.append(len(queries))

    assert counts[0] == counts[1]


def test_conversation_takes_as_many_queries_with_3000_messages_as_with_3(alices: Client, alice: User) -> None:
    conversation = make_conversation(alice, at=MEANWHILE - DAY)
    counts = []
    for count in (1, 1498):
        Message.objects.bulk_create(
            Message(
                conversation=conversation,
                role=role,
                text="Text",
                created_at=MEANWHILE - DAY,
                plan_class=PlanClass.CONSUMER,
            )
            for _ in range(count)
            for role in (Role.ASSISTANT, Role.OWNER)
        )
        with CaptureQueriesContext(connection) as queries:
            shown = page(alices.get(conversation.get_absolute_url()))
        counts.append(len(queries))
        assert len(shown.one("ol", id="messages").all("h2")) == min(50, conversation.messages.count())

    assert counts[0] == counts[1]


@pytest.mark.sqlite
def test_first_page_is_found_by_the_index_and_not_by_sorting(alice: User, update: PolicyUpdate) -> None:
    many(alice, 50)
    found = Conversation.objects.for_user(alice, MEANWHILE).filter(kind=ConversationKind.CHAT).with_reason(MEANWHILE)
    plan = found[:LENGTH].explain()

    assert "conversation_by_user" in plan
    assert not re.search(r"^\d+ 0 \d+ USE TEMP B-TREE", plan, re.MULTILINE)
