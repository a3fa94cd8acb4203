"""What is someone's is nobody else's: each address that names something of a person, by every method (rule G3)."""

import uuid
from http import HTTPStatus
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from django.db.models import Model
from django.test import Client
from django.urls import reverse

from accounts import exports
from accounts.models import Plan, User
from conversations.actions import save_reply
from conversations.feedback import give_feedback, preview
from conversations.models import Conversation, Feedback, Message, Thumb
from privacy.models import PolicyUpdate, Training
from tests.conftest import MoveClock
from tests.factories import AFTERWARDS, LONG_BEFORE, MEANWHILE, PASSWORD, answer_as, make_conversation, make_user
from tests.routes import METHODS, address_of, walk

SECRET = "The plan nobody else may read"
# What an address may name that is a person's: the rest are texts of the site.
NAMES = {"pk", "number", "receipt"}
PERSONAL = sorted(route.name for route in walk() if route.parameters & NAMES and "admin" not in route.namespaces)
# Filled in as its owner would, so that only whose it is stands in the way.
FORM = "text=Hello&title=Mine&thumb=up&name=Mine"
STRANGERS = {
    "answered": (Plan.FREE, MEANWHILE),
    "on a commercial plan": (Plan.TEAM, MEANWHILE),
    "at the gate": (Plan.FREE, AFTERWARDS),
}


@pytest.fixture
def held(update: PolicyUpdate, alice: User) -> dict[str, Any]:
    """Make one of each thing that an address can name, and return by route what its address takes."""
    receipt = answer_as(alice, Training.ALLOW)
    conversation = make_conversation(alice, SECRET)
    reply = save_reply(conversation.messages.get(), SECRET, at=MEANWHILE)
    assert reply is not None
    token = preview(alice, reply, Thumb.DOWN, SECRET, at=MEANWHILE).token(alice, reply)
    feedback = give_feedback(alice, reply, Thumb.DOWN, SECRET, token=token, at=MEANWHILE)
    export = exports.request_export(alice, at=MEANWHILE)
    exports.write_export(export.pk)
    passkey = Authenticator.objects.create(user=alice, type=Authenticator.Type.WEBAUTHN, data={"name": SECRET})
    pk = {"accounts:export_file": export.pk, "mfa_edit_webauthn": passkey.pk, "mfa_remove_webauthn": passkey.pk}
    number = {"conversations:give_feedback": reply.pk}
    return {
        name: {
            "pk": pk.get(name, conversation.pk),
            "number": number.get(name, feedback.pk),
            "receipt": receipt,
        }
        for name in PERSONAL
    }


@pytest.fixture(params=sorted(STRANGERS))
def stranger(request: pytest.FixtureRequest, client: Client, held: dict[str, Any], moved_to: MoveClock) -> Client:
    plan, at = STRANGERS[request.param]
    moved_to(MEANWHILE)
    mallory = make_user("mallory@example.com", plan=plan, joined_at=LONG_BEFORE)
    if request.param == "answered":
        answer_as(mallory, Training.REFUSE)
    moved_to(at)
    client.force_login(mallory)
    # What asks again who it is must not be what keeps them out.
    client.post(reverse("account_reauthenticate"), {"password": PASSWORD})
    return client


def stored() -> list[Any]:
    """Return all that a stranger might change."""
    models: tuple[type[Model], ...] = (Conversation, Message, Feedback, Authenticator)
    return [list(model._default_manager.order_by("pk").values()) for model in models]


def outcome(client: Client, method: str, address: str) -> tuple[Any, ...]:
    """Return what an answer tells: whether it is there, and where to go on to."""
    response: Any = client.generic(method, address, FORM, "application/x-www-form-urlencoded")
    content = b"".join(response.streaming_content) if response.streaming else response.content
    assert SECRET not in content.decode()
    return response.status_code, response.headers.get("Location", "").partition("?")[0]


@pytest.mark.parametrize("route", PERSONAL)
def test_stranger_gets_and_changes_nothing_and_can_not_tell_whether_it_is_there(
    stranger: Client, held: dict[str, Any], route: str
) -> None:
    before = stored()
    nothing = {"pk": 0 if route.startswith("mfa_") else uuid.uuid4(), "number": 10**6, "receipt": uuid.uuid4()}

    for method in METHODS:
        told = outcome(stranger, method, address_of(route, **held[route]))
        assert told == outcome(stranger, method, address_of(route, **nothing)), method
        if told[1] != reverse("privacy:question") and method != "OPTIONS":
            assert told[0] in {HTTPStatus.NOT_FOUND, HTTPStatus.METHOD_NOT_ALLOWED}, method

    assert stored() == before


@pytest.mark.parametrize("route", PERSONAL)
def test_owner_is_let_in_where_a_stranger_is_not(
    client: Client, held: dict[str, Any], alice: User, moved_to: MoveClock, route: str
) -> None:
    moved_to(MEANWHILE)
    client.force_login(alice)
    client.post(reverse("account_reauthenticate"), {"password": PASSWORD})

    answers: list[Any] = [client.generic(method, address_of(route, **held[route])) for method in ("GET", "POST")]

    for answer in answers:
        answer.close()
    assert {answer.status_code for answer in answers} & {
        HTTPStatus.OK,
        HTTPStatus.FOUND,
        HTTPStatus.UNPROCESSABLE_ENTITY,
    }
