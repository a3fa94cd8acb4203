"""What was being written is kept for its writer, on the page it was written on."""

import time
from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse

from accounts.leaving import close_account
from accounts.models import User
from accounts.next_url import LONGEST
from privacy.drafts import MOST_KEPT, draft_for, drop_draft, keep_draft, writer_of, writer_token
from privacy.models import Draft, PolicyUpdate
from tests.conftest import MoveClock
from tests.factories import AFTERWARDS, MEANWHILE, SECOND, make_conversation
from tests.pages import next_of, page

pytestmark = pytest.mark.django_db

TWO_WEEKS = 14 * 24 * 60 * 60


@pytest.fixture
def gated(client: Client, alice: User, update: PolicyUpdate, moved_to: MoveClock) -> Client:
    """Return a browser in which Alice meets the gate."""
    client.force_login(alice)
    moved_to(AFTERWARDS)
    return client


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
    assert draft_for(alice, "/", at=MEANWHILE) == "Mine"
    assert Draft.objects.filter(user=mallory).count() == MOST_KEPT


def test_dropping_a_draft_drops_no_other(alice: User, mallory: User) -> None:
    for user, path in ((alice, "/one/"), (alice, "/other/"), (mallory, "/one/")):
        keep_draft(user, path, "Kept", at=MEANWHILE)
    drop_draft(alice, "/one/")
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


# Where it is given back


def test_coding_session_is_given_back_on_its_own_page(gated: Client, alice: User) -> None:
    refused = gated.post(reverse("conversations:start_coding"), {"text": "Mend a test"})
    assert next_of(refused["Location"]) == reverse("conversations:coding")
    assert draft_for(alice, reverse("conversations:coding"), at=AFTERWARDS) == "Mend a test"


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
