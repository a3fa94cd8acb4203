"""Deleting an account: at once for whoever signs in, soon for what is stored (rule D3)."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.sessions.models import Session
from django.core import mail
from django.test import Client
from django.urls import reverse

from accounts.leaving import accounts_to_erase, close_account, erase
from accounts.models import User
from accounts.tasks import erase_account
from conversations.eligibility import Reason
from conversations.models import Conversation
from conversations.purge import purge
from privacy.drafts import writer_token
from privacy.models import Draft, PolicyUpdate, Training
from privacy.verification import verify
from tests.accounts.signing_in import prove_again, sign_in
from tests.conftest import MoveClock
from tests.factories import AFTERWARDS, MEANWHILE, answer_as, make_conversation, make_user, shown_token
from tests.pages import page

DELETE = reverse("accounts:delete")
DAY = timedelta(days=1)


def signed_in(user: User) -> Client:
    """Return a browser in which someone has entered their password a moment ago."""
    client = Client()
    sign_in(client, user)
    prove_again(client)
    return client


@pytest.fixture
def alices(update: PolicyUpdate, alice: User, moved_to: MoveClock) -> Client:
    moved_to(AFTERWARDS)
    return signed_in(alice)


def test_page_says_what_happens_and_offers_the_download_from_inside_the_gate(alices: Client) -> None:
    shown = page(alices.get(DELETE))

    assert "Within 30 days" in shown.text
    assert "What stays" in shown.text
    assert reverse("accounts:data_export") in {link["href"] for link in shown.all("a")}
    assert "checked" not in shown.one("input", name="understood").attributes


def test_account_is_not_deleted_without_the_box(alices: Client, alice: User) -> None:
    response = alices.post(DELETE)

    assert response.status_code == 422
    assert page(response).one("title").text.startswith("Error:")
    alice.refresh_from_db()
    assert alice.closed_at is None


def test_deleting_asks_for_the_password_first(update: PolicyUpdate, alice: User, client: Client) -> None:
    client.force_login(alice)

    response = client.post(DELETE, {"understood": "on"})

    assert response["Location"].startswith(reverse("account_reauthenticate"))
    alice.refresh_from_db()
    assert alice.closed_at is None


@pytest.mark.django_db(transaction=True)
def test_deleting_signs_out_everywhere_erases_and_writes_a_letter(
    update: PolicyUpdate, alice: User, moved_to: MoveClock
) -> None:
    moved_to(AFTERWARDS)
    make_conversation(alice, at=AFTERWARDS)
    here, elsewhere = signed_in(alice), signed_in(alice)
    mail.outbox.clear()

    response = here.post(DELETE, {"understood": "on"}, follow=True)

    assert response.redirect_chain[-1][0] == reverse("accounts:deleted")
    assert elsewhere.get(reverse("conversations:index"))["Location"].startswith(reverse("account_login"))
    assert [letter.to for letter in mail.outbox] == [["alice@example.com"]]
    assert "deleted" in mail.outbox[0].subject
    alice.refresh_from_db()
    assert alice.closed_at == AFTERWARDS
    assert alice.erased_at is not None
    assert alice.email == f"{alice.principal}@erased.invalid"
    assert not Conversation.objects.exists()
    assert not [session for session in Session.objects.all() if session.get_decoded().get("_auth_user_id")]


def test_nothing_opens_a_closed_account(update: PolicyUpdate, alice: User, moved_to: MoveClock) -> None:
    moved_to(MEANWHILE)
    browser, token = signed_in(alice), shown_token(alice, at=MEANWHILE).sign()
    close_account(alice, at=MEANWHILE)
    mail.outbox.clear()

    answered = browser.post(reverse("privacy:answer"), {"token": token, "training": "allow", "terms": "on"})
    assert answered["Location"].startswith(reverse("account_login"))
    again = signed_in(alice)
    assert "_auth_user_id" not in again.session
    Client().post(reverse("account_reset_password"), {"email": alice.email})
    assert not [letter for letter in mail.outbox if re.search(r"/password/reset/key", str(letter.body))]
    Client().post(reverse("conversations:start"), {"text": "Kept?", "writer": writer_token(alice)})
    assert not Draft.objects.exists()


def test_conversations_of_a_deleted_account_are_out_of_training_at_once(update: PolicyUpdate, alice: User) -> None:
    answer_as(alice, Training.ALLOW)
    make_conversation(alice, at=MEANWHILE + DAY)
    assert Conversation.objects.eligible(MEANWHILE + DAY).exists()

    close_account(alice, at=MEANWHILE + 2 * DAY)

    assert Conversation.objects.with_reason(MEANWHILE + 2 * DAY).get().reason == Reason.ACCOUNT_DELETED


def test_evidence_stays_and_holds(update: PolicyUpdate, alice: User) -> None:
    answer_as(alice, Training.ALLOW)
    close_account(alice, at=MEANWHILE + DAY)

    erase_account(str(alice.principal))

    report = verify()
    assert report.first is None
    assert report.records == 3


def test_address_can_be_used_again(update: PolicyUpdate, alice: User) -> None:
    close_account(alice, at=MEANWHILE)
    erase(alice.principal)

    assert make_user("alice@example.com").pk != alice.pk


def test_account_that_is_open_is_never_erased(alice: User) -> None:
    erase(alice.principal)

    alice.refresh_from_db()
    assert alice.email == "alice@example.com"


def test_what_a_lost_task_left_over_is_erased_by_the_purge(alice: User) -> None:
    close_account(alice, at=MEANWHILE)
    assert list(accounts_to_erase()) == [alice]

    assert purge(MEANWHILE).counts["deleted accounts"] == 1

    assert not accounts_to_erase().exists()


def test_closing_twice_changes_nothing(alice: User, django_capture_on_commit_callbacks: Any) -> None:
    close_account(alice, at=MEANWHILE)
    with django_capture_on_commit_callbacks() as callbacks:
        close_account(alice, at=MEANWHILE + DAY)

    alice.refresh_from_db()
    assert alice.closed_at == MEANWHILE
    assert callbacks == []
