"""Signing up: the address is confirmed by a code, and the question is the second step (rule B1)."""

from collections.abc import Callable
from datetime import timedelta
from http import HTTPStatus

import pytest
from allauth.account.models import EmailAddress
from django.core import mail
from django.core.cache import cache
from django.core.management import call_command
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from accounts.actions import change_plan
from accounts.leaving import close_unconfirmed, never_confirmed
from accounts.models import Plan, User
from consent_site import settings as production
from conversations.purge import purge
from privacy.models import ConsentState, PolicyUpdate
from tests.accounts.signing_in import letters, mailed_code, sign_in, sign_up
from tests.conftest import MoveClock
from tests.factories import MEANWHILE, PASSWORD, SECOND
from tests.pages import next_of, page

CONFIRM = "account_email_verification_sent"
TIME_TO_CONFIRM = timedelta(days=14)

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _after_the_announcement(update: PolicyUpdate, moved_to: MoveClock) -> None:
    moved_to(MEANWHILE)


def test_sign_up_leads_by_a_code_to_the_question(client: Client) -> None:
    response = sign_up(client, "New@Example.com", time_zone="Asia/Tokyo")
    assert response["Location"] == reverse(CONFIRM)
    (letter,) = letters()
    assert letter.to == ["new@example.com"]

    response = client.post(reverse(CONFIRM), {"code": mailed_code().lower().replace("-", " ")})
    assert response["Location"] == reverse("conversations:index")

    response = client.get(response["Location"])
    assert response.status_code == HTTPStatus.SEE_OTHER
    assert response["Location"].partition("?")[0] == reverse("privacy:question")
    assert next_of(response["Location"]) == reverse("conversations:index")
    assert "Last step of signing up" in client.get(response["Location"]).content.decode()

    user = User.objects.get(email="new@example.com")
    assert user.joined_at == MEANWHILE
    assert user.time_zone == "Asia/Tokyo"
    assert EmailAddress.objects.get(user=user).verified
    assert not ConsentState.objects.filter(user=user).exclude(training="").exists()


def test_sign_up_is_remembered_half_way(client: Client) -> None:
    sign_up(client)
    cache.clear()  # One code in ten seconds.
    other_day = Client()

    response = sign_in(other_day, "new@example.com")
    assert response["Location"] == reverse(CONFIRM)
    response = other_day.post(reverse(CONFIRM), {"code": mailed_code()})

    response = other_day.get(response["Location"])
    assert response["Location"].partition("?")[0] == reverse("privacy:question")


def test_sign_up_without_a_confirmed_address_signs_nobody_in(client: Client) -> None:
    sign_up(client)

    response = client.get(reverse("conversations:index"))

    assert response["Location"].partition("?")[0] == reverse("account_login")


def test_wrong_code_confirms_nothing_and_ends_after_three(client: Client) -> None:
    sign_up(client)

    for _attempt in range(2):
        response = client.post(reverse(CONFIRM), {"code": "WRNG-CDDE"})
        assert response.status_code == HTTPStatus.OK
        assert page(response).one("title").text.startswith("Error: ")
    response = client.post(reverse(CONFIRM), {"code": "WRNG-CDDE"})

    assert response["Location"] == reverse("account_login")
    assert client.post(reverse(CONFIRM), {"code": mailed_code()})["Location"] == reverse("account_login")
    assert not EmailAddress.objects.get(email="new@example.com").verified


def test_new_code_can_be_asked_for_and_replaces_the_old_one(client: Client) -> None:
    sign_up(client)
    old = mailed_code()

    too_soon = client.post(reverse(CONFIRM), {"action": "resend"})
    assert too_soon.status_code == HTTPStatus.TOO_MANY_REQUESTS
    assert mailed_code() == old
    cache.clear()
    again = client.post(reverse(CONFIRM), {"action": "resend"}, follow=True)
    assert "A new code is on its way to new@example.com." in page(again).text

    assert mailed_code() != old
    assert client.post(reverse(CONFIRM), {"code": old}).status_code == HTTPStatus.OK
    assert client.post(reverse(CONFIRM), {"code": mailed_code()}).status_code == HTTPStatus.FOUND


def test_sign_up_can_be_started_over_with_another_address(client: Client) -> None:
    sign_up(client, "tpyo@example.com")

    response = client.post(reverse("account_logout"), {"next": reverse("account_signup")})
    assert response["Location"] == reverse("account_signup")

    assert sign_up(client, "typo@example.com")["Location"] == reverse(CONFIRM)
    assert letters()[-1].to == ["typo@example.com"]


def test_account_gets_the_language_of_its_sign_up(client: Client) -> None:
    client.cookies["language"] = "zh-hans"

    sign_up(client)

    assert User.objects.get(email="new@example.com").language == "zh-hans"


@pytest.mark.parametrize("name", ["", "Nowhere/Atall", "../../etc/passwd"])
def test_time_zone_nobody_knows_is_ignored(client: Client, name: str) -> None:
    sign_up(client, time_zone=name)

    assert User.objects.get(email="new@example.com").time_zone == "UTC"


def test_browser_names_its_time_zone_on_the_sign_up_page_only(client: Client) -> None:
    signing_up = page(client.get(reverse("account_signup")))
    assert len(signing_up.all("input", name="time_zone", type="hidden")) == 1
    (script,) = signing_up.all("script")
    assert script["src"].endswith("/site.js")
    assert "defer" in script


@pytest.mark.parametrize("password", ["short-7", "12345678901", "password123", "new@example.com"])
def test_poor_password_is_refused_with_the_reason(client: Client, password: str) -> None:
    response = sign_up(client, password=password)

    shown = page(response)
    assert shown.one("title").text.startswith("Error: ")
    field = shown.one("input", id="id_password1")
    assert field["aria-invalid"] == "true"
    assert "id_password1_error" in field["aria-describedby"].split()
    assert shown.one(id="id_password1_error").text in shown.one(class_="error-summary").text
    assert password not in response.content.decode().replace('value="new@example.com"', "")
    assert not User.objects.filter(email="new@example.com").exists()


def test_password_is_stored_with_argon2(client: Client, settings: Settings) -> None:
    settings.PASSWORD_HASHERS = production.PASSWORD_HASHERS

    sign_up(client)

    stored = User.objects.get(email="new@example.com").password
    assert stored.startswith("argon2$argon2id$")
    assert PASSWORD not in stored


# What nobody confirms


@pytest.mark.parametrize(("offset", "is_left"), [(-SECOND, True), (timedelta(), False), (SECOND, False)])
def test_sign_up_that_nobody_confirms_is_erased_after_14_days(
    client: Client, moved_to: MoveClock, offset: timedelta, *, is_left: bool
) -> None:
    sign_up(client, "somebody.else@example.com")
    mail.outbox.clear()
    moved_to(MEANWHILE + TIME_TO_CONFIRM + offset)

    report = purge(MEANWHILE + TIME_TO_CONFIRM + offset)

    assert report.counts.get("sign-ups never confirmed", 0) == (0 if is_left else 1)
    assert User.objects.filter(email="somebody.else@example.com").exists() is is_left
    assert EmailAddress.objects.exists() is is_left
    assert User.objects.filter(erased_at__isnull=False).exists() is not is_left
    assert not mail.outbox, "whose address it is never asked for anything"


def test_address_of_an_erased_sign_up_can_be_signed_up(client: Client) -> None:
    sign_up(client)
    purge(MEANWHILE + TIME_TO_CONFIRM)
    cache.clear()

    sign_up(Client())

    assert "already" not in letters()[-1].body
    assert User.objects.filter(email="new@example.com", closed_at=None).exists()


def confirmed(client: Client) -> None:
    sign_up(client)
    client.post(reverse(CONFIRM), {"code": mailed_code()})


def made_for_someone_who_begins_to_sign_in(client: Client) -> None:
    User.objects.create_user("new@example.com", PASSWORD)
    sign_in(client, "new@example.com")


def made_by_a_command(_client: Client) -> None:
    call_command("createsuperuser", email="new@example.com", interactive=False)


def staff(client: Client) -> None:
    sign_up(client)
    User.objects.update(is_staff=True)


def persona(client: Client) -> None:
    sign_up(client)
    User.objects.update(is_persona=True)


def paying(client: Client) -> None:
    sign_up(client)
    change_plan(User.objects.get(), Plan.PRO, at=MEANWHILE)


@pytest.mark.parametrize(
    "make",
    [confirmed, made_for_someone_who_begins_to_sign_in, made_by_a_command, staff, persona, paying],
    ids=lambda make: make.__name__,
)
def test_account_that_is_no_forgotten_sign_up_is_kept(client: Client, make: Callable[[Client], None]) -> None:
    make(client)

    purge(MEANWHILE + 10 * TIME_TO_CONFIRM)

    assert User.objects.get(email="new@example.com").closed_at is None


def test_sign_up_that_is_confirmed_while_it_is_purged_is_kept(client: Client) -> None:
    sign_up(client)
    due = never_confirmed(MEANWHILE + TIME_TO_CONFIRM)
    user = due.get()
    client.post(reverse(CONFIRM), {"code": mailed_code()})

    assert not close_unconfirmed(user, due, at=MEANWHILE + TIME_TO_CONFIRM)

    user.refresh_from_db()
    assert user.closed_at is None
