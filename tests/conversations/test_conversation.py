"""What an owner does with one conversation beside writing in it, and what its badge says."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from accounts.actions import change_plan
from accounts.models import JournalEntry, Plan, User
from conversations import actions
from conversations.models import Conversation
from privacy.models import PolicyUpdate, Training, TrainingRefusal
from tests.conftest import MoveClock
from tests.factories import AFTERWARDS, MEANWHILE, SECOND, answer_as, make_conversation
from tests.pages import page

DAY = timedelta(days=1)
ALLOWED_AT = MEANWHILE - SECOND


@pytest.fixture
def alices(client: Client, update: PolicyUpdate, alice: User, moved_to: MoveClock) -> Client:
    moved_to(MEANWHILE)
    answer_as(alice, Training.ALLOW, at=ALLOWED_AT)
    client.force_login(alice)
    return client


def address(name: str, conversation: Conversation) -> str:
    return reverse(f"conversations:{name}", args=[conversation.pk])


def badge(client: Client, conversation: Conversation) -> str:
    return page(client.get(conversation.get_absolute_url())).one("p", id="badges").text


def test_badge_says_used_and_until_when(alices: Client, alice: User) -> None:
    assert badge(alices, make_conversation(alice)) == "May be used for training Kept until September 10, 2030"


def test_exclusion_shows_at_once_and_is_lifted_again(alices: Client, alice: User, moved_to: MoveClock) -> None:
    conversation = make_conversation(alice)

    shown = page(alices.post(address("exclude", conversation), follow=True))

    assert "This conversation is excluded from training." in shown.text
    assert badge(alices, conversation) == "Not used for training: you excluded it Kept until October 10, 2025"
    alices.post(address("lift_exclusion", conversation))
    assert badge(alices, conversation).startswith("Not used for training: it counts once you write in it again")
    moved_to(MEANWHILE + DAY)
    alices.post(address("write", conversation), {"text": "Again"})
    assert badge(alices, conversation) == "May be used for training Kept until September 11, 2030"
    assert [entry.act for entry in JournalEntry.objects.order_by("recorded_at")] == [
        "conversation_excluded",
        "exclusion_lifted",
    ]


def test_badge_tells_the_truth_before_the_task_has_run(alices: Client, alice: User, moved_to: MoveClock) -> None:
    conversation = make_conversation(alice)
    moved_to(MEANWHILE + DAY)

    answer_as(alice, Training.REFUSE, at=MEANWHILE + DAY)

    assert TrainingRefusal.objects.get().applied_at is None
    assert Conversation.objects.get().expires_at == MEANWHILE.replace(year=2030)
    assert badge(alices, conversation) == "Not used for training: you do not allow training Kept until October 11, 2025"
    moved_to(MEANWHILE + 31 * DAY)
    answer_as(alice, Training.REFUSE, at=MEANWHILE + 31 * DAY)
    assert alices.get(conversation.get_absolute_url()).status_code == 404
    assert Conversation.objects.filter(pk=conversation.pk).exists(), "not purged, and gone all the same"


@pytest.mark.parametrize(("offset", "is_there"), [(-SECOND, True), (timedelta(), False), (SECOND, False)])
def test_conversation_is_gone_from_its_date_on(
    alices: Client, alice: User, moved_to: MoveClock, offset: timedelta, *, is_there: bool
) -> None:
    conversation = make_conversation(alice)
    answer_as(alice, Training.REFUSE, at=MEANWHILE)
    moved_to(MEANWHILE + 30 * DAY + offset)

    assert alices.get(conversation.get_absolute_url()).status_code == (200 if is_there else 404)
    assert ("Plan a weekend" in page(alices.get("/chats/")).one(id="conversation-list").text) is is_there
    for name in ("write", "reply", "rename", "exclude", "lift_exclusion", "delete"):
        response = alices.post(address(name, conversation), {"text": "Hello", "title": "Other"})
        assert (response.status_code == 404) is not is_there, name


def test_badge_of_what_was_written_under_a_commercial_plan(alices: Client, alice: User) -> None:
    mine = make_conversation(alice)
    change_plan(alice, Plan.TEAM, at=MEANWHILE)
    theirs = make_conversation(alice)

    assert badge(alices, mine).startswith("Not used for training: you are on a commercial plan")
    assert badge(alices, theirs) == (
        "Not used for training: something in it was written under a commercial plan No retention date"
    )


def test_renaming_moves_no_date(alices: Client, alice: User, moved_to: MoveClock) -> None:
    conversation = make_conversation(alice)
    before = Conversation.objects.values("last_message_at", "expires_at", "allowed_message_at").get()
    moved_to(MEANWHILE + DAY)

    alices.post(address("rename", conversation), {"title": "  Another\n title "})

    assert Conversation.objects.get().title == "Another title"
    assert Conversation.objects.values("last_message_at", "expires_at", "allowed_message_at").get() == before


@pytest.mark.parametrize("title", ["", "   ", "x" * 81, "a\0b"])
def test_title_that_can_not_be_is_shown_again(alices: Client, alice: User, title: str) -> None:
    conversation = make_conversation(alice)

    response = alices.post(address("rename", conversation), {"title": title})

    assert response.status_code == 422
    assert page(response).one("title").text.startswith("Error:")
    assert Conversation.objects.get().title == "Plan a weekend hike with me."


# Deleting


def test_deleting_offers_undo_without_naming_what_it_was(alices: Client, alice: User) -> None:
    conversation = make_conversation(alice, "A secret plan")

    response = alices.post(address("delete", conversation), follow=True)

    shown = page(response)
    assert response.redirect_chain[-1][0] == f"/chats/?deleted={conversation.pk}"
    assert "The conversation is deleted." in shown.text
    assert "A secret plan" not in shown.text
    assert alices.get(conversation.get_absolute_url()).status_code == 404
    alices.post(shown.one("form", action=address("undo_delete", conversation))["action"])
    assert alices.get(conversation.get_absolute_url()).status_code == 200


@pytest.mark.parametrize(("offset", "comes_back"), [(-SECOND, True), (timedelta(), False)])
def test_undo_holds_for_ten_minutes(
    alices: Client, alice: User, moved_to: MoveClock, offset: timedelta, *, comes_back: bool
) -> None:
    conversation = make_conversation(alice)
    alices.post(address("delete", conversation))
    moved_to(MEANWHILE + actions.UNDO + offset)

    shown = page(alices.post(address("undo_delete", conversation), follow=True))

    assert (alices.get(conversation.get_absolute_url()).status_code == 200) is comes_back
    assert ("It is too late to bring this conversation back." in shown.text) is not comes_back
    assert not page(alices.get(f"/chats/?deleted={conversation.pk}")).all("form", class_="undo")


def test_undo_brings_nothing_back_past_its_retention_date(alices: Client, alice: User, moved_to: MoveClock) -> None:
    conversation = make_conversation(alice)
    date = conversation.expires_at
    assert date
    moved_to(date - timedelta(minutes=5))
    alices.post(address("delete", conversation))
    moved_to(date)

    shown = page(alices.post(address("undo_delete", conversation), follow=True))

    assert "It is too late to bring this conversation back." in shown.text
    assert Conversation.objects.get().deleted_at == date - timedelta(minutes=5)


def test_undoing_twice_in_two_tabs_is_undoing_once(alices: Client, alice: User) -> None:
    conversation = make_conversation(alice)
    alices.post(address("delete", conversation))

    for _tab in range(2):
        shown = page(alices.post(address("undo_delete", conversation), follow=True))
        assert "It is too late" not in shown.text

    assert alices.get(conversation.get_absolute_url()).status_code == 200
    assert JournalEntry.objects.count() == 2


def test_deleting_twice_in_two_tabs_is_deleting_once(alices: Client, alice: User, moved_to: MoveClock) -> None:
    conversation = make_conversation(alice)
    alices.post(address("delete", conversation))
    moved_to(MEANWHILE + timedelta(minutes=5))

    assert alices.post(address("delete", conversation)).status_code == 302

    assert Conversation.objects.get().deleted_at == MEANWHILE
    assert JournalEntry.objects.count() == 1
    assert alices.post(address("exclude", conversation)).status_code == 404


def test_any_conversation_can_be_deleted_from_inside_the_gate(
    client: Client, update: PolicyUpdate, alice: User, moved_to: MoveClock
) -> None:
    conversation = make_conversation(alice, "My own plan", at=AFTERWARDS - DAY)
    moved_to(AFTERWARDS)
    client.force_login(alice)
    overview = reverse("conversations:overview")
    form = page(client.get(overview)).one("form", action=address("delete", conversation))
    assert form.one("button")["aria-label"] == "Delete “My own plan”"

    response = client.post(form["action"])

    assert response["Location"] == f"{overview}?deleted={conversation.pk}"
    assert client.post(address("undo_delete", conversation))["Location"] == overview
    assert "My own plan" in page(client.get(overview)).text


@pytest.mark.parametrize("deleted", ["x", "00000000-0000-4000-8000-000000000000", "\0"])
def test_address_that_tells_of_nothing_deleted_offers_no_undo(alices: Client, deleted: str) -> None:
    assert not page(alices.get("/chats/", {"deleted": deleted})).all("form", class_="undo")


ACTS = ["write", "reply", "rename", "exclude", "lift_exclusion", "delete", "undo_delete"]


@pytest.mark.parametrize("name", ACTS)
def test_stranger_can_do_nothing_to_a_conversation(
    client: Client, update: PolicyUpdate, alice: User, mallory: User, moved_to: MoveClock, name: str
) -> None:
    moved_to(MEANWHILE)
    conversation = make_conversation(alice, "Nobody else's")
    actions.delete_conversation(alice, make_conversation(alice), at=MEANWHILE)
    before = list(Conversation.objects.order_by("pk").values())
    client.force_login(mallory)

    for pk in Conversation.objects.values_list("pk", flat=True):
        data: dict[str, Any] = {"text": "Hello", "title": "Mine"}
        response = client.post(reverse(f"conversations:{name}", args=[pk]), data)
        assert response.status_code == 404
        assert "Nobody else" not in response.content.decode()

    assert list(Conversation.objects.order_by("pk").values()) == before
    assert conversation.messages.count() == 1
