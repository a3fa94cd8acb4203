"""Staff need more than a password in production, and are led to it rather than locked out."""

from http import HTTPStatus

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.signals import authenticator_added
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from accounts.models import User
from tests.accounts.signing_in import app_code, prove_again, sign_in
from tests.factories import make_staff, make_user
from tests.pages import page

pytestmark = pytest.mark.django_db

ADMIN = "/admin/"
PAGES = ["/admin/", "/admin/privacy/policyupdate/", "/admin/auth/group/add/", "/admin/login/", "/admin/nowhere/"]


@pytest.fixture
def _production(settings: Settings) -> None:
    settings.STAFF_NEED_SECOND_FACTOR = True


@pytest.fixture
def staff(client: Client) -> User:
    user = make_staff()
    sign_in(client, user)
    return user


def set_up(client: Client) -> str:
    """Set up an authenticator app, and return its secret."""
    prove_again(client)
    secret = page(client.get(reverse("mfa_activate_totp"))).one("dd").text
    client.post(reverse("mfa_activate_totp"), {"code": app_code(secret)})
    return secret


@pytest.mark.usefixtures("_production")
@pytest.mark.parametrize("address", PAGES)
def test_staff_without_a_second_step_are_led_to_set_one_up_and_told_why(
    client: Client, staff: User, address: str
) -> None:
    for response in (client.get(address), client.post(address)):
        assert response.status_code == HTTPStatus.FOUND
        assert response["Location"] == reverse("mfa_index")
    shown = page(client.get(reverse("mfa_index"))).text
    assert "The admin is open to accounts with two-step sign-in. Set it up here first." in shown


@pytest.mark.usefixtures("_production")
def test_admin_opens_once_there_is_a_second_step_which_is_asked_for_from_then_on(client: Client, staff: User) -> None:
    client.get(ADMIN)
    set_up(client)

    assert client.get(ADMIN).status_code == HTTPStatus.OK

    other = Client()
    response = sign_in(other, staff)
    assert response["Location"].partition("?")[0] == reverse("mfa_authenticate")
    assert other.get(ADMIN).status_code == HTTPStatus.FOUND
    assert other.get(ADMIN)["Location"].startswith("/admin/login/")


# What follows the commit of setting it up is seen only where that commits.
@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("_production")
def test_session_begun_with_a_password_alone_ends_once_there_is_a_second_step(client: Client, staff: User) -> None:
    thief, bystander = Client(), Client()
    sign_in(thief, staff)
    sign_in(bystander, make_user("bystander@example.com"))
    assert thief.get(ADMIN)["Location"] == reverse("mfa_index")

    set_up(client)

    assert "You are signed out on your other devices" in page(client.get(reverse("mfa_index"))).text
    assert thief.get(ADMIN)["Location"].startswith("/admin/login/")
    assert thief.get(reverse("mfa_activate_totp")).status_code == HTTPStatus.FOUND
    assert "_auth_user_id" not in thief.session
    assert client.get(ADMIN).status_code == HTTPStatus.OK
    assert "_auth_user_id" in bystander.session


@pytest.mark.usefixtures("_production")
def test_second_authenticator_ends_no_session_that_took_two_steps(client: Client, staff: User) -> None:
    secret = set_up(client)
    other = Client()
    sign_in(other, staff)
    other.post(reverse("mfa_authenticate"), {"code": app_code(secret)})
    assert other.get(ADMIN).status_code == HTTPStatus.OK

    key = Authenticator.objects.create(user=staff, type=Authenticator.Type.WEBAUTHN, data={})
    request = client.get(ADMIN).wsgi_request
    authenticator_added.send(sender=Authenticator, request=request, user=staff, authenticator=key)

    assert other.get(ADMIN).status_code == HTTPStatus.OK


@pytest.mark.usefixtures("_production")
def test_recovery_codes_alone_are_no_second_step(client: Client, staff: User) -> None:
    Authenticator.objects.create(user=staff, type=Authenticator.Type.RECOVERY_CODES, data={})
    assert client.get(ADMIN)["Location"] == reverse("mfa_index")


@pytest.mark.usefixtures("_production")
@pytest.mark.parametrize("kind", [Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN])
def test_app_and_passkey_are_second_steps(client: Client, staff: User, kind: Authenticator.Type) -> None:
    Authenticator.objects.create(user=staff, type=kind, data={})
    assert client.get(ADMIN).status_code == HTTPStatus.OK


@pytest.mark.usefixtures("_production")
def test_staff_without_a_second_step_can_use_the_site_and_sign_out(client: Client, staff: User) -> None:
    assert client.get(reverse("accounts:preferences")).status_code == HTTPStatus.OK
    assert client.post("/admin/logout/").status_code == HTTPStatus.OK


@pytest.mark.usefixtures("_production")
def test_who_is_no_staff_is_told_nothing_of_it(client: Client) -> None:
    client.force_login(make_user())
    assert client.get(ADMIN)["Location"].startswith("/admin/login/")
    assert client.get("/admin/login/").status_code == HTTPStatus.FORBIDDEN


def test_in_the_demo_a_password_is_enough(client: Client, staff: User) -> None:
    assert client.get(ADMIN).status_code == HTTPStatus.OK
