"""Signing in and out: nobody learns who has an account, nobody guesses for long, and nobody is led elsewhere."""

import re
from collections.abc import Callable
from http import HTTPStatus
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from allauth.usersessions.models import UserSession
from django.core.cache import cache
from django.test import Client
from django.urls import reverse

from accounts.models import User
from privacy.auth_backends import AuthenticationBackend
from privacy.models import PolicyUpdate
from tests.accounts.signing_in import letters, mailed_reset_link, sign_in, sign_up
from tests.factories import PASSWORD, make_user
from tests.pages import page

NOBODY = "nobody@example.com"
NEW_PASSWORD = "another-fine-horse"
TOKEN = re.compile(r'(name="csrfmiddlewaretoken" value=")[^"]+')
PAGE = "/accounts/preferences/"

pytestmark = pytest.mark.django_db

Act = Callable[[Client, str], Any]


def ask_for_reset(client: Client, email: str) -> Any:
    return client.post(reverse("account_reset_password"), {"email": email})


def enter_wrong_code(client: Client, email: str) -> Any:
    sign_up(client, email)
    return client.post(reverse("account_email_verification_sent"), {"code": "WRNG-CDDE"})


def ask_for_new_code(client: Client, email: str) -> Any:
    sign_up(client, email)
    cache.clear()
    return client.post(reverse("account_email_verification_sent"), {"action": "resend"})


def guess(client: Client, email: str) -> Any:
    return sign_in(client, email, "not-the-password")


def guess_often(client: Client, email: str) -> Any:
    return [guess(client, email) for _attempt in range(6)][-1]


def sign_up_again(client: Client, email: str) -> Any:
    sign_up(client, email)
    return sign_up(Client(), email)


# Who has an account


def all_that_shows(act: Act, email: str) -> list[Any]:
    """Return the status, the way on and the pages someone gets for an address, but for that address."""
    cache.clear()
    client = Client()
    response = act(client, email)
    shown = [response.status_code, response.headers.get("Location", "")]
    pages = [response, client.get(response["Location"]) if response.status_code == HTTPStatus.FOUND else response]
    return shown + [TOKEN.sub(r"\1", each.content.decode()).replace(email, "…") for each in pages]


@pytest.mark.parametrize(
    "act", [sign_up, enter_wrong_code, ask_for_new_code, sign_up_again, guess, guess_often, ask_for_reset]
)
def test_pages_are_the_same_whether_or_not_there_is_an_account(alice: User, act: Act) -> None:
    assert all_that_shows(act, alice.email) == all_that_shows(act, NOBODY)


def test_letter_says_what_the_page_does_not(client: Client, alice: User) -> None:
    sign_up(client, alice.email)
    ask_for_reset(client, NOBODY)

    (has_one, has_none) = letters()
    assert has_one.to == [alice.email]
    assert "You already have an account" in has_one.subject
    assert has_none.to == [NOBODY]
    assert "No account" in has_none.subject


def test_signing_up_again_changes_nothing_about_the_account(client: Client, alice: User) -> None:
    before = User.objects.values().get(pk=alice.pk)

    sign_up(client, alice.email.upper(), NEW_PASSWORD)

    assert User.objects.values().get(pk=alice.pk) == before
    assert User.objects.count() == 1


# How often


@pytest.mark.parametrize(
    ("route", "fields", "allowed"),
    [
        ("account_login", {}, 30),
        ("account_signup", {}, 20),
        ("account_reset_password", {"email": NOBODY}, 5),
    ],
)
@pytest.mark.parametrize(("language", "title"), [("en", "Too many attempts"), ("zh-hans", "尝试次数过多")])
def test_too_many_attempts_get_a_designed_page(
    client: Client, route: str, fields: dict[str, str], allowed: int, language: str, title: str
) -> None:
    client.cookies["language"] = language
    for _attempt in range(allowed):
        assert client.post(reverse(route), fields).status_code < HTTPStatus.BAD_REQUEST

    response = client.post(reverse(route), fields)

    assert response.status_code == HTTPStatus.TOO_MANY_REQUESTS
    assert page(response).one("html")["lang"] == language
    assert page(response).one("h1").text == title
    assert client.get(reverse(route)).status_code == HTTPStatus.OK


def test_guessing_is_stopped_even_if_the_last_guess_is_right(client: Client, alice: User) -> None:
    for _attempt in range(5):
        guess(client, alice.email)

    response = sign_in(client, alice)

    assert response.status_code == HTTPStatus.OK
    assert "There were too many attempts." in page(response).text
    assert "_auth_user_id" not in client.session


# The session


def test_session_gets_a_new_key_at_sign_in(client: Client, alice: User) -> None:
    session = client.session
    session["before"] = True
    session.save()
    before = session.session_key

    sign_in(client, alice)

    assert client.session.session_key != before
    assert client.session["_auth_user_id"] == str(alice.pk)
    assert not client.session.exists(before or "")


def test_session_ends_at_sign_out_and_by_a_form_only(client: Client, alice: User) -> None:
    sign_in(client, alice)
    key = client.session.session_key

    assert client.get(reverse("account_logout")).status_code == HTTPStatus.OK
    assert client.get(PAGE).status_code == HTTPStatus.OK
    assert client.post(reverse("account_logout"))["Location"] == reverse("home")

    assert client.get(PAGE).status_code == HTTPStatus.FOUND
    assert not client.session.exists(key or "")


def test_closed_account_can_not_sign_in(client: Client, alice: User) -> None:
    User.objects.filter(pk=alice.pk).update(is_active=False)

    response = sign_in(client, alice)

    assert response["Location"] == reverse("account_inactive")
    assert "_auth_user_id" not in client.session
    assert client.get(PAGE).status_code == HTTPStatus.FOUND


def test_persona_can_be_signed_in_to_only_where_qas_tools_are_on(settings: Any, update: PolicyUpdate) -> None:
    persona = make_user("team@personas.example", is_persona=True, is_staff=True)
    before, after = Client(), Client()
    sign_in(before, persona)
    assert "_auth_user_id" in before.session

    settings.QA_TOOLS = False

    assert sign_in(after, persona)["Location"] == reverse("account_inactive")
    assert "_auth_user_id" not in after.session
    for browser in (before, after):
        for address in (PAGE, "/admin/"):
            response = browser.get(address)
            assert response.status_code == HTTPStatus.FOUND
            assert "/login/?next=" in response["Location"]
    assert AuthenticationBackend().authenticate(None, username=persona.email, password=PASSWORD) is None


def test_devices_list_shows_the_others_and_ends_them(client: Client, alice: User) -> None:
    phone = Client(headers={"user-agent": "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0) Version/18.0 Safari/604.1"})
    evil = Client(headers={"user-agent": "<b>Call 555-0100</b> Chrome/130 Windows NT 10.0"})
    for device in (phone, evil, client):
        sign_in(device, alice)

    shown = page(client.get(reverse("usersessions_list")))
    assert "Safari · iPhone" in shown.text
    assert "Chrome · Windows" in shown.text
    assert "555-0100" not in shown.text
    assert shown.text.count("this device") == 1

    response = client.post(reverse("usersessions_list"), follow=True)

    assert "Your other devices are signed out." in page(response).text
    assert "You are signed in here and nowhere else." in page(response).text
    assert phone.get(PAGE).status_code == evil.get(PAGE).status_code == HTTPStatus.FOUND
    assert client.get(PAGE).status_code == HTTPStatus.OK


def test_devices_of_others_are_neither_shown_nor_ended(client: Client, alice: User, mallory: User) -> None:
    theirs = Client(headers={"user-agent": "Firefox Windows"})
    sign_in(theirs, alice)
    sign_in(client, mallory)
    sign_in(Client(), mallory)

    assert "Firefox" not in page(client.get(reverse("usersessions_list"))).text
    client.post(reverse("usersessions_list"))

    assert theirs.get(PAGE).status_code == HTTPStatus.OK
    assert UserSession.objects.filter(user=alice).count() == 1


# Where to


@pytest.mark.parametrize(
    "elsewhere",
    [
        "https://evil.example/",
        "//evil.example/",
        "/\\evil.example/",
        "http:///evil.example",
        "javascript:alert(1)",
        "https://testserver@evil.example/",
    ],
)
@pytest.mark.parametrize("place", ["query", "form"])
def test_next_leads_nowhere_else(client: Client, alice: User, elsewhere: str, place: str) -> None:
    query = {"next": elsewhere} if place == "query" else {}
    fields = {} if query else {"next": elsewhere}
    fields |= {"login": alice.email, "password": PASSWORD}

    response = client.post(reverse("account_login", query=query), fields)

    assert response["Location"] == reverse("conversations:index")
    response = client.post(reverse("account_logout", query=query), {"next": elsewhere} if not query else {})
    assert response["Location"] == reverse("home")


def test_next_leads_to_a_page_of_the_site(client: Client, alice: User) -> None:
    response = client.get(reverse("account_login", query={"next": PAGE}))
    (field,) = page(response).one("form", action=reverse("account_login")).all("input", name="next")
    assert field["value"] == PAGE

    assert sign_in(client, alice, next=PAGE)["Location"] == PAGE


# The password and the address


def test_forgotten_password_is_replaced_by_a_link_that_works_once(client: Client, alice: User) -> None:
    elsewhere = Client()
    sign_in(elsewhere, alice)
    ask_for_reset(client, alice.email)
    link = mailed_reset_link()

    form = client.get(link)["Location"]
    assert link not in form, "the key does not stay in the address"
    response = client.post(form, {"password1": NEW_PASSWORD, "password2": NEW_PASSWORD})

    assert response["Location"] == reverse("account_reset_password_from_key_done")
    assert "_auth_user_id" not in client.session
    assert elsewhere.get(PAGE).status_code == HTTPStatus.FOUND
    assert "This link no longer works" in page(Client().get(link)).text
    assert sign_in(client, alice).status_code == HTTPStatus.OK
    assert sign_in(client, alice, NEW_PASSWORD)["Location"] == reverse("conversations:index")


@pytest.mark.django_db(transaction=True)  # The letter leaves once the password is saved.
def test_changing_the_password_signs_other_devices_out(client: Client, alice: User) -> None:
    elsewhere = Client()
    sign_in(elsewhere, alice)
    sign_in(client, alice)

    fields = {"oldpassword": "wrong", "password1": NEW_PASSWORD, "password2": NEW_PASSWORD}
    refused = client.post(reverse("account_change_password"), fields)
    assert "That is not your current password." in page(refused).text
    client.post(reverse("account_change_password"), fields | {"oldpassword": PASSWORD})

    assert elsewhere.get(PAGE).status_code == HTTPStatus.FOUND
    assert client.get(PAGE).status_code == HTTPStatus.OK
    assert letters()[-1].to == [alice.email]


@pytest.mark.django_db(transaction=True)  # The letter leaves once the address is saved.
def test_address_changes_only_by_the_code_sent_to_the_new_one(client: Client, alice: User) -> None:
    sign_in(client, alice)
    client.post(reverse("account_email"), {"action_add": "", "email": "alice@new.example"})
    (letter,) = letters()
    assert letter.to == ["alice@new.example"]
    assert User.objects.get(pk=alice.pk).email == "alice@example.com"

    code = re.search(r"[A-Z]{4}-[A-Z]{4}", letter.body)
    assert code is not None
    client.post(reverse("account_email_verification_sent"), {"code": code.group()})

    assert User.objects.get(pk=alice.pk).email == "alice@new.example"
    assert list(EmailAddress.objects.filter(user=alice).values_list("email", "verified")) == [
        ("alice@new.example", True)
    ]
    assert letters()[-1].to == ["alice@example.com"], "the old address hears of it"


def test_address_of_someone_else_can_not_be_taken(client: Client, alice: User) -> None:
    make_user("bob@example.com")
    sign_in(client, alice)

    taken = client.post(reverse("account_email"), {"action_add": "", "email": "bob@example.com"})
    free = client.post(reverse("account_email"), {"action_add": "", "email": "free@example.com"})

    assert (taken.status_code, taken["Location"]) == (free.status_code, free["Location"])
    assert User.objects.filter(email="bob@example.com").count() == 1
    assert User.objects.get(pk=alice.pk).email == "alice@example.com"
