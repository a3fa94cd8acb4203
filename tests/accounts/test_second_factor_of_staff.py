"""Staff need more than a password in production, and are led to it rather than locked out."""

from http import HTTPStatus

import pytest
from allauth.mfa.models import Authenticator
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
    prove_again(client)
    setting_up = page(client.get(reverse("mfa_activate_totp")))
    secret = setting_up.one("dd").text
    client.post(reverse("mfa_activate_totp"), {"code": app_code(secret)})

    assert client.get(ADMIN).status_code == HTTPStatus.OK

    other = Client()
    response = sign_in(other, staff)
    assert response["Location"].partition("?")[0] == reverse("mfa_authenticate")
    assert other.get(ADMIN).status_code == HTTPStatus.FOUND
    assert other.get(ADMIN)["Location"].startswith("/admin/login/")


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
