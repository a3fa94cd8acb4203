"""Where someone signed out is sent, and where they go on to afterwards."""

from http import HTTPStatus

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import User
from tests.factories import PASSWORD
from tests.pages import next_of

ORIGIN = "http://testserver"
PAGE = "/accounts/preferences/?from=menu"
HTMX = {"hx-request": "true"}

pytestmark = pytest.mark.django_db


def test_signed_out_get_goes_on_to_the_same_page(client: Client) -> None:
    response = client.get(PAGE)

    assert response.status_code == HTTPStatus.FOUND
    assert response["Location"].partition("?")[0] == reverse("account_login")
    assert next_of(response["Location"]) == PAGE


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
def test_signed_out_act_goes_on_to_the_page_it_was_made_from(client: Client, method: str) -> None:
    response = client.generic(method, "/privacy/answer/", headers={"referer": ORIGIN + PAGE})

    assert response.status_code == HTTPStatus.FOUND
    assert next_of(response["Location"]) == PAGE


@pytest.mark.parametrize(
    "referer",
    [
        "",
        ORIGIN,
        "https://testserver/accounts/preferences/",
        "http://testserver.example/accounts/preferences/",
        "http://testserver@evil.example/",
        "https://evil.example/accounts/preferences/",
        "http://[broken",
    ],
)
def test_signed_out_act_from_elsewhere_goes_on_to_nowhere_in_particular(client: Client, referer: str) -> None:
    response = client.post("/privacy/answer/", headers={"referer": referer})

    assert response.status_code == HTTPStatus.FOUND
    assert response["Location"] == reverse("account_login")


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_signed_out_htmx_request_leads_the_browser_to_the_sign_in_page(client: Client, method: str) -> None:
    response = client.generic(method, "/privacy/not-now/", headers={**HTMX, "referer": ORIGIN + PAGE})

    assert response.status_code == HTTPStatus.OK
    assert response["HX-Redirect"].partition("?")[0] == reverse("account_login")
    assert next_of(response["HX-Redirect"]) == PAGE
    assert response.content == b""


def test_page_after_a_lost_session_can_be_opened(client: Client, alice: User) -> None:
    lost = client.post("/privacy/answer/", headers={"referer": ORIGIN + PAGE})

    response = client.post(lost["Location"], {"login": alice.email, "password": PASSWORD})

    assert response["Location"] == PAGE
    assert client.get(PAGE).status_code == HTTPStatus.OK


@pytest.mark.parametrize("address", ["/chats/", "/chats/overview/", "/accounts/2fa/", "/accounts/preferences/"])
def test_page_of_someone_signed_in_is_kept_by_no_cache(client: Client, alice: User, address: str) -> None:
    client.force_login(alice)

    cache_control = client.get(address).headers["Cache-Control"]

    assert "no-store" in cache_control
    assert "private" in cache_control
