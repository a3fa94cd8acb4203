"""What was being written is kept for its writer, on the page it was written on."""

import time
from datetime import datetime, timedelta
from http import HTTPStatus

import pytest
from django.test import Client
from django.urls import reverse

from accounts.leaving import close_account
from accounts.models import User
from accounts.next_url import LONGEST
from conversations.actions import start_conversation
from conversations.models import Conversation
from privacy.drafts import KEPT_FOR, MOST_KEPT, draft_for, drop_draft, keep_draft, writer_of, writer_token
from privacy.models import Draft, PolicyUpdate, Training
from tests.conftest import MoveClock
from tests.factories import AFTERWARDS, MEANWHILE, SECOND, answer_as, make_conversation
from tests.pages import hidden, next_of, page

pytestmark = pytest.mark.django_db

TWO_WEEKS = 14 * 24 * 60 * 60


@pytest.fixture
def gated(client: Client, alice: User, update: PolicyUpdate, moved_to: MoveClock) -> Client:
    """Return a browser in which Alice meets the gate."""
    client.force_login(alice)
    moved_to(AFTERWARDS)
    return client


def kept(user: User, path: str, *, at: datetime) -> str | None:
    draft = draft_for(user, path, at=at)
    return draft.text if draft else None


# Whose it is


def test_writer_is_found_by_their_own_token(alice: User, mallory: User) -> None:
    assert [writer_of(writer_token(user)) for user in (alice, mallory)] == [alice, mallory]


@pytest.mark.parametrize(("age", "is_found"), [(TWO_WEEKS, True), (TWO_WEEKS + 1, False)])
def test_writer_is_found_for_as_long_as_a_session_lasts(
    alice: User, monkeypatch: pytest.MonkeyPatch, age: int, is_found: bool
) -> None:
    now = int(time.time())
    monkeypatch.setattr(time, "time", lambda: now)
    token = writer_token(alice)
    monkeypatch.setattr(time, "time", lambda: now + age)
    assert (writer_of(token) == alice) is is_found


def test_form_of_an_account_that_is_gone_leaves_no_draft(client: Client, alice: User) -> None:
    token = writer_token(alice)
    close_account(alice, at=MEANWHILE)
    response = client.post(reverse("conversations:start"), {"text": "Half a thought", "writer": token})
    assert response["Location"].startswith(reverse("account_login"))
    assert not Draft.objects.exists()


def test_drafts_of_others_neither_go_nor_crowd_out(alice: User, mallory: User) -> None:
    for number in range(MOST_KEPT):
        keep_draft(mallory, f"/{number}/", "Hers", at=MEANWHILE + SECOND)
    keep_draft(alice, "/", "Mine", at=MEANWHILE)
    assert kept(alice, "/", at=MEANWHILE) == "Mine"
    assert Draft.objects.filter(user=mallory).count() == MOST_KEPT


def test_dropping_a_draft_drops_no_other(alice: User, mallory: User) -> None:
    for user, path in ((alice, "/one/"), (alice, "/other/"), (mallory, "/one/")):
        keep_draft(user, path, "Kept", at=MEANWHILE)
    for draft in (*Draft.objects.filter(path="/one/").values_list("pk", flat=True), None):
        drop_draft(alice, draft)
    assert set(Draft.objects.values_list("user", "path")) == {(alice.pk, "/other/"), (mallory.pk, "/one/")}


# Which are kept


def test_draft_that_was_gone_on_with_lately_outlives_others(alice: User) -> None:
    for number in range(MOST_KEPT):
        keep_draft(alice, f"/{number}/", "Begun", at=MEANWHILE + number * SECOND)
    keep_draft(alice, "/0/", "Gone on with", at=MEANWHILE + timedelta(hours=1))
    keep_draft(alice, "/new/", "New", at=MEANWHILE + timedelta(hours=1))
    kept = set(Draft.objects.values_list("path", flat=True))
    assert kept == {"/new/", "/0/", *(f"/{number}/" for number in range(2, MOST_KEPT))}


def test_draft_is_kept_without_what_no_database_takes(gated: Client, alice: User) -> None:
    gated.post(reverse("conversations:start"), {"text": "Half\0 a thought"})
    assert Draft.objects.get().text == "Half a thought"


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        (["Notebook", "Note"], "Notebook\n\nNote"),
        (["One\n\nTwo", "Two", "One"], "One\n\nTwo"),
        (["One", "Two", "One\n\nTwo"], "One\n\nTwo"),
        (["One", "Two", "Three", "Two"], "One\n\nTwo\n\nThree"),
    ],
)
def test_text_is_kept_whole_and_once(alice: User, texts: list[str], expected: str) -> None:
    for text in texts:
        keep_draft(alice, "/", text, at=MEANWHILE)
    assert kept(alice, "/", at=MEANWHILE) == expected


def test_text_that_is_sent_again_is_the_same_one(gated: Client, alice: User) -> None:
    """A browser ends each line of a text field with a carriage return too."""
    for _time in range(2):
        gated.post(reverse("conversations:start"), {"text": "One\r\n\r\nTwo"})
    assert kept(alice, reverse("conversations:index"), at=AFTERWARDS) == "One\n\nTwo"


def test_text_that_is_sent_again_is_kept_for_as_long_again(alice: User) -> None:
    later = MEANWHILE + KEPT_FOR - SECOND
    for at in (MEANWHILE, later):
        keep_draft(alice, "/", "Kept", at=at)
    assert kept(alice, "/", at=later + KEPT_FOR - SECOND) == "Kept"
    assert kept(alice, "/", at=later + KEPT_FOR) is None


# Where it is given back


def test_coding_session_is_given_back_on_its_own_page(gated: Client, alice: User) -> None:
    refused = gated.post(reverse("conversations:start_coding"), {"text": "Mend a test"})
    assert next_of(refused["Location"]) == reverse("conversations:coding")
    assert kept(alice, reverse("conversations:coding"), at=AFTERWARDS) == "Mend a test"


@pytest.mark.parametrize("private", [False, True])
@pytest.mark.parametrize("purged", [False, True])
def test_draft_for_a_conversation_that_is_gone_is_given_back_for_a_new_one(
    gated: Client, alice: User, moved_to: MoveClock, private: bool, purged: bool
) -> None:
    begun = start_conversation(alice, "Before", at=MEANWHILE, private=private)
    moved_to(MEANWHILE)
    writing = page(gated.get(begun.conversation.get_absolute_url())).one("form", id="composer")
    moved_to(AFTERWARDS)
    refused = gated.post(writing["action"], hidden(writing) | {"text": "Half a thought"})
    answer_as(alice, Training.REFUSE, at=AFTERWARDS)
    if purged:
        Conversation.objects.all().delete()
    else:
        moved_to(AFTERWARDS + timedelta(days=10))

    response = gated.get(next_of(refused["Location"]))
    form = page(response).one("form", id="composer")

    assert response.status_code == HTTPStatus.NOT_FOUND
    assert "This conversation is no longer there" in page(response).text
    assert form.one("textarea").text == "Half a thought"
    assert ("checked" in form.one("input", name="private")) is private
    gated.post(form["action"], hidden(form) | {"text": "Half a thought"})
    assert not Draft.objects.exists()


def test_form_that_was_not_filled_with_a_draft_drops_none(gated: Client, alice: User, moved_to: MoveClock) -> None:
    chats = reverse("conversations:index")
    moved_to(MEANWHILE)
    in_another_tab = page(gated.get(chats)).one("form", id="composer")
    moved_to(AFTERWARDS)
    gated.post(in_another_tab["action"], {"text": "Kept"})
    answer_as(alice, Training.REFUSE, at=AFTERWARDS)
    filled = page(gated.get(chats)).one("form", id="composer")

    gated.post(in_another_tab["action"], hidden(in_another_tab) | {"text": "Something else"})

    assert kept(alice, chats, at=AFTERWARDS) == "Kept"
    gated.post(filled["action"], hidden(filled) | {"text": "Kept"})
    assert kept(alice, chats, at=AFTERWARDS) is None


def test_form_that_was_filled_with_less_drops_nothing_of_what_has_come_since(
    alice: User, client: Client, update: PolicyUpdate, moved_to: MoveClock
) -> None:
    conversation, signed_out = make_conversation(alice), Client()
    client.force_login(alice)
    moved_to(MEANWHILE)
    address, writer = conversation.get_absolute_url(), writer_token(alice)
    signed_out.post(f"{address}write/", {"text": "One", "writer": writer})
    filled = page(client.get(address)).one("form", id="composer")
    signed_out.post(f"{address}write/", {"text": "Two", "writer": writer})

    client.post(filled["action"], hidden(filled) | {"text": "One"})

    assert kept(alice, address, at=MEANWHILE) == "One\n\nTwo"


@pytest.mark.parametrize("act", ["reply", "rename", "exclude", "lift_exclusion"])
def test_act_on_a_conversation_leads_back_to_it(gated: Client, alice: User, act: str) -> None:
    conversation = make_conversation(alice)
    refused = gated.post(reverse(f"conversations:{act}", args=[conversation.pk]))
    assert next_of(refused["Location"]) == conversation.get_absolute_url()


def test_address_too_long_to_come_back_to_is_cut_to_its_page(gated: Client) -> None:
    chats = reverse("conversations:index")
    room = LONGEST - len(f"{chats}?q=")
    found = [next_of(gated.get(chats, {"q": "a" * length})["Location"]) for length in (room, room + 1)]
    assert found == [f"{chats}?q={'a' * room}", chats]


def test_page_that_is_not_there_is_come_back_to_all_the_same(client: Client, alice: User) -> None:
    client.force_login(alice)
    response = client.get("/nowhere/")
    assert response.status_code == 404
    assert {field["value"] for field in page(response).all("input", name="next")} == {"/nowhere/"}
