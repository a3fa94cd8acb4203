"""What an open session does not hand over: the address of an account, and its first password."""

from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from django.contrib.sessions.models import Session
from django.test import Client
from django.urls import reverse

from accounts.models import User
from privacy.models import PolicyUpdate
from tests.accounts.signing_in import leave_for_an_hour, letters, prove_again, sign_in
from tests.conftest import MoveClock
from tests.factories import AFTERWARDS, MEANWHILE, PASSWORD
from tests.pages import page

ADDRESS, FIRST_PASSWORD = "account_email", "account_set_password"
NEW_PASSWORD = "another-fine-horse"

pytestmark = pytest.mark.django_db


@pytest.fixture
def passkey_owner(alice: User) -> User:
    """Return alice, who signs in with a passkey and has no password."""
    alice.set_unusable_password()
    alice.save(update_fields=["password"])
    data = {"name": "Phone", "passwordless": True, "credential": {}}
    Authenticator.objects.create(user=alice, type=Authenticator.Type.WEBAUTHN, data=data)
    return alice


def change_address(client: Client) -> Any:
    return client.post(reverse(ADDRESS), {"action_add": "", "email": "thief@example.com"})


def asked_at(response: Any) -> str:
    """Return the page that asks for a proof, and check that it leads back."""
    where, _sep, query = response["Location"].partition("?")
    assert query.startswith("next=")
    return str(where)


@pytest.mark.parametrize("at", [MEANWHILE, AFTERWARDS], ids=["pop-up", "gate"])
def test_open_session_changes_the_address_only_with_the_password(
    client: Client, update: PolicyUpdate, alice: User, moved_to: MoveClock, at: Any
) -> None:
    moved_to(at)
    sign_in(client, alice)
    leave_for_an_hour(client)

    asks = change_address(client)

    assert asked_at(asks) == reverse("account_reauthenticate")
    form = page(client.get(asks["Location"])).one("form", action=reverse("account_reauthenticate"))
    next_page = form.one("input", name="next")["value"]
    assert next_page == reverse(ADDRESS)
    refused = client.post(asks["Location"], {"password": "wrong", "next": next_page})
    assert "That password is not right." in page(refused).text
    assert not letters()

    goes_on = client.post(asks["Location"], {"password": PASSWORD, "next": next_page})

    assert goes_on["Location"] == reverse("account_email_verification_sent")
    assert letters()[-1].to == ["thief@example.com"], "what was typed before is not lost"


def test_who_has_just_signed_in_is_not_asked_again(client: Client, alice: User) -> None:
    sign_in(client, alice)

    assert change_address(client)["Location"] == reverse("account_email_verification_sent")


def test_who_has_just_signed_in_is_asked_before_the_whole_account_goes_out(client: Client, alice: User) -> None:
    sign_in(client, alice)

    for name in ("accounts:delete", "mfa_activate_totp"):
        assert asked_at(client.get(reverse(name))) == reverse("account_reauthenticate")


def test_passkey_is_asked_for_where_there_is_no_password(client: Client, passkey_owner: User) -> None:
    client.force_login(passkey_owner)

    assert asked_at(change_address(client)) == reverse("mfa_reauthenticate_webauthn")


def test_open_session_sets_no_first_password(client: Client, passkey_owner: User) -> None:
    client.force_login(passkey_owner)
    asks = client.get(reverse(FIRST_PASSWORD))
    assert asked_at(asks) == reverse("mfa_reauthenticate_webauthn")

    sent = client.post(reverse(FIRST_PASSWORD), {"password1": NEW_PASSWORD, "password2": NEW_PASSWORD})

    assert sent["Location"] == reverse(FIRST_PASSWORD)
    assert not User.objects.get(pk=passkey_owner.pk).has_usable_password()
    assert not [kept for kept in Session.objects.all() if NEW_PASSWORD in str(kept.get_decoded())]


def test_first_password_is_set_by_who_has_shown_that_it_is_them(client: Client, passkey_owner: User) -> None:
    passkey_owner.set_password(PASSWORD)
    passkey_owner.save(update_fields=["password"])
    client.force_login(passkey_owner)
    prove_again(client)
    # What is asked of the key is a browser's to answer; the session knows no difference.
    User.objects.filter(pk=passkey_owner.pk).update(password="!")
    session = client.session
    session["_auth_user_hash"] = User.objects.get(pk=passkey_owner.pk).get_session_auth_hash()
    session.save()

    client.post(reverse(FIRST_PASSWORD), {"password1": NEW_PASSWORD, "password2": NEW_PASSWORD})

    assert User.objects.get(pk=passkey_owner.pk).check_password(NEW_PASSWORD)
