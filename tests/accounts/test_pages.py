"""Every page about an account: designed, in both languages, and without anything the site's policy forbids."""

import json
import re
from collections.abc import Callable
from http import HTTPStatus
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from cryptography.hazmat.primitives.asymmetric import ec
from django.http import HttpResponse
from django.shortcuts import render
from django.test import Client, RequestFactory
from django.urls import reverse
from django.utils import translation
from fido2.cose import ES256
from fido2.utils import websafe_encode
from fido2.webauthn import AttestationObject, AttestedCredentialData, AuthenticatorData, CollectedClientData

from accounts.models import User
from tests.accounts.signing_in import mailed_reset_link, prove_again, sign_in, sign_up
from tests.factories import PASSWORD
from tests.pages import Element, page

LANGUAGES = ["en", "zh-hans"]
CHINESE = re.compile(r"[\u4e00-\u9fff]")
# Three words in a row: no name, no address, no abbreviation.
ENGLISH = re.compile(r"(?:[A-Za-z’]{2,}[ ,.]+){2,}[A-Za-z’]{2,}")

pytestmark = pytest.mark.django_db

Show = Callable[[Client, User], Any]
PAGES: dict[str, Show] = {}


def shows(function: Show) -> Show:
    """List a function as the way to the page of its name."""
    PAGES[function.__name__] = function
    return function


def get(client: Client, route: str, **fields: Any) -> Any:
    return client.get(reverse(route, **fields))


def signed_in(client: Client, user: User) -> None:
    client.force_login(user)
    prove_again(client)


def give_app(user: User) -> None:
    TOTP.activate(user, generate_totp_secret())
    RecoveryCodes.activate(user)


def give_key(user: User, name: str = "Laptop", *, passkey: bool = True) -> Authenticator:
    """Give someone a key, as its registration by a browser would have left it."""
    public_key = ES256.from_cryptography_key(  # type: ignore[no-untyped-call]  # fido2 leaves it untyped
        ec.generate_private_key(ec.SECP256R1()).public_key()
    )
    credential = AttestedCredentialData.create(b"\0" * 16, name.encode(), public_key)
    flags = AuthenticatorData.FLAG.UP | AuthenticatorData.FLAG.UV | AuthenticatorData.FLAG.AT
    data = AuthenticatorData.create(b"\0" * 32, flags, 0, credential)
    client_data = CollectedClientData.create("webauthn.create", b"challenge", "http://testserver")
    answer = {
        "id": websafe_encode(name.encode()),
        "rawId": websafe_encode(name.encode()),
        "type": "public-key",
        "response": {
            "clientDataJSON": websafe_encode(client_data),
            "attestationObject": websafe_encode(AttestationObject.create("none", data, {})),
        },
        "clientExtensionResults": {"credProps": {"rk": passkey}},
    }
    return Authenticator.objects.create(
        user=user, type=Authenticator.Type.WEBAUTHN, data={"name": name, "credential": answer}
    )


# The pages of someone signed out


@shows
def sign_up_page(client: Client, _user: User) -> Any:
    return get(client, "account_signup")


@shows
def sign_up_refused(client: Client, _user: User) -> Any:
    return sign_up(client, "no address", "123")


@shows
def confirm_address(client: Client, _user: User) -> Any:
    return client.get(sign_up(client)["Location"])


@shows
def confirm_address_refused(client: Client, _user: User) -> Any:
    return client.post(sign_up(client)["Location"], {"code": ""})


@shows
def sign_in_page(client: Client, _user: User) -> Any:
    return get(client, "account_login")


@shows
def sign_in_empty(client: Client, _user: User) -> Any:
    return client.post(reverse("account_login"))


@shows
def sign_in_refused(client: Client, user: User) -> Any:
    return sign_in(client, user, "wrong")


@shows
def passkey_missing(client: Client, _user: User) -> Any:
    return client.post(reverse("mfa_login_webauthn"), follow=True)


@shows
def second_step(client: Client, user: User) -> Any:
    give_app(user)
    give_key(user)
    return client.get(sign_in(client, user)["Location"])


@shows
def second_step_refused(client: Client, user: User) -> Any:
    give_app(user)
    return client.post(sign_in(client, user)["Location"], {"code": "000000"})


@shows
def second_step_key_refused(client: Client, user: User) -> Any:
    give_key(user)
    return client.post(sign_in(client, user)["Location"], {"credential": ""})


@shows
def forgotten(client: Client, _user: User) -> Any:
    return get(client, "account_reset_password")


@shows
def forgotten_refused(client: Client, _user: User) -> Any:
    return client.post(reverse("account_reset_password"), {"email": "no address"})


@shows
def forgotten_sent(client: Client, user: User) -> Any:
    return client.post(reverse("account_reset_password"), {"email": user.email}, follow=True)


@shows
def forgotten_link(client: Client, user: User) -> Any:
    forgotten_sent(client, user)
    return client.get(mailed_reset_link(), follow=True)


@shows
def forgotten_link_refused(client: Client, user: User) -> Any:
    forgotten_sent(client, user)
    address = client.get(mailed_reset_link())["Location"]
    return client.post(address, {"password1": "another-fine-horse", "password2": "another"})


@shows
def forgotten_link_expired(client: Client, _user: User) -> Any:
    return get(client, "account_reset_password_from_key", kwargs={"uidb36": "1", "key": "abc-def"})


@shows
def forgotten_done(client: Client, _user: User) -> Any:
    return get(client, "account_reset_password_from_key_done")


@shows
def closed_account(client: Client, _user: User) -> Any:
    return get(client, "account_inactive")


# The pages of someone signed in


@shows
def signed_out(client: Client, user: User) -> Any:
    client.force_login(user)
    return client.post(reverse("account_logout"), follow=True)


@shows
def sign_out(client: Client, user: User) -> Any:
    client.force_login(user)
    return get(client, "account_logout")


@shows
def forgotten_while_signed_in(client: Client, user: User) -> Any:
    client.force_login(user)
    return get(client, "account_reset_password")


@shows
def address(client: Client, user: User) -> Any:
    client.force_login(user)
    return get(client, "account_email")


@shows
def address_refused(client: Client, user: User) -> Any:
    client.force_login(user)
    return client.post(reverse("account_email"), {"action_add": "", "email": user.email})


@shows
def address_to_confirm(client: Client, user: User) -> Any:
    client.force_login(user)
    prove_again(client)
    return client.post(reverse("account_email"), {"action_add": "", "email": "new@example.com"}, follow=True)


@shows
def address_never_confirmed(client: Client, user: User) -> Any:
    client.force_login(user)
    EmailAddress.objects.filter(user=user).update(verified=False)
    return get(client, "account_email")


@shows
def password(client: Client, user: User) -> Any:
    client.force_login(user)
    return get(client, "account_change_password")


@shows
def password_refused(client: Client, user: User) -> Any:
    client.force_login(user)
    return client.post(reverse("account_change_password"), {"oldpassword": "wrong", "password1": "123"})


@shows
def password_saved(client: Client, user: User) -> Any:
    client.force_login(user)
    fields = {"oldpassword": PASSWORD, "password1": "another-fine-horse", "password2": "another-fine-horse"}
    return client.post(reverse("account_change_password"), fields, follow=True)


@shows
def first_password(client: Client, user: User) -> Any:
    user.set_unusable_password()
    user.save()
    client.force_login(user)
    return get(client, "account_set_password")


@shows
def is_it_you(client: Client, user: User) -> Any:
    give_app(user)
    give_key(user)
    client.force_login(user)
    return get(client, "account_reauthenticate")


@shows
def is_it_you_by_code(client: Client, user: User) -> Any:
    give_app(user)
    client.force_login(user)
    return client.post(reverse("mfa_reauthenticate"), {"code": ""})


@shows
def is_it_you_by_key(client: Client, user: User) -> Any:
    give_key(user)
    client.force_login(user)
    return get(client, "mfa_reauthenticate_webauthn")


@shows
def two_steps_off(client: Client, user: User) -> Any:
    client.force_login(user)
    return get(client, "mfa_index")


@shows
def two_steps_on(client: Client, user: User) -> Any:
    give_app(user)
    give_key(user)
    client.force_login(user)
    return get(client, "mfa_index")


@shows
def app_to_set_up(client: Client, user: User) -> Any:
    signed_in(client, user)
    return get(client, "mfa_activate_totp")


@shows
def app_refused(client: Client, user: User) -> Any:
    signed_in(client, user)
    return client.post(reverse("mfa_activate_totp"), {"code": "000000"})


@shows
def app_to_switch_off(client: Client, user: User) -> Any:
    give_app(user)
    signed_in(client, user)
    return get(client, "mfa_deactivate_totp")


@shows
def app_switched_off(client: Client, user: User) -> Any:
    give_app(user)
    signed_in(client, user)
    return client.post(reverse("mfa_deactivate_totp"), follow=True)


@shows
def codes(client: Client, user: User) -> Any:
    give_app(user)
    signed_in(client, user)
    return get(client, "mfa_view_recovery_codes")


@shows
def codes_to_make(client: Client, user: User) -> Any:
    give_app(user)
    signed_in(client, user)
    return get(client, "mfa_generate_recovery_codes")


@shows
def codes_without_a_second_step(client: Client, user: User) -> Any:
    signed_in(client, user)
    return client.post(reverse("mfa_generate_recovery_codes"))


@shows
def no_keys(client: Client, user: User) -> Any:
    client.force_login(user)
    return get(client, "mfa_list_webauthn")


@shows
def keys(client: Client, user: User) -> Any:
    give_key(user)
    give_key(user, "Stick", passkey=False)
    client.force_login(user)
    return get(client, "mfa_list_webauthn")


@shows
def key_to_add(client: Client, user: User) -> Any:
    signed_in(client, user)
    return get(client, "mfa_add_webauthn")


@shows
def key_refused(client: Client, user: User) -> Any:
    signed_in(client, user)
    return client.post(reverse("mfa_add_webauthn"), {"name": "Laptop", "credential": "{}"})


@shows
def key_to_rename(client: Client, user: User) -> Any:
    key = give_key(user)
    signed_in(client, user)
    return client.post(reverse("mfa_edit_webauthn", args=[key.pk]), {"name": ""})


@shows
def key_to_remove(client: Client, user: User) -> Any:
    key = give_key(user)
    signed_in(client, user)
    return get(client, "mfa_remove_webauthn", args=[key.pk])


@shows
def devices(client: Client, user: User) -> Any:
    sign_in(Client(), user)
    sign_in(client, user)
    return get(client, "usersessions_list")


@shows
def devices_signed_out(client: Client, user: User) -> Any:
    sign_in(Client(), user)
    sign_in(client, user)
    return client.post(reverse("usersessions_list"), follow=True)


# Pages that allauth shows by a decorator or an adapter, and no address of ours


def rendered(template: str, user: User) -> HttpResponse:
    request = RequestFactory().get("/")
    request.user = user
    with translation.override(user.language):
        return render(request, template)


@shows
def sign_up_closed(_client: Client, user: User) -> Any:
    return rendered("account/signup_closed.html", user)


@shows
def address_needed(_client: Client, user: User) -> Any:
    return rendered("account/verified_email_required.html", user)


@pytest.fixture(params=LANGUAGES)
def language(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def reader(client: Client, alice: User, language: str) -> User:
    """Return alice, who like her browser speaks this language."""
    client.cookies["language"] = alice.language = language
    alice.save(update_fields=["language"])
    return alice


def main_of(shown: Element) -> Element:
    return shown.one("main")


@pytest.mark.parametrize("name", PAGES)
def test_page_keeps_the_promises_of_the_site(client: Client, reader: User, name: str) -> None:
    response = PAGES[name](client, reader)

    assert response.status_code == HTTPStatus.OK
    shown = page(response)
    assert shown.one("html")["lang"] == reader.language
    assert len(shown.all("h1")) == 1
    assert shown.one("title").text.endswith("Marlow")
    for element in shown.walk():
        assert element.tag != "style"
        assert not {"style", "required", "placeholder", "disabled", "autofocus"} & set(element.attributes) - {
            "autofocus" if element.attributes.get("class", "") in {"error-summary", "flash"} else ""
        }
        assert not [attribute for attribute in element.attributes if attribute.startswith("on")]
        for attribute in ("src", "href", "action"):
            assert re.match(r"/(?!/)|#|$", element.attributes.get(attribute, "")), element
    for script in shown.all("script"):
        if "src" in script:
            assert "defer" in script
        else:
            assert script["type"] == "application/json"
            json.loads(script.raw)
    for form in shown.all("form"):
        if any(field.attributes.get("type") not in ("hidden", None) for field in form.all("input")):
            assert "novalidate" in form, form.attributes


@pytest.mark.parametrize("name", PAGES)
def test_page_is_in_one_language(client: Client, reader: User, name: str) -> None:
    text = main_of(page(PAGES[name](client, reader))).text

    if reader.language == "en":
        assert not CHINESE.search(text)
    else:
        assert CHINESE.search(text)
        assert not ENGLISH.search(text), ENGLISH.search(text)


@pytest.mark.parametrize("name", PAGES)
def test_every_field_is_named_and_joined_to_what_is_said_of_it(client: Client, reader: User, name: str) -> None:
    shown = page(PAGES[name](client, reader))

    ids = [element["id"] for element in shown.walk() if "id" in element]
    assert len(ids) == len(set(ids))
    for field in main_of(shown).all("input"):
        if field.attributes.get("type") == "hidden":
            continue
        assert shown.one("label", for_=field["id"]).text
        assert set(field.attributes.get("aria-describedby", "").split()) <= set(ids)
        if field["type"] not in ("checkbox", "radio") and field["name"] != "name":
            assert field["autocomplete"]


@pytest.mark.parametrize("name", [name for name in PAGES if "refused" in name or "empty" in name])
def test_refused_form_says_what_is_wrong_and_where(client: Client, reader: User, name: str) -> None:
    shown = page(PAGES[name](client, reader))

    assert re.match("Error: |错误", shown.one("title").text)
    summary = shown.one(class_="error-summary")
    assert "autofocus" in summary
    for link in summary.all("a"):
        field = shown.one(id=link["href"].removeprefix("#"))
        assert field["aria-invalid"] == "true"
        assert link.text in shown.one(id=f"{field['id']}_error").text


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("sign_in_page", {"login": "username", "password": "current-password"}),
        ("sign_up_page", {"email": "email", "password1": "new-password"}),
        ("confirm_address", {"code": "one-time-code"}),
        ("second_step", {"code": "one-time-code"}),
        ("forgotten", {"email": "email"}),
        ("forgotten_link", {"password1": "new-password", "password2": "new-password"}),
        ("is_it_you", {"password": "current-password"}),
        ("app_to_set_up", {"code": "one-time-code"}),
        (
            "password",
            {"oldpassword": "current-password", "password1": "new-password", "password2": "new-password"},
        ),
    ],
)
def test_browser_can_fill_in_what_it_knows(client: Client, alice: User, name: str, expected: dict[str, str]) -> None:
    fields = main_of(page(PAGES[name](client, alice))).all("input")

    assert {field["name"]: field["autocomplete"] for field in fields if "autocomplete" in field} == expected


@pytest.mark.parametrize("name", ["sign_in_page", "second_step", "key_to_add", "is_it_you_by_key"])
def test_passkeys_are_read_by_files_of_this_site_and_say_what_they_need(client: Client, alice: User, name: str) -> None:
    shown = page(PAGES[name](client, alice))

    files = [script["src"].rpartition("/")[2] for script in shown.all("script") if "src" in script]
    assert files == ["webauthn-json.js", "webauthn.js", "passkeys.js", "onload.js"]
    assert "JavaScript" in shown.one("noscript").text
    assert "hidden" in shown.one("p", data_passkey_error="")
    (call,) = [json.loads(script.raw) for script in shown.all("script") if "data-allauth-onload" in script]
    for element_id in call["ids"].values():
        assert len(shown.all(id=element_id)) == 1
