"""The gate: who is stopped and when, what stays open, what is kept, and what it costs."""

import json
import os
import subprocess
import sys
import uuid
from datetime import datetime, timedelta
from http import HTTPStatus
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.db import connection
from django.test import Client, override_settings
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.actions import change_plan
from accounts.models import CONSUMER_PLANS, Plan, User
from conversations.models import Conversation
from privacy import drafts
from privacy.actions import answer
from privacy.models import ConsentRecord, Draft, Kind, PolicyUpdate, Surface, Training
from privacy.publication import move_last_day
from tests.conftest import MoveClock
from tests.factories import (
    AFTERWARDS,
    ANNOUNCED,
    DEADLINE,
    LAST_DAY,
    MEANWHILE,
    SECOND,
    answer_as,
    defer_as,
    make_conversation,
    make_staff,
    make_update,
    make_user,
    shown_token,
)
from tests.pages import hidden, next_of, page
from tests.routes import address_of, own_routes

CHATS = "/chats/"
COMMERCIAL_PLANS = sorted(set(Plan) - CONSUMER_PLANS)
STOCK_BACKEND = "allauth.account.auth_backends.AuthenticationBackend"


def is_gated(client: Client, address: str = CHATS) -> bool:
    response = client.get(address)
    if response.status_code == HTTPStatus.OK:
        return False
    assert response.status_code == HTTPStatus.SEE_OTHER
    assert response["Location"].startswith(f"{reverse('privacy:question')}?")
    return True


@pytest.fixture
def alices(client: Client, update: PolicyUpdate, alice: User) -> Client:
    client.force_login(alice)
    return client


# Who, and when (rules B1 and B4)


@pytest.mark.parametrize(("at", "gated"), [(DEADLINE - SECOND, False), (DEADLINE, True), (DEADLINE + SECOND, True)])
def test_gate_shuts_at_the_deadline(alices: Client, moved_to: MoveClock, at: datetime, gated: bool) -> None:
    moved_to(at)

    assert is_gated(alices) is gated


@pytest.mark.parametrize(("joined", "gated"), [(-SECOND, False), (0 * SECOND, True), (SECOND, True)])
def test_newcomer_is_gated_who_joined_at_the_announcement_or_after(
    client: Client, update: PolicyUpdate, moved_to: MoveClock, joined: timedelta, gated: bool
) -> None:
    client.force_login(make_user("nora@example.com", joined_at=ANNOUNCED + joined))
    moved_to(MEANWHILE)

    assert is_gated(client) is gated


@pytest.mark.parametrize(("at", "asked"), [(ANNOUNCED - SECOND, False), (ANNOUNCED, True), (ANNOUNCED + SECOND, True)])
def test_pop_up_begins_at_the_announcement(alices: Client, moved_to: MoveClock, at: datetime, asked: bool) -> None:
    moved_to(at)

    assert bool(page(alices.get(CHATS)).all("dialog")) is asked


def test_gate_stops_people_the_update_was_not_rolled_out_to(client: Client, alice: User, moved_to: MoveClock) -> None:
    make_update(rollout_percentage=0)
    client.force_login(alice)

    moved_to(DEADLINE - SECOND)
    assert not page(client.get(CHATS)).all("dialog")
    moved_to(DEADLINE)
    assert is_gated(client)


def test_gate_stops_who_put_the_question_off(alices: Client, alice: User, moved_to: MoveClock) -> None:
    defer_as(alice, at=DEADLINE - SECOND)
    moved_to(DEADLINE - SECOND)
    assert not is_gated(alices)

    moved_to(DEADLINE)

    assert is_gated(alices)
    assert 'name="method"' not in alices.get(reverse("privacy:question")).content.decode()


@pytest.mark.parametrize("training", Training)
def test_gate_opens_with_either_answer(alices: Client, alice: User, moved_to: MoveClock, training: Training) -> None:
    moved_to(AFTERWARDS)
    answer_as(alice, training, at=AFTERWARDS)

    assert not is_gated(alices)


def test_gate_stays_shut_with_refuse_alone_and_opens_with_the_terms(
    alices: Client, alice: User, moved_to: MoveClock
) -> None:
    moved_to(AFTERWARDS)
    answer_as(alice, Training.REFUSE, terms=False, at=AFTERWARDS)
    assert is_gated(alices)

    token = shown_token(alice, at=AFTERWARDS, surface=Surface.GATE)
    answer(alice, token, terms=True, training=None, gpc=False, at=AFTERWARDS)

    assert not is_gated(alices)


def test_gate_opens_at_once_when_the_last_day_moves(alices: Client, update: PolicyUpdate, moved_to: MoveClock) -> None:
    moved_to(AFTERWARDS)
    assert is_gated(alices)

    move_last_day(update, LAST_DAY + timedelta(days=30), reason="More time", by=make_staff(), at=AFTERWARDS)

    assert not is_gated(alices)


def test_gate_shuts_again_at_the_deadline_of_the_next_update(alices: Client, alice: User, moved_to: MoveClock) -> None:
    answer_as(alice, Training.REFUSE)
    make_update("2026-01-01", announced_at=AFTERWARDS, last_day=AFTERWARDS.date() + timedelta(days=30))

    moved_to(AFTERWARDS - SECOND)
    assert not page(alices.get(CHATS)).all("dialog")
    moved_to(AFTERWARDS)
    assert page(alices.get(CHATS)).all("dialog")
    moved_to(AFTERWARDS + timedelta(days=60))
    assert is_gated(alices)


@pytest.mark.parametrize("plan", COMMERCIAL_PLANS)
@pytest.mark.parametrize("at", [MEANWHILE, AFTERWARDS])
def test_commercial_plans_are_never_asked_or_gated(
    client: Client, update: PolicyUpdate, moved_to: MoveClock, plan: Plan, at: datetime
) -> None:
    tara = make_user("tara@example.com", plan=plan)
    client.force_login(tara)
    moved_to(at)

    response = client.get(CHATS)

    assert response.status_code == HTTPStatus.OK
    assert not page(response).all("dialog")
    assert page(response).one(id="header-line").text == ""
    assert client.get(CHATS, headers={"accept": "application/json"}).status_code == HTTPStatus.OK
    assert not ConsentRecord.objects.filter(principal=tara.principal).exists()


def test_gate_follows_the_plan_at_once(alices: Client, alice: User, moved_to: MoveClock) -> None:
    moved_to(AFTERWARDS)
    assert is_gated(alices)

    change_plan(alice, Plan.TEAM, at=AFTERWARDS)
    assert not is_gated(alices)
    change_plan(alice, Plan.PRO, at=AFTERWARDS)
    assert is_gated(alices)


def test_staff_are_gated_in_their_own_chats_and_not_in_the_admin(
    client: Client, update: PolicyUpdate, moved_to: MoveClock
) -> None:
    client.force_login(make_staff())
    moved_to(AFTERWARDS)

    assert is_gated(client)
    assert client.get(reverse("admin:index")).status_code == HTTPStatus.OK


# What stays open (rule B5)


@pytest.mark.parametrize(
    "route",
    [
        "privacy:question",
        "privacy:settings",
        "privacy:history",
        "conversations:overview",
        "accounts:preferences",
        "account_email",
        "account_logout",
        "mfa_index",
        "usersessions_list",
    ],
)
def test_gated_person_can_open(alices: Client, moved_to: MoveClock, route: str) -> None:
    moved_to(AFTERWARDS)

    assert alices.get(reverse(route)).status_code == HTTPStatus.OK


@pytest.mark.parametrize("kind", ["terms", "privacy", "changes", "faq"])
def test_gated_person_can_read_every_document(alices: Client, moved_to: MoveClock, kind: str) -> None:
    moved_to(AFTERWARDS)

    assert alices.get(reverse("legal:document", args=[kind])).status_code == HTTPStatus.OK


def test_gated_person_sees_the_titles_of_their_conversations_and_no_way_into_them(
    alices: Client, alice: User, mallory: User, moved_to: MoveClock
) -> None:
    mine, other = make_conversation(alice, "My own plan"), make_conversation(mallory, "Mallory's plan")
    moved_to(AFTERWARDS)

    html = alices.get(reverse("conversations:overview")).content.decode()

    assert "My own plan" in html
    assert mine.get_absolute_url() + '"' not in html
    assert "Mallory's plan" not in html
    assert str(other.pk) not in html


def test_gated_person_can_save_refuse_alone_and_switch_the_language(
    alices: Client, alice: User, moved_to: MoveClock
) -> None:
    moved_to(AFTERWARDS)
    token = page(alices.get(reverse("privacy:question"))).one(id="answer-form").one("input", name="token")["value"]

    alices.post(reverse("language"), {"language": "zh-hans", "next": "/privacy/question/"})
    alices.post(reverse("privacy:answer"), {"token": token, "training": "refuse"})

    alice.refresh_from_db()
    assert alice.language == "zh-hans"
    assert alice.consent_state.training == Training.REFUSE


def test_gated_person_can_sign_out(alices: Client, moved_to: MoveClock) -> None:
    moved_to(AFTERWARDS)

    alices.post(reverse("account_logout"))

    assert alices.get(CHATS)["Location"].startswith(reverse("account_login"))


# What was being written (rule B5)


def test_gate_keeps_what_was_being_written_and_gives_it_back_on_that_page(
    alices: Client, alice: User, moved_to: MoveClock
) -> None:
    conversation = make_conversation(alice)
    moved_to(AFTERWARDS)
    text = "A long thought\n<b>& more</b> 想法"

    refused = alices.post(reverse("conversations:write", args=[conversation.pk]), {"text": text})
    answer_as(alice, Training.REFUSE, at=AFTERWARDS)
    response = alices.get(next_of(refused["Location"]))

    assert next_of(refused["Location"]) == conversation.get_absolute_url()
    # A browser drops the first line break in a textarea.
    assert page(response).one("textarea").raw.removeprefix("\n").strip() == text
    assert conversation.messages.count() == 1, "It is never sent by itself."
    assert page(alices.get(CHATS)).one("textarea").text == ""


def test_draft_is_dropped_once_it_has_been_sent(alices: Client, alice: User, moved_to: MoveClock) -> None:
    moved_to(AFTERWARDS)
    alices.post(reverse("conversations:start"), {"text": "A new chat"})
    answer_as(alice, Training.REFUSE, at=AFTERWARDS)
    assert page(alices.get(CHATS)).one("textarea").text == "A new chat"

    filled = hidden(page(alices.get(CHATS)).one("form", id="composer"))
    alices.post(reverse("conversations:start"), filled | {"text": "A new chat, changed"})

    assert page(alices.get(CHATS)).one("textarea").text == ""
    assert not Draft.objects.exists()
    assert Conversation.objects.get().title == "A new chat, changed"


def test_draft_stays_while_its_message_is_refused(alices: Client, alice: User, moved_to: MoveClock) -> None:
    moved_to(AFTERWARDS)
    alices.post(reverse("conversations:start"), {"text": "A new chat"})
    answer_as(alice, Training.REFUSE, at=AFTERWARDS)

    alices.post(reverse("conversations:start"), {"text": " "})

    assert page(alices.get(CHATS)).one("textarea").text == "A new chat"


def test_drafts_of_two_tabs_are_both_kept(alices: Client, alice: User, moved_to: MoveClock) -> None:
    moved_to(AFTERWARDS)

    for text in ("First", "Second", "Second"):
        alices.post(reverse("conversations:start"), {"text": text})

    assert Draft.objects.get(user=alice).text == "First\n\nSecond"


def test_draft_is_kept_for_30_days(alices: Client, alice: User, moved_to: MoveClock) -> None:
    moved_to(AFTERWARDS)
    alices.post(reverse("conversations:start"), {"text": "Old"})

    assert drafts.draft_for(alice, CHATS, at=AFTERWARDS + timedelta(days=30, seconds=-1))
    assert drafts.draft_for(alice, CHATS, at=AFTERWARDS + timedelta(days=30)) is None


def test_draft_that_is_too_old_is_forgotten_when_another_is_kept(
    alices: Client, alice: User, moved_to: MoveClock
) -> None:
    Draft.objects.create(user=alice, path="/before/", text="Long ago", kept_at=AFTERWARDS - timedelta(days=30))
    Draft.objects.create(user=alice, path="/elsewhere/", text="Lately", kept_at=AFTERWARDS - timedelta(days=29))
    moved_to(AFTERWARDS)

    alices.post("/chats/new/", {"text": "Plan a hike"})

    assert set(Draft.objects.values_list("text", flat=True)) == {"Lately", "Plan a hike"}


def test_drafts_are_bounded_in_number_and_length(alices: Client, alice: User, moved_to: MoveClock) -> None:
    moved_to(AFTERWARDS)

    for number in range(drafts.MOST_KEPT + 3):
        alices.post(reverse("conversations:write", args=[uuid.uuid4()]), {"text": f"{number} of many"})
    alices.post(reverse("conversations:start"), {"text": "a" * drafts.LONGEST_KEPT + "the end"})

    kept = Draft.objects.filter(user=alice).order_by("-pk")
    assert kept.count() == drafts.MOST_KEPT
    assert len(kept[0].text) == drafts.LONGEST_KEPT
    assert kept[0].text.endswith("the end")


@pytest.mark.parametrize("choice", [{}, {"private": "on"}])
def test_draft_is_named_at_the_gate(alices: Client, alice: User, moved_to: MoveClock, choice: dict[str, str]) -> None:
    moved_to(AFTERWARDS)
    refused = alices.post(reverse("conversations:start"), {"text": "Kept", **choice})

    assert "What you were writing is kept." in alices.get(refused.headers["Location"]).content.decode()
    Draft.objects.all().delete()
    assert "What you were writing is kept." not in alices.get(refused.headers["Location"]).content.decode()


def test_draft_is_kept_for_an_htmx_request_too(alices: Client, alice: User, moved_to: MoveClock) -> None:
    moved_to(AFTERWARDS)

    alices.post(reverse("conversations:start"), {"text": "By htmx"}, headers={"hx-request": "true"})

    draft = drafts.draft_for(alice, CHATS, at=AFTERWARDS)
    assert draft is not None
    assert draft.text == "By htmx"


def test_nobody_else_sees_a_draft(
    alices: Client, alice: User, mallory: User, update: PolicyUpdate, moved_to: MoveClock
) -> None:
    moved_to(AFTERWARDS)
    alices.post(reverse("conversations:start"), {"text": "Only mine"})
    answer_as(mallory, Training.REFUSE, at=AFTERWARDS)
    mallorys = Client()
    mallorys.force_login(mallory)

    assert "Only mine" not in mallorys.get(CHATS).content.decode()


def test_gated_stranger_keeps_a_draft_of_their_own_and_writes_nothing_of_others(
    client: Client, alice: User, mallory: User, update: PolicyUpdate, moved_to: MoveClock
) -> None:
    conversation = make_conversation(alice)
    client.force_login(mallory)
    moved_to(AFTERWARDS)

    client.post(reverse("conversations:write", args=[conversation.pk]), {"text": "Let me in"})

    assert conversation.messages.count() == 1
    assert drafts.draft_for(alice, conversation.get_absolute_url(), at=AFTERWARDS) is None


def test_draft_is_not_kept_of_json(alices: Client, moved_to: MoveClock) -> None:
    moved_to(AFTERWARDS)

    alices.post(reverse("conversations:start"), {"text": "By a program"}, content_type="application/json")
    alices.post(reverse("conversations:start"), {"text": "By a program"}, headers={"accept": "application/json"})

    assert not Draft.objects.exists()


def test_draft_is_not_kept_of_other_fields_methods_or_pages(alices: Client, moved_to: MoveClock) -> None:
    moved_to(AFTERWARDS)

    alices.post(reverse("conversations:start"), {"password": "a secret", "token": "another"})
    alices.post(CHATS, {"text": "Not a form of this page"})
    alices.get(CHATS, {"text": "In the address"})
    alices.post(reverse("account_change_password"), {"text": "x", "oldpassword": "a secret"})

    assert not Draft.objects.exists()


def test_draft_survives_a_lost_session_for_its_writer_alone(
    alices: Client, alice: User, mallory: User, moved_to: MoveClock
) -> None:
    moved_to(MEANWHILE)
    answer_as(alice, Training.REFUSE)
    writer = page(alices.get(CHATS)).one("input", name="writer")["value"]
    alices.logout()

    written = {"text": "Half a thought", "writer": writer, "private": "on"}
    response = alices.post(reverse("conversations:start"), written)

    assert response["Location"].startswith(reverse("account_login"))
    assert not Conversation.objects.exists()
    assert [(draft.user, draft.path, draft.text) for draft in Draft.objects.all()] == [(alice, CHATS, "Half a thought")]
    said = page(alices.get(response["Location"])).one("div", class_="flash")
    assert "What you were writing is kept" in said.text
    assert "autofocus" in said
    alices.force_login(alice)
    assert "checked" in page(alices.get(CHATS)).one("input", name="private").attributes


def test_form_that_goes_out_in_someone_elses_session_leaves_its_writer_no_draft(
    client: Client, update: PolicyUpdate, alice: User, mallory: User, moved_to: MoveClock
) -> None:
    moved_to(MEANWHILE)
    client.force_login(alice)
    writer = page(client.get(CHATS)).one("input", name="writer")["value"]
    client.force_login(mallory)

    client.post(reverse("conversations:start"), {"text": "Half a thought", "writer": writer})

    assert Conversation.objects.get().user == mallory
    assert not Draft.objects.exists()


@pytest.mark.parametrize("writer", ["", "forged", "00000000-0000-0000-0000-000000000000:x:y", "\0"])
def test_draft_of_the_signed_out_needs_the_token_of_its_form(client: Client, alice: User, writer: str) -> None:
    response = client.post(reverse("conversations:start"), {"text": "Half a thought", "writer": writer})

    assert not Draft.objects.exists()
    assert "is kept" not in page(client.get(response["Location"])).text


# A page left open across the deadline


def test_pop_up_left_open_across_the_deadline_can_be_answered(alices: Client, alice: User, moved_to: MoveClock) -> None:
    moved_to(DEADLINE - SECOND)
    token = page(alices.get(CHATS)).one(id="answer-form").one("input", name="token")["value"]
    moved_to(DEADLINE)

    alices.post(reverse("privacy:answer"), {"token": token, "terms": "on", "training": "allow"})

    assert not is_gated(alices)
    record = ConsentRecord.objects.get(kind=Kind.TRAINING_ALLOWED)
    assert (record.surface, record.occurred_at) == (Surface.POP_UP, DEADLINE)


@pytest.mark.parametrize("headers", [{}, {"hx-request": "true"}])
def test_not_now_is_refused_from_the_deadline_on(
    alices: Client, alice: User, moved_to: MoveClock, headers: dict[str, str]
) -> None:
    moved_to(DEADLINE - SECOND)
    token = page(alices.get(CHATS)).one(id="not-now-form").one("input", name="token")["value"]
    moved_to(DEADLINE)

    response = alices.post(reverse("privacy:not_now"), {"token": token}, headers=headers)

    if headers:
        assert response["HX-Redirect"].startswith(reverse("privacy:question"))
    else:
        assert response.status_code == HTTPStatus.CONFLICT
    assert not ConsentRecord.objects.filter(kind=Kind.DEFERRED).exists()
    assert is_gated(alices)


# What it costs


@pytest.fixture
def settled(client: Client, update: PolicyUpdate, alice: User, moved_to: MoveClock) -> tuple[User, dict[str, Any]]:
    moved_to(MEANWHILE)
    receipt = answer_as(alice, Training.ALLOW)
    return alice, {"receipt": receipt, "pk": make_conversation(alice).pk}


def without_the_gate() -> override_settings:
    template: dict[str, Any] = dict(settings.TEMPLATES[0])
    processors = template["OPTIONS"]["context_processors"]
    kept = [name for name in processors if not name.startswith("privacy.")]
    return override_settings(
        MIDDLEWARE=[name for name in settings.MIDDLEWARE if not name.startswith("privacy.")],
        AUTHENTICATION_BACKENDS=[STOCK_BACKEND],
        TEMPLATES=[template | {"OPTIONS": template["OPTIONS"] | {"context_processors": kept}}],
    )


def statements_of(user: User, address: str) -> int:
    client = Client()
    client.force_login(user)
    with CaptureQueriesContext(connection) as captured:
        client.get(address)
    return len(captured)


@pytest.mark.parametrize("route", sorted(own_routes() - {"privacy:settings"}))
def test_gate_adds_no_query_to_a_page_of_who_has_answered(settled: tuple[User, dict[str, Any]], route: str) -> None:
    user, known = settled
    address = address_of(route, **({} if route.startswith("mfa_") else known))

    with_gate = statements_of(user, address)
    with without_the_gate():
        without = statements_of(user, address)

    assert with_gate == without


def test_gate_adds_no_query_to_settings_which_show_the_question(settled: tuple[User, dict[str, Any]]) -> None:
    user, _known = settled
    address = reverse("privacy:settings")
    statements_of(user, address)  # Records that it was shown.

    with_gate = statements_of(user, address)
    with without_the_gate():
        without = statements_of(user, address)

    assert with_gate == without


FIRST_REQUEST = """
import json, os, sys
import django
from django.conf import settings
if os.environ["GATE"] == "off":
    settings.MIDDLEWARE = [name for name in settings.MIDDLEWARE if not name.startswith("privacy.")]
    settings.AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
django.setup()
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
client = Client()
client.cookies[settings.SESSION_COOKIE_NAME] = os.environ["SESSION"]
with CaptureQueriesContext(connection) as captured:
    response = client.get("/chats/")
json.dump([response.status_code, len(captured)], sys.stdout)
"""


@pytest.mark.django_db(transaction=True)
def test_gate_adds_no_query_to_the_first_request_of_a_process(settled: tuple[User, dict[str, Any]]) -> None:
    found = {}
    for gate, backend in (("on", settings.AUTHENTICATION_BACKENDS[0]), ("off", STOCK_BACKEND)):
        client = Client()
        with override_settings(AUTHENTICATION_BACKENDS=[backend]):
            client.force_login(settled[0], backend=backend)
        session = client.cookies[settings.SESSION_COOKIE_NAME].value
        environment = {"GATE": gate, "SESSION": session, "DATABASE_URL": database_url()}
        done = subprocess.run(
            [sys.executable, "-c", FIRST_REQUEST],
            cwd=settings.BASE_DIR,
            env=os.environ | environment,
            stdout=subprocess.PIPE,
            check=True,
        )
        found[gate] = json.loads(done.stdout)

    assert found["on"] == found["off"]
    assert found["on"][0] == HTTPStatus.OK
    assert found["on"][1] > 0


def database_url() -> str:
    """Return how another process reaches the database of the tests."""
    values = connection.settings_dict
    if connection.vendor == "sqlite":
        return f"sqlite:///{Path(values['NAME'])}"
    return f"postgres://{values['USER']}:{values['PASSWORD']}@{values['HOST']}:{values['PORT']}/{values['NAME']}"
