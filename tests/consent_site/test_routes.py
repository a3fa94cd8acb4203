"""Every route is either gated or on the written list of exemptions, and the public ones are known (rule B9)."""

from http import HTTPStatus
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import User
from conversations.models import Conversation
from privacy.drafts import ACTS, KEPT_FIELDS
from privacy.exemptions import EXEMPT_NAMESPACES, EXEMPT_ROUTES
from privacy.models import PolicyUpdate, Training
from tests.conftest import MoveClock
from tests.factories import AFTERWARDS, DEADLINE, answer_as, make_conversation
from tests.pages import next_of
from tests.routes import METHODS, address_of, own_routes, public_routes, walk

GATED = {
    "conversations:index",
    "conversations:start",
    "conversations:coding",
    "conversations:start_coding",
    "conversations:chat",
    "conversations:write",
    "conversations:reply",
    "conversations:rename",
    "conversations:exclude",
    "conversations:lift_exclusion",
    "conversations:give_feedback",
}

PUBLIC = {
    "home",
    "health",
    "favicon",
    "language",
    "legal:document",
    "legal:earlier_document",
    "accounts:deleted",
    "privacy:unsubscribe",
    "account_login",
    "account_logout",
    "account_inactive",
    "account_signup",
    "account_confirm_login_code",
    "account_email_verification_sent",
    "account_reset_password",
    "account_reset_password_done",
    "account_reset_password_from_key",
    "account_reset_password_from_key_done",
    "mfa_authenticate",
    "mfa_login_webauthn",
    "admin:login",
}

# Those of QA, where they are at all (`tests/qa/test_off.py`).
QA = {
    "qa:index",
    "qa:become",
    "qa:clock",
    "qa:look",
    "qa:reset",
    "qa:persona",
    "qa:mails",
    "qa:flow_map",
    "qa:open",
    "qa:open_screen",
}

JSON = {"accept": "application/json"}
HTMX = {"hx-request": "true"}
SECRET = "The plan nobody else may read"


@pytest.fixture
def conversation(alice: User) -> Conversation:
    return make_conversation(alice, SECRET)


@pytest.fixture
def gated(client: Client, update: PolicyUpdate, alice: User, moved_to: MoveClock) -> Client:
    moved_to(AFTERWARDS)
    client.force_login(alice)
    return client


def ask(client: Client, method: str, address: str, **headers: str) -> Any:
    return client.generic(method, address, "text=Hello", "application/x-www-form-urlencoded", headers=headers)


# The lists


def test_every_route_is_gated_or_exempt_and_every_listed_one_exists() -> None:
    assert own_routes() == GATED | EXEMPT_ROUTES
    assert not GATED & EXEMPT_ROUTES


def test_every_exempt_namespace_exists() -> None:
    assert {name for route in walk() for name in route.namespaces} >= EXEMPT_NAMESPACES


def test_every_route_has_a_name() -> None:
    assert [route for route in own_routes() if "." in route] == []


def test_every_kept_field_belongs_to_a_gated_route_and_to_a_page() -> None:
    assert set(KEPT_FIELDS) <= GATED
    assert {page for _field, page in KEPT_FIELDS.values()} <= GATED


def test_no_kept_field_is_a_credential() -> None:
    assert {field for field, _page in KEPT_FIELDS.values()} == {"text", "comment"}


def test_public_routes_are_exactly_those_listed() -> None:
    assert public_routes() == PUBLIC | QA


# The gated


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("route", sorted(GATED))
def test_gated_route_sends_a_page_request_to_the_question(
    gated: Client, conversation: Conversation, route: str, method: str
) -> None:
    address = address_of(route, pk=conversation.pk)

    response = ask(gated, method, address)

    assert response.status_code == HTTPStatus.SEE_OTHER
    assert response["Location"].startswith(f"{reverse('privacy:question')}?")
    page = KEPT_FIELDS.get(route, ("", ACTS.get(route, route)))[1]
    assert next_of(response["Location"]) == address_of(page, pk=conversation.pk)
    assert conversation.messages.count() == 1
    assert Conversation.objects.count() == 1


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("route", sorted(GATED))
def test_gated_route_tells_htmx_to_go_to_the_question(
    gated: Client, conversation: Conversation, route: str, method: str
) -> None:
    response = ask(gated, method, address_of(route, pk=conversation.pk), **HTMX)

    assert response.status_code == HTTPStatus.OK
    assert response["HX-Redirect"].startswith(f"{reverse('privacy:question')}?")
    assert response.content == b""


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("route", sorted(GATED))
def test_gated_route_answers_json_with_a_problem(
    gated: Client, conversation: Conversation, route: str, method: str
) -> None:
    response = ask(gated, method, address_of(route, pk=conversation.pk), **JSON)

    assert response.status_code == HTTPStatus.FORBIDDEN
    assert response["Content-Type"] == "application/problem+json"
    if method != "HEAD":
        problem = response.json()
        assert problem.pop("title")
        assert problem.pop("detail")
        assert problem == {
            "type": "about:blank",
            "status": 403,
            "code": "consent_required",
            "question_url": "http://testserver/privacy/question/",
            "policy_update": "2025-08-28",
            "deadline": "2025-09-29T12:00:00+00:00",
            "retryable": False,
        }
    assert conversation.messages.count() == 1


def test_problem_names_the_deadline_of_the_update_as_one_instant_whatever_the_zone(gated: Client, alice: User) -> None:
    alice.time_zone = "Asia/Shanghai"
    alice.save(update_fields=["time_zone"])

    problem = gated.get("/chats/", headers=JSON).json()

    assert problem["deadline"] == DEADLINE.isoformat()


@pytest.mark.parametrize("route", sorted(GATED))
def test_gated_request_that_sends_json_gets_a_problem(gated: Client, route: str) -> None:
    response = gated.post(address_of(route), {"text": "Hello"}, content_type="application/json")

    assert response.status_code == HTTPStatus.FORBIDDEN
    assert response.json()["code"] == "consent_required"


@pytest.mark.parametrize("route", sorted(EXEMPT_ROUTES))
def test_exempt_route_never_sends_to_the_question(
    gated: Client, alice: User, conversation: Conversation, route: str
) -> None:
    response = gated.get(address_of(route))

    assert not response.headers.get("Location", "").startswith(reverse("privacy:question"))
    assert response.status_code != HTTPStatus.FORBIDDEN


# The signed-out


@pytest.mark.parametrize("route", sorted((GATED | EXEMPT_ROUTES) - PUBLIC))
def test_signed_out_get_the_sign_in_page_and_nothing_else(
    client: Client, update: PolicyUpdate, conversation: Conversation, alice: User, route: str
) -> None:
    receipt = answer_as(alice, Training.ALLOW)
    known: dict[str, Any] = {"receipt": receipt} if "receipt" in route else {}
    if route.startswith("conversations:"):
        known = {"pk": conversation.pk}
    address = address_of(route, **known)

    for method in METHODS:
        response = ask(client, method, address)
        assert response.status_code == HTTPStatus.FOUND, method
        assert response["Location"].partition("?")[0] == reverse("account_login"), method
        assert SECRET not in response.content.decode()

    response = ask(client, "POST", address, **HTMX)
    assert response["HX-Redirect"].partition("?")[0] == reverse("account_login")

    response = ask(client, "GET", address, **JSON)
    assert response.status_code == HTTPStatus.UNAUTHORIZED
    assert response["Content-Type"] == "application/problem+json"
    assert response.json()["code"] == "sign_in_required"
    assert conversation.messages.count() == 1
