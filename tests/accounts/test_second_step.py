"""Two-step sign-in: an authenticator app, recovery codes, and keys."""

import re
from http import HTTPStatus

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from django.test import Client
from django.urls import reverse

from accounts.models import User
from tests.accounts.signing_in import app_code, letters, prove_again, sign_in
from tests.pages import page

SECOND_STEP = "mfa_authenticate"

pytestmark = pytest.mark.django_db


@pytest.fixture
def secret(alice: User) -> str:
    """Give alice an authenticator app, and return its secret."""
    secret: str = generate_totp_secret()
    TOTP.activate(alice, secret)
    return secret


def is_signed_in(client: Client) -> bool:
    return "_auth_user_id" in client.session


def test_setting_up_the_app_asks_for_the_password_first(client: Client, alice: User) -> None:
    sign_in(client, alice)

    response = client.get(reverse("mfa_activate_totp"))

    assert response["Location"].partition("?")[0] == reverse("account_reauthenticate")
    refused = client.post(response["Location"], {"password": "wrong"})
    assert "That password is not right." in page(refused).text


@pytest.mark.django_db(transaction=True)  # The letter leaves once the app is saved.
def test_app_is_set_up_and_then_asked_for(client: Client, alice: User) -> None:
    sign_in(client, alice)
    prove_again(client)
    shown = page(client.get(reverse("mfa_activate_totp")))
    secret = shown.one("dd").text
    drawing = shown.one("div", class_="qr")
    assert drawing.one("svg").all("path")
    assert "<?xml" not in drawing.raw
    assert not shown.all("img")

    refused = client.post(reverse("mfa_activate_totp"), {"code": "000000"})
    assert "That code is not right, or no longer valid." in page(refused).text
    assert page(refused).one("dd").text == secret
    response = client.post(reverse("mfa_activate_totp"), {"code": app_code(secret)})
    assert response["Location"] == reverse("mfa_view_recovery_codes")
    assert letters()[-1].to == [alice.email]

    elsewhere = Client()
    assert sign_in(elsewhere, alice)["Location"].partition("?")[0] == reverse(SECOND_STEP)
    assert not is_signed_in(elsewhere)
    refused = elsewhere.post(reverse(SECOND_STEP), {"code": "000000"})
    assert page(refused).one("title").text.startswith("Error: ")
    assert elsewhere.post(reverse(SECOND_STEP), {"code": app_code(secret)})["Location"] == "/chats/"
    assert is_signed_in(elsewhere)


def test_code_of_the_app_works_once(client: Client, alice: User, secret: str) -> None:
    code = app_code(secret)
    sign_in(client, alice)
    client.post(reverse(SECOND_STEP), {"code": code})
    assert is_signed_in(client)

    onlooker = Client()
    sign_in(onlooker, alice)
    onlooker.post(reverse(SECOND_STEP), {"code": code})

    assert not is_signed_in(onlooker)


def test_recovery_code_signs_in_once(alice: User, secret: str) -> None:
    code = RecoveryCodes.activate(alice).get_unused_codes()[0]

    for expected in (True, False):
        client = Client()
        sign_in(client, alice)
        client.post(reverse(SECOND_STEP), {"code": code})
        assert is_signed_in(client) is expected


def test_second_step_can_not_be_guessed_for_long(client: Client, alice: User, secret: str) -> None:
    sign_in(client, alice)
    for _attempt in range(5):
        client.post(reverse(SECOND_STEP), {"code": "000000"})

    response = client.post(reverse(SECOND_STEP), {"code": app_code(secret)})

    assert "There were too many attempts." in page(response).text
    assert not is_signed_in(client)


def test_second_step_is_kept_by_a_new_password(client: Client, alice: User, secret: str) -> None:
    alice.set_password("another-fine-horse")
    alice.save()

    sign_in(client, alice, "another-fine-horse")

    assert not is_signed_in(client)


def test_recovery_codes_are_seen_and_downloaded_by_their_owner_only(
    client: Client, alice: User, mallory: User, secret: str
) -> None:
    codes = RecoveryCodes.activate(alice).get_unused_codes()
    client.force_login(alice)
    assert client.get(reverse("mfa_view_recovery_codes")).status_code == HTTPStatus.FOUND
    prove_again(client)

    shown = page(client.get(reverse("mfa_view_recovery_codes")))
    assert [row.text for row in shown.one("ul", class_="codes").all("li")] == codes
    download = client.get(reverse("mfa_download_recovery_codes"))
    assert download["Content-Type"].startswith("text/plain")
    assert "attachment" in download["Content-Disposition"]
    assert "no-store" in download["Cache-Control"]
    assert download.content.decode().split() == codes

    stranger = Client()
    stranger.force_login(mallory)
    prove_again(stranger)
    assert stranger.get(reverse("mfa_view_recovery_codes")).status_code == HTTPStatus.NOT_FOUND
    assert stranger.get(reverse("mfa_download_recovery_codes")).status_code == HTTPStatus.NOT_FOUND


def test_new_recovery_codes_replace_the_old_ones(client: Client, alice: User, secret: str) -> None:
    before = RecoveryCodes.activate(alice).get_unused_codes()
    client.force_login(alice)
    prove_again(client)

    response = client.post(reverse("mfa_generate_recovery_codes"))

    assert response["Location"] == reverse("mfa_view_recovery_codes")
    after = page(client.get(response["Location"])).one("ul", class_="codes").text.split()
    assert not set(before) & set(after)


@pytest.mark.django_db(transaction=True)  # The letter leaves once that is saved.
def test_app_is_switched_off_with_its_codes(client: Client, alice: User, secret: str) -> None:
    RecoveryCodes.activate(alice)
    client.force_login(alice)
    prove_again(client)

    client.post(reverse("mfa_deactivate_totp"), follow=True)

    assert not Authenticator.objects.filter(user=alice).exists()
    assert re.search("is off at", letters()[-1].subject)
    elsewhere = Client()
    sign_in(elsewhere, alice)
    assert is_signed_in(elsewhere)


def test_key_of_someone_else_can_not_be_renamed_or_removed(client: Client, alice: User, mallory: User) -> None:
    key = Authenticator.objects.create(
        user=alice, type=Authenticator.Type.WEBAUTHN, data={"name": "Laptop", "credential": {}}
    )
    client.force_login(mallory)
    prove_again(client)

    for route in ("mfa_edit_webauthn", "mfa_remove_webauthn"):
        assert client.post(reverse(route, args=[key.pk]), {"name": "Mine"}).status_code == HTTPStatus.NOT_FOUND

    key.refresh_from_db()
    assert key.wrap().name == "Laptop"


@pytest.mark.parametrize("credential", ["", "{}", "[]", '"text"', "null", "{", '{"response": {"userHandle": "MQ"}}'])
def test_passkey_that_is_none_signs_nobody_in(client: Client, alice: User, credential: str) -> None:
    client.get(reverse("mfa_login_webauthn"), headers={"accept": "application/json"})

    response = client.post(reverse("mfa_login_webauthn"), {"credential": credential})

    assert response["Location"] == reverse("account_login")
    assert page(client.get(response["Location"])).one(class_="flash").text
    assert not is_signed_in(client)
