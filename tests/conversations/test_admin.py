"""Staff see that there is feedback; its words only who may, and each reading is on record."""

from http import HTTPStatus

import pytest
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.utils import timezone

from accounts.models import User
from conversations.feedback import delete_feedback, give_feedback, preview
from conversations.models import Feedback, FeedbackCopy, FeedbackReading, Message, Purge, Role, Thumb
from conversations.replies import answer_message
from privacy.models import PolicyUpdate
from tests.accounts.test_staff_lists import rows_of, with_permissions
from tests.conversations.assistants import Echo
from tests.factories import MEANWHILE, make_conversation, make_staff

pytestmark = pytest.mark.django_db

FEEDBACK = "/admin/conversations/feedbackcopy/"
COMMENT, CHAT = "Quokka comment", "Words of a conversation"


@pytest.fixture
def copy(alice: User, update: PolicyUpdate) -> FeedbackCopy:
    """Return the copy of feedback that Alice has given."""
    chat = make_conversation(alice, CHAT)
    answer_message(chat.messages.get(), Echo(), at=lambda: MEANWHILE)
    reply = Message.objects.get(role=Role.ASSISTANT)
    shown = preview(alice, reply, Thumb.DOWN, COMMENT, at=MEANWHILE)
    give_feedback(alice, reply, Thumb.DOWN, COMMENT, token=shown.token(alice, reply), at=MEANWHILE)
    return FeedbackCopy.objects.get()


def test_list_page_and_file_show_no_word_of_it(copy: FeedbackCopy, alice: User, client: Client) -> None:
    client.force_login(make_staff(language="en"))
    pages = [client.get(address).content.decode() for address in (FEEDBACK, f"{FEEDBACK}{copy.pk}/change/")]
    pages.append(str(rows_of(client.get(f"{FEEDBACK}csv/"))))

    for page in pages:
        assert str(copy.pk) in page
        assert "Bad reply" in page or "down" in page
        assert COMMENT not in page
        assert CHAT not in page
        assert alice.email not in page
        assert str(alice.principal) not in page
    assert FeedbackReading.objects.count() == 0


@pytest.mark.parametrize(("linked", "found"), [("yes", True), ("no", False)])
def test_list_says_whether_a_person_is_linked(linked: str, found: bool, copy: FeedbackCopy, client: Client) -> None:
    client.force_login(make_staff())
    assert (str(copy.pk) in client.get(f"{FEEDBACK}?linked={linked}").content.decode()) is found
    Feedback.objects.all().delete()
    assert (str(copy.pk) in client.get(f"{FEEDBACK}?linked={linked}").content.decode()) is not found


def test_reading_is_recorded_before_a_word_is_shown(copy: FeedbackCopy, client: Client) -> None:
    reader = with_permissions("conversations.view_feedbackcopy", "conversations.read_feedback")
    client.force_login(reader)
    page = client.post(f"{FEEDBACK}{copy.pk}/read/").content.decode()

    assert COMMENT in page
    assert CHAT in page
    (reading,) = FeedbackReading.objects.all()
    assert (reading.copy, reading.actor) == (copy.pk, reader.principal)
    assert str(reader.principal) in client.get(f"{FEEDBACK}{copy.pk}/change/").content.decode()


@pytest.mark.parametrize("method", ["get", "post"])
def test_nobody_reads_without_the_permission_or_by_a_link(method: str, copy: FeedbackCopy, client: Client) -> None:
    client.force_login(with_permissions("conversations.view_feedbackcopy"))
    refused = client.generic(method.upper(), f"{FEEDBACK}{copy.pk}/read/")
    assert refused.status_code == (HTTPStatus.FORBIDDEN if method == "post" else HTTPStatus.METHOD_NOT_ALLOWED)
    assert COMMENT not in refused.content.decode()
    assert "Read them, and have that recorded" not in client.get(f"{FEEDBACK}{copy.pk}/change/").content.decode()
    assert FeedbackReading.objects.count() == 0


def test_reading_stays_when_the_feedback_is_deleted(copy: FeedbackCopy, alice: User, client: Client) -> None:
    client.force_login(make_staff())
    client.post(f"{FEEDBACK}{copy.pk}/read/")
    delete_feedback(Feedback.objects.get(), at=MEANWHILE)

    assert FeedbackReading.objects.get().copy == copy.pk
    assert client.post(f"{FEEDBACK}{copy.pk}/read/").status_code == HTTPStatus.NOT_FOUND


@pytest.mark.parametrize(
    "statement", ["UPDATE conversations_feedbackreading SET at = NULL", "DELETE FROM conversations_feedbackreading"]
)
def test_reading_refuses_to_change(statement: str, alice: User) -> None:
    FeedbackReading.objects.create(copy=alice.principal, actor=alice.principal, at=timezone.now())
    with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)
    assert FeedbackReading.objects.count() == 1


def test_report_of_a_purge_is_in_words(client: Client) -> None:
    client.force_login(make_staff())
    Purge.objects.create(
        at=MEANWHILE, started_at=MEANWHILE, finished_at=MEANWHILE, counts={"messages": 1234, "drafts": 0}
    )
    assert "messages: 1,234" in client.get("/admin/conversations/purge/").content.decode()
