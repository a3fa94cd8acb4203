"""Feedback: what is stored is what was shown, and it knows no account (rule D4)."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test import Client
from django.urls import reverse

from accounts.actions import change_plan
from accounts.models import JournalEntry, Plan, User
from conversations import actions, feedback, redaction
from conversations.models import Conversation, Feedback, FeedbackCopy, Message, Thumb
from conversations.purge import purge
from conversations.replies import answer_message
from privacy.drafts import keep_draft
from privacy.models import Draft, PolicyUpdate, Training
from tests.conftest import MoveClock
from tests.conversations.assistants import Echo
from tests.factories import AFTERWARDS, MEANWHILE, answer_as
from tests.pages import Element, hidden, next_of, page

DAY = timedelta(days=1)
LIST = reverse("conversations:feedback")


@pytest.fixture
def alices(client: Client, update: PolicyUpdate, alice: User, moved_to: MoveClock) -> Client:
    moved_to(MEANWHILE)
    answer_as(alice, Training.REFUSE)
    client.force_login(alice)
    return client


def reply_to(user: User, text: str = "Write to anna@example.com about a hike.") -> Message:
    """Make a chat with one reply, and return the reply."""
    message = actions.start_conversation(user, text, at=MEANWHILE)
    answer_message(message, Echo(), at=lambda: MEANWHILE)
    return Message.objects.select_related("conversation").get(answers=message)


def address(reply: Message) -> str:
    return reverse("conversations:give_feedback", args=[reply.conversation_id, reply.pk])


def previewed(client: Client, reply: Message, comment: str = "", thumb: str = "up") -> Element:
    return page(client.post(address(reply), {"thumb": thumb, "comment": comment}))


def fields(shown: Element) -> dict[str, str]:
    form = next(form for form in shown.one("main").all("form") if form.all("input", name="token"))
    return {field["name"]: field["value"] for field in form.all("input") if "value" in field.attributes}


def test_preview_is_what_is_stored_and_nothing_is_before(alices: Client, alice: User) -> None:
    reply = reply_to(alice)
    assert "checked" in page(alices.get(f"{address(reply)}?thumb=down")).one("input", value="down").attributes

    shown = previewed(alices, reply, "Ask bob@example.com", "down")

    assert "This will be stored" in shown.text
    assert "Write to <EMAIL_1> about a hike." in shown.text
    assert "Ask <EMAIL_2>" in shown.text
    assert "It is kept until September 10, 2030" in shown.text
    assert not FeedbackCopy.objects.exists()
    response = alices.post(address(reply), fields(shown))
    given = Feedback.objects.get()
    assert response["Location"] == given.get_absolute_url()
    assert (given.user, given.message, given.copy.thumb, given.copy.comment) == (
        alice,
        reply,
        Thumb.DOWN,
        "Ask <EMAIL_2>",
    )
    assert given.copy.excerpt == [
        {"role": "owner", "format": "text", "text": "Write to <EMAIL_1> about a hike."},
        {"role": "assistant", "format": "text", "text": "1: Write to <EMAIL_1> about a hike."},
    ]
    assert given.copy.expires_at == datetime(2030, 9, 10, tzinfo=UTC)


def test_copy_ends_with_the_rated_reply(alices: Client, alice: User) -> None:
    reply = reply_to(alice)
    actions.write_message(alice, reply.conversation, "Written after it", at=MEANWHILE)

    alices.post(address(reply), fields(previewed(alices, reply)))

    assert "Written after it" not in str(FeedbackCopy.objects.get().excerpt)


@pytest.mark.parametrize("kind", ["private", "excluded", "commercial", "on a commercial plan"])
def test_only_thumb_and_comment_where_a_conversation_may_not_be_copied(alices: Client, alice: User, kind: str) -> None:
    reply = reply_to(alice)
    found = Conversation.objects.filter(pk=reply.conversation_id)
    if kind == "private":
        found.update(is_private=True)
    elif kind == "excluded":
        actions.exclude_conversation(alice, reply.conversation, at=MEANWHILE)
    elif kind == "commercial":
        found.update(has_commercial_message=True)
    else:
        change_plan(alice, Plan.TEAM, at=MEANWHILE)

    shown = previewed(alices, reply, "Fine")

    assert "only your rating and your comment are stored" in shown.text
    assert "hike" not in shown.one("section").text
    alices.post(address(reply), fields(shown))
    assert (FeedbackCopy.objects.get().excerpt, FeedbackCopy.objects.get().comment) == ([], "Fine")


def test_what_changed_since_the_preview_is_shown_again_instead_of_stored(alices: Client, alice: User) -> None:
    reply = reply_to(alice)
    sent = fields(previewed(alices, reply, "Fine"))
    actions.exclude_conversation(alice, reply.conversation, at=MEANWHILE)

    response = alices.post(address(reply), sent)

    assert response.status_code == 409
    assert "Nothing was saved" in page(response).text
    assert not FeedbackCopy.objects.exists()
    alices.post(address(reply), fields(page(response)))
    assert FeedbackCopy.objects.get().excerpt == []


def test_token_holds_for_its_person_its_reply_and_its_words(alices: Client, alice: User, mallory: User) -> None:
    reply, other = reply_to(alice), reply_to(alice, "Another")
    sent = fields(previewed(alices, reply, "Fine"))
    foreign = feedback.preview(mallory, reply, Thumb.UP, "Fine", at=MEANWHILE).token(mallory, reply)

    assert alices.post(address(other), sent).status_code == 409
    assert alices.post(address(reply), sent | {"comment": "Other words"}).status_code == 409
    assert alices.post(address(reply), sent | {"token": foreign}).status_code == 409
    assert alices.post(address(reply), sent | {"token": "nonsense"}).status_code == 409
    assert not FeedbackCopy.objects.exists()


def test_double_click_stores_one(alices: Client, alice: User) -> None:
    reply = reply_to(alice)
    sent = fields(previewed(alices, reply))

    first, second = alices.post(address(reply), sent), alices.post(address(reply), sent)

    assert first["Location"] == second["Location"]
    assert FeedbackCopy.objects.count() == 1
    assert alices.get(address(reply))["Location"] == Feedback.objects.get().get_absolute_url()
    with pytest.raises(feedback.AlreadyGiven):
        feedback.give_feedback(alice, reply, Thumb.UP, "", token="", at=MEANWHILE)


@pytest.mark.parametrize("data", [{}, {"thumb": "sideways"}, {"thumb": "up", "comment": "x" * 2001}])
def test_form_that_can_not_be_taken_is_shown_again(alices: Client, alice: User, data: dict[str, str]) -> None:
    response = alices.post(address(reply_to(alice)), data)

    assert response.status_code == 422
    assert page(response).one("title").text.startswith("Error:")
    if "comment" in data:
        assert data["comment"] in page(response).one("textarea").text


def test_feedback_is_on_ones_own_replies_only(alices: Client, alice: User, mallory: User) -> None:
    reply, theirs = reply_to(alice), reply_to(mallory, "Mallory's")
    question = reply.answers
    assert question is not None

    assert alices.get(address(theirs)).status_code == 404
    for number in (question.pk, theirs.pk, 10**30):
        tried = reverse("conversations:give_feedback", args=[reply.conversation_id, number])
        assert alices.get(tried).status_code == 404


# Afterwards


def given(alices: Client, alice: User) -> Feedback:
    reply = reply_to(alice)
    alices.post(address(reply), fields(previewed(alices, reply, "Fine")))
    return Feedback.objects.get()


def test_own_feedback_is_listed_shown_and_deleted(alices: Client, alice: User) -> None:
    own = given(alices, alice)
    copy = own.copy_id
    assert own.get_absolute_url() in {link["href"] for link in page(alices.get(LIST)).all("a")}
    shown = page(alices.get(own.get_absolute_url()))
    assert "Write to <EMAIL_1> about a hike." in shown.text

    alices.post(reverse("conversations:delete_feedback", args=[own.pk]))

    assert not FeedbackCopy.objects.exists()
    assert not Feedback.objects.exists()
    entry = JournalEntry.objects.get()
    assert (entry.act, entry.subject) == ("feedback_deleted", copy)


@pytest.mark.parametrize("name", ["given_feedback", "delete_feedback"])
def test_feedback_of_someone_else_is_not_there(alices: Client, alice: User, mallory: User, name: str) -> None:
    own = given(alices, alice)
    alices.force_login(mallory)
    answer_as(mallory, Training.REFUSE)

    for method in (alices.get, alices.post):
        assert method(reverse(f"conversations:{name}", args=[own.pk])).status_code in {404, 405}
    assert FeedbackCopy.objects.exists()
    assert "Fine" not in page(alices.get(LIST)).text


def test_feedback_leads_to_no_chat_that_is_past_its_date(alices: Client, alice: User, moved_to: MoveClock) -> None:
    own = given(alices, alice)
    assert own.message is not None
    chat = own.message.conversation.get_absolute_url()
    assert chat in {link["href"] for link in page(alices.get(own.get_absolute_url())).all("a")}

    moved_to(MEANWHILE + 30 * DAY)

    shown = page(alices.get(own.get_absolute_url()))
    assert "Write to <EMAIL_1> about a hike." in shown.text
    assert chat not in {link["href"] for link in shown.all("a")}


@pytest.mark.django_db(transaction=True)
def test_filter_keeps_nobody_waiting(
    alices: Client, alice: User, mallory: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What another device does meanwhile is seen all the same."""
    reply = reply_to(alice)
    shown = fields(previewed(alices, reply))
    redact = redaction.redact

    def slowly(texts: Sequence[str]) -> redaction.Redacted:
        assert not connection.in_atomic_block
        actions.exclude_conversation(alice, reply.conversation, at=MEANWHILE)
        return redact(texts)

    monkeypatch.setattr(redaction, "redact", slowly)

    response = alices.post(address(reply), shown)

    assert response.status_code == 409
    assert not FeedbackCopy.objects.exists()


def test_feedback_outlives_the_date_of_its_chat_with_its_person(
    alices: Client, alice: User, moved_to: MoveClock
) -> None:
    own = given(alices, alice)
    purge(MEANWHILE + 30 * DAY)
    moved_to(MEANWHILE + 30 * DAY)

    own.refresh_from_db()
    assert own.message is None
    assert "Fine" in page(alices.get(LIST)).text
    assert alices.get(own.get_absolute_url()).status_code == 200


def test_deleting_the_chat_cuts_the_link_and_undo_brings_it_back(alices: Client, alice: User) -> None:
    own = given(alices, alice)
    assert own.message is not None
    conversation = own.message.conversation
    actions.delete_conversation(alice, conversation, at=MEANWHILE)
    assert "Fine" not in page(alices.get(LIST)).text
    assert alices.get(own.get_absolute_url()).status_code == 404

    actions.undo_deletion(alice, conversation, at=MEANWHILE)
    assert "Fine" in page(alices.get(LIST)).text

    actions.delete_conversation(alice, conversation, at=MEANWHILE)
    purge(MEANWHILE + DAY)
    assert not Feedback.objects.exists()
    assert FeedbackCopy.objects.get().comment == "Fine"


def test_conversation_page_leads_to_what_was_given(alices: Client, alice: User) -> None:
    own = given(alices, alice)
    assert own.message is not None

    shown = page(alices.get(own.message.conversation.get_absolute_url()))

    assert own.get_absolute_url() in {link["href"] for link in shown.all("a")}


def test_text_that_the_filter_is_too_slow_for_is_not_stored(
    alices: Client, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    reply = reply_to(alice, "Write to anna@example.com. " * 1000)
    token = fields(previewed(alices, reply))["token"]
    monkeypatch.setattr("presidio_analyzer.pattern_recognizer.REGEX_TIMEOUT_SECONDS", 1e-6)

    for form in ({"thumb": "up"}, {"thumb": "up", "token": token}):
        answer = alices.post(address(reply), form)
        assert answer.status_code == 422
        assert "The filter takes too long" in page(answer).one("main").text

    assert not FeedbackCopy.objects.exists()


# A comment that was being written when the gate shut, or the session was lost (rule B5)


@pytest.mark.parametrize("step", ["written", "previewed"])
def test_comment_is_kept_at_the_gate_and_given_back(
    client: Client, alice: User, update: PolicyUpdate, moved_to: MoveClock, step: str
) -> None:
    reply = reply_to(alice)
    moved_to(AFTERWARDS)
    client.force_login(alice)
    sent = {"thumb": "down", "comment": "It was long.", "token": "of a preview"}
    if step == "written":
        del sent["token"]

    refused = client.post(address(reply), sent)
    answer_as(alice, Training.REFUSE, at=AFTERWARDS)
    shown = page(client.get(next_of(refused["Location"])))

    assert next_of(refused["Location"]) == address(reply)
    assert shown.one("textarea", name="comment").text == "It was long."
    assert not Feedback.objects.exists()


def test_kept_comment_is_forgotten_once_it_is_stored(alices: Client, alice: User) -> None:
    reply = reply_to(alice)
    keep_draft(alice, address(reply), "It was long.", at=MEANWHILE)
    filled = hidden(next(form for form in page(alices.get(address(reply))).all("form") if form.all("textarea")))
    shown = page(alices.post(address(reply), filled | {"thumb": "up", "comment": "It was too long."}))
    assert Draft.objects.exists()

    alices.post(address(reply), fields(shown))

    assert FeedbackCopy.objects.get().comment == "It was too long."
    assert not Draft.objects.exists()


@pytest.mark.parametrize("step", ["written", "previewed"])
def test_comment_survives_a_lost_session(alices: Client, alice: User, step: str) -> None:
    reply = reply_to(alice)
    shown = page(alices.get(address(reply))) if step == "written" else previewed(alices, reply, "It was long.")
    writer = shown.one("input", name="writer")["value"]
    alices.logout()

    alices.post(address(reply), {"thumb": "down", "comment": "It was long.", "writer": writer})

    assert [(draft.user, draft.path, draft.text) for draft in Draft.objects.all()] == [
        (alice, address(reply), "It was long.")
    ]


# What a copy holds


def test_copy_of_a_long_conversation_has_the_latest_of_what_led_to_the_reply(
    alices: Client, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feedback, "MOST_MESSAGES", 3)
    first = reply_to(alice, "One")
    message = actions.write_message(alice, first.conversation, "Two", at=MEANWHILE)
    answer_message(message, Echo(), at=lambda: MEANWHILE)
    reply = Message.objects.select_related("conversation").get(answers=message)
    actions.write_message(alice, first.conversation, "Three", at=MEANWHILE)

    shown = feedback.preview(alice, reply, Thumb.UP, "", at=MEANWHILE)

    assert shown.excerpt == [
        {"role": "assistant", "format": "text", "text": "1: One"},
        {"role": "owner", "format": "text", "text": "Two"},
        {"role": "assistant", "format": "text", "text": "3: Two"},
    ]


def test_copy_says_which_filter_made_it_and_on_which_day(alices: Client, alice: User) -> None:
    reply = reply_to(alice)
    alices.post(address(reply), fields(previewed(alices, reply)))
    copy = FeedbackCopy.objects.get()
    assert (copy.filter_version, copy.given_on) == (redaction.VERSION, MEANWHILE.date())
    assert Feedback.objects.get().given_at == MEANWHILE


def test_preview_of_another_filter_is_shown_again(alices: Client, alice: User, monkeypatch: pytest.MonkeyPatch) -> None:
    reply = reply_to(alice)
    sent = fields(previewed(alices, reply))
    monkeypatch.setattr(redaction, "VERSION", "another")
    assert alices.post(address(reply), sent).status_code == 409
    assert not FeedbackCopy.objects.exists()


def test_preview_of_another_day_is_shown_again(alices: Client, alice: User, moved_to: MoveClock) -> None:
    """It promised how long the copy is kept."""
    reply = reply_to(alice)
    sent = fields(previewed(alices, reply))
    moved_to(MEANWHILE + DAY)

    response = alices.post(address(reply), sent)

    assert response.status_code == 409
    assert "It is kept until September 11, 2030" in page(response).text
    assert not FeedbackCopy.objects.exists()


def test_own_feedback_is_listed_the_latest_first(alices: Client, alice: User, mallory: User) -> None:
    given = []
    for user in (alice, mallory, alice):
        reply = reply_to(user)
        token = feedback.preview(user, reply, Thumb.UP, "", at=MEANWHILE).token(user, reply)
        given.append(feedback.give_feedback(user, reply, Thumb.UP, "", token=token, at=MEANWHILE))
    assert list(feedback.feedback_of(alice)) == [given[2], given[0]]
