"""What people see: the question in each of its states, settings, history and receipts."""

import json
import uuid
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from http import HTTPStatus
from typing import Any

import pytest
from django.http import HttpResponse, HttpResponseRedirect
from django.test import Client, RequestFactory, override_settings
from django.urls import reverse
from django_htmx.http import HttpResponseClientRedirect

from accounts.actions import change_plan
from accounts.models import Plan, User
from privacy.middleware import EvidenceMiddleware
from privacy.models import ConsentRecord, ConsentState, Kind, Method, PolicyUpdate, Surface, Training
from privacy.question import question_for
from privacy.standing import standing_of
from tests.conftest import MoveClock
from tests.factories import (
    AFTERWARDS,
    ANNOUNCED,
    DEADLINE,
    MEANWHILE,
    SECOND,
    answer_as,
    defer_as,
    make_conversation,
    make_update,
    make_user,
)
from tests.pages import Element, next_of, page

QUESTION, ANSWER, NOT_NOW = "/privacy/question/", "/privacy/answer/", "/privacy/not-now/"
SETTINGS, HISTORY, CHATS = "/privacy/settings/", "/privacy/history/", "/chats/"
HTMX = {"hx-request": "true"}
TITLE = "May your chats be used to train models?"


@pytest.fixture
def alices(client: Client, update: PolicyUpdate, alice: User, moved_to: MoveClock) -> Client:
    """Return alice's browser while the pop-up is the question's surface."""
    moved_to(MEANWHILE)
    client.force_login(alice)
    return client


def form_on(shown: Element) -> Element:
    return shown.one("form", id="answer-form")


def token_on(shown: Element, form: str = "answer-form") -> str:
    return shown.one("form", id=form).one("input", name="token")["value"]


def send(client: Client, shown: Element, headers: Mapping[str, str] | None = None, /, **values: str) -> Any:
    """Fill in and send the form that stands on a page."""
    form = form_on(shown)
    hidden = {field["name"]: field["value"] for field in form.all("input", type="hidden")}
    return client.post(form["action"], hidden | values, headers=headers or {})


def state_of(user: User) -> ConsentState:
    return ConsentState.objects.get(pk=user.pk)


def kinds_of(user: User) -> list[str]:
    records = ConsentRecord.objects.filter(principal=user.principal).order_by("sequence")
    return [record.kind for record in records]


def shown_to(user: User) -> list[str]:
    records = ConsentRecord.objects.filter(principal=user.principal, kind=Kind.SHOWN).order_by("sequence")
    return [record.surface for record in records]


# The question's page in each state


def test_question_before_the_announcement_has_nothing_to_answer(alices: Client, moved_to: MoveClock) -> None:
    moved_to(ANNOUNCED - SECOND)

    shown = page(alices.get(QUESTION))

    assert shown.one("h1").text == "There is nothing to answer"
    assert not shown.all("form", id="answer-form")


def test_question_before_the_deadline_offers_not_now(alices: Client) -> None:
    shown = page(alices.get(QUESTION))

    assert shown.one("h1").text == TITLE
    assert shown.one("title").text == f"{TITLE} · Marlow"
    assert shown.one(id="not-now-form").one("button").text == "Not now"
    assert "What you can do without answering" not in shown.text


@pytest.mark.parametrize(("at", "offered"), [(DEADLINE - SECOND, True), (DEADLINE, False), (DEADLINE + SECOND, False)])
def test_question_offers_not_now_until_the_deadline(
    alices: Client, moved_to: MoveClock, at: datetime, offered: bool
) -> None:
    moved_to(at)

    shown = page(alices.get(QUESTION))

    assert bool(shown.all(id="not-now-form")) is offered
    assert ("What you can do without answering" in shown.text) is not offered


def test_question_at_sign_up_is_its_second_step_without_not_now(
    client: Client, update: PolicyUpdate, moved_to: MoveClock
) -> None:
    client.force_login(make_user("nora@example.com", joined_at=MEANWHILE))
    moved_to(MEANWHILE)

    shown = page(client.get(QUESTION))

    assert "Last step of signing up" in shown.text
    assert not shown.all(id="not-now-form")


def test_question_after_an_answer_says_what_is_now_true(alices: Client, alice: User) -> None:
    receipt = answer_as(alice, Training.REFUSE)

    shown = page(alices.get(QUESTION, {"next": CHATS}))

    assert shown.one("h1").text == "You do not allow training."
    assert shown.all("a", href=reverse("privacy:receipt", args=[receipt]))
    assert shown.all("a", class_="button", href=CHATS)
    assert not shown.all("form", id="answer-form")


def test_question_after_refuse_alone_asks_for_the_terms_only(alices: Client, alice: User) -> None:
    answer_as(alice, Training.REFUSE, terms=False)

    shown = page(alices.get(QUESTION))

    assert [field["type"] for field in form_on(shown).all("input") if field["type"] != "hidden"] == ["checkbox"]
    assert "You do not allow training. That is saved." in shown.text


@pytest.mark.parametrize("at", [MEANWHILE, AFTERWARDS])
def test_question_on_a_commercial_plan_asks_nothing(
    client: Client, update: PolicyUpdate, moved_to: MoveClock, at: datetime
) -> None:
    tara = make_user("tara@example.com", plan=Plan.TEAM)
    client.force_login(tara)
    moved_to(at)

    shown = page(client.get(QUESTION))

    assert "a commercial plan" in shown.text
    assert not shown.all("form", id="answer-form")
    assert kinds_of(tara) == []


def test_question_without_a_next_leads_on_to_the_chats(alices: Client) -> None:
    response = send(alices, page(alices.get(QUESTION)), training="refuse", terms="on")

    assert page(alices.get(response["Location"])).one("a", class_="button")["href"] == CHATS


def test_question_says_that_silence_decides_nothing(alices: Client, moved_to: MoveClock) -> None:
    sentence = "Nothing is chosen until you choose."

    assert sentence in page(alices.get(CHATS)).one("dialog").text
    assert sentence in page(alices.get(QUESTION)).text
    assert sentence in page(alices.get(SETTINGS)).text
    moved_to(DEADLINE)
    assert sentence in page(alices.get(QUESTION)).text


# The same wherever it stands


def surfaces(client: Client, moved_to: MoveClock) -> dict[str, Element]:
    """Return the question as it stands on each surface."""
    shown = {"pop-up": page(client.get(CHATS)).one("dialog").one("section", id="question")}
    shown["page"] = page(client.get(QUESTION)).one("section", id="question")
    shown["settings"] = page(client.get(SETTINGS)).one("section", id="question")
    moved_to(DEADLINE)
    shown["gate"] = page(client.get(QUESTION)).one("section", id="question")
    nora = Client()
    nora.force_login(make_user("nora@example.com", joined_at=MEANWHILE))
    shown["sign-up"] = page(nora.get(QUESTION)).one("section", id="question")
    return shown


def test_nothing_is_preselected_anywhere(alices: Client, moved_to: MoveClock) -> None:
    for name, shown in surfaces(alices, moved_to).items():
        controls = [field for field in shown.all("input") if field["type"] in {"radio", "checkbox"}]
        assert len(controls) == 3, name
        assert not any("checked" in control for control in controls), name


@pytest.mark.parametrize("training", Training)
def test_nothing_is_preselected_in_settings_after_an_answer(alices: Client, alice: User, training: Training) -> None:
    answer_as(alice, training)

    fields = form_on(page(alices.get(SETTINGS))).all("input", name="training")

    assert [field["value"] for field in fields] == ["allow", "refuse"]
    assert not any("checked" in field for field in fields)


def test_question_has_the_same_controls_words_and_order_on_every_surface(alices: Client, moved_to: MoveClock) -> None:
    told = {}
    for name, shown in surfaces(alices, moved_to).items():
        controls = [(field["type"], field["value"]) for field in shown.all("input") if field["type"] != "hidden"]
        words = [element.text for tag in ("legend", "label") for element in shown.all(tag)]
        hints = [element.text for element in shown.all("p", class_="hint")]
        buttons = shown.one("button", form="answer-form").text
        told[name] = (controls, words, hints, buttons)

    assert len(told) == 5
    assert told["page"][0] == [("checkbox", "on"), ("radio", "allow"), ("radio", "refuse")]
    assert all(each == told["page"] for each in told.values()), told


def test_question_has_no_link_inside_an_option(alices: Client, moved_to: MoveClock) -> None:
    for name, shown in surfaces(alices, moved_to).items():
        assert not [link for choice in shown.all("div", class_="choice") for link in choice.all("a")], name


def test_retention_figures_and_names_come_from_the_update_and_the_settings(
    client: Client, alice: User, moved_to: MoveClock
) -> None:
    make_update(allow_retention_years=3, refuse_retention_days=10)
    client.force_login(alice)
    moved_to(MEANWHILE)

    with override_settings(PRODUCT_NAME="Quillon", CODING_TOOL_NAME="Quillon Code"):
        texts = {name: shown.text for name, shown in surfaces(client, moved_to).items()}
        moved_to(MEANWHILE)
        answer_as(alice, Training.ALLOW)
        texts |= {
            "allowed": page(client.get(SETTINGS)).text,
            "document": page(client.get("/legal/terms/")).text,
            "home": page(Client().get("/")).text,
        }

    for name, text in texts.items():
        assert "Marlow" not in text, name
        assert "5 years" not in text, name
        assert "30 days" not in text, name
        assert "Quillon" in text, name
        assert name == "home" or "3 years" in text, name
        assert name in {"home", "document"} or "10 days" in text, name


def test_answer_and_its_consequences_name_the_figures_of_the_update(
    client: Client, alice: User, moved_to: MoveClock
) -> None:
    make_update(allow_retention_years=3, refuse_retention_days=10)
    client.force_login(alice)
    moved_to(MEANWHILE)

    receipt = answer_as(alice, Training.REFUSE)
    assert "10 days" in page(client.get(QUESTION)).one("ul", class_="consequences").text
    (record,) = [
        record
        for record in client.get(reverse("privacy:receipt_json", args=[receipt])).json()["records"]
        if record["event"]["new_value"] == "refuse"
    ]
    assert record["pii_processing"]["retention_period"] == "P10D"

    answer_as(alice, Training.ALLOW)
    assert "3 years" in page(client.get(QUESTION)).one("ul", class_="consequences").text


# Evidence of having been shown it (rule F1)


def test_shown_is_recorded_once_for_each_surface(alices: Client, alice: User, moved_to: MoveClock) -> None:
    for _again in range(2):
        alices.get(CHATS)
        alices.get(QUESTION)
        alices.get(SETTINGS)
    assert shown_to(alice) == ["pop_up", "settings"]

    moved_to(DEADLINE)
    for _again in range(2):
        alices.get(CHATS)
        alices.get(QUESTION)

    assert shown_to(alice) == ["pop_up", "settings", "gate"]


def test_shown_is_recorded_for_each_language(alices: Client, alice: User) -> None:
    alices.get(QUESTION)
    alices.post(reverse("language"), {"language": "zh-hans"})
    alices.get(QUESTION)

    records = ConsentRecord.objects.filter(kind=Kind.SHOWN).order_by("sequence")
    assert [(record.language, record.notice.language) for record in records] == [("en", "en"), ("zh-hans",) * 2]
    assert len({record.notice_id for record in records}) == 2


def test_shown_is_not_recorded_by_head_or_a_redirect(alices: Client, alice: User, moved_to: MoveClock) -> None:
    alices.head(CHATS)
    alices.head(QUESTION)
    alices.get("/")
    moved_to(DEADLINE)
    alices.get(CHATS)
    alices.get(CHATS, headers=HTMX)
    alices.get(QUESTION, headers=HTMX)
    alices.get(CHATS, headers={"accept": "application/json"})

    assert kinds_of(alice) == []


@pytest.mark.parametrize(
    ("response", "recorded"),
    [
        (HttpResponse(), True),
        (HttpResponse(status=300), False),
        (HttpResponseRedirect(CHATS), False),
        (HttpResponse(status=400), True),
        (HttpResponse(status=409), True),
        (HttpResponse(status=500), False),
        (HttpResponse(status=503), False),
        (HttpResponseClientRedirect(QUESTION), False),
    ],
    ids=lambda value: str(value.status_code) if isinstance(value, HttpResponse) else "",
)
def test_shown_is_recorded_of_a_page_that_was_made(
    response: HttpResponse, recorded: bool, alice: User, update: PolicyUpdate, rf: RequestFactory
) -> None:
    """Composing a question is not enough: what came of it has to be a page."""

    def answer(request: Any) -> HttpResponse:
        request.question_shown = question_for(standing_of(alice, MEANWHILE), Surface.POP_UP)
        return response

    request: Any = rf.get(CHATS)
    request.user = alice
    EvidenceMiddleware(answer)(request)

    assert (kinds_of(alice) == [Kind.SHOWN]) is recorded


def test_shown_is_recorded_whatever_a_browser_says_the_request_is_for(alices: Client, alice: User) -> None:
    alices.get(QUESTION, headers={"sec-purpose": "prefetch"})

    assert shown_to(alice) == ["pop_up"]


def test_shown_is_not_recorded_where_the_question_does_not_stand(alices: Client, alice: User) -> None:
    for address in (HISTORY, "/legal/terms/", reverse("conversations:overview"), reverse("accounts:preferences")):
        alices.get(address)
    defer_as(alice)
    alices.get(CHATS)

    assert shown_to(alice) == ["pop_up"], "Only by the factory that deferred."


def test_shown_holds_the_text_of_the_page(alices: Client, alice: User) -> None:
    shown = page(alices.get(QUESTION)).one("section", id="question")

    notice = ConsentRecord.objects.get(kind=Kind.SHOWN).notice
    for line in notice.text.splitlines()[3:]:
        assert line in shown.text, line


def test_question_shown_by_an_error_page_is_recorded_and_can_be_answered(alices: Client, alice: User) -> None:
    stale = page(alices.get(CHATS))
    make_update("2025-09-05", announced_at=datetime.fromisoformat("2025-09-05T00:00Z"))

    conflict = send(alices, stale, terms="on", training="allow")
    saved = send(alices, page(conflict), terms="on", training="refuse")

    assert conflict.status_code == HTTPStatus.CONFLICT
    assert saved.status_code == HTTPStatus.SEE_OTHER
    assert kinds_of(alice) == [Kind.SHOWN, Kind.SHOWN, Kind.TERMS_ACCEPTED, Kind.TRAINING_REFUSED]
    assert state_of(alice).answered_update_id == "2025-09-05"


def test_pop_up_on_the_error_page_of_a_chat_can_be_answered(alices: Client, alice: User) -> None:
    shown = page(alices.post(reverse("conversations:start"), {"text": " "}))
    assert shown.all("dialog")

    response = send(alices, shown, terms="on", training="allow")

    assert response.status_code == HTTPStatus.SEE_OTHER
    assert next_of(response["Location"]) == CHATS, "Not the address of the act, which can't be opened."


def test_terms_left_after_refuse_alone_are_asked_outside_the_pop_up(alices: Client, alice: User) -> None:
    response = send(alices, page(alices.get(CHATS)), HTMX, training="refuse")
    shown = page(response)
    assert shown.one("section", id="question").one("h2").text == "You do not allow training."
    assert "The updated Consumer Terms wait for you" in shown.one(id="header-line").text
    assert shown_to(alice) == ["pop_up"], "The terms' own question has not been shown yet."

    send(alices, page(alices.get(shown.one(id="header-line").one("a")["href"])), terms="on")

    assert state_of(alice).terms_update_id == "2025-08-28"
    assert kinds_of(alice)[-2:] == [Kind.SHOWN, Kind.TERMS_ACCEPTED]


# Answering


@pytest.mark.parametrize(
    ("values", "kinds"),
    [
        ({"terms": "on", "training": "allow"}, [Kind.TERMS_ACCEPTED, Kind.TRAINING_ALLOWED]),
        ({"terms": "on", "training": "refuse"}, [Kind.TERMS_ACCEPTED, Kind.TRAINING_REFUSED]),
        ({"training": "refuse"}, [Kind.TRAINING_REFUSED]),
    ],
)
def test_answer_is_saved_and_leads_to_what_is_now_true(
    alices: Client, alice: User, values: dict[str, str], kinds: list[Kind]
) -> None:
    response = send(alices, page(alices.get(QUESTION, {"next": "/chats/?from=here"})), **values)

    assert response.status_code == HTTPStatus.SEE_OTHER
    assert response["Location"].startswith(QUESTION)
    assert next_of(response["Location"]) == "/chats/?from=here"
    assert kinds_of(alice) == [Kind.SHOWN, *kinds]
    assert {record.method for record in ConsentRecord.objects.exclude(kind=Kind.SHOWN)} == {Method.BUTTON}


@pytest.mark.parametrize(
    ("values", "field", "message"),
    [
        ({"terms": "on"}, "question-allow", "Choose whether training is allowed. Nothing is chosen for you."),
        ({}, "question-allow", "Choose whether training is allowed. Nothing is chosen for you."),
        ({"training": "allow"}, "question-terms", "Tick the box to accept the terms."),
        ({"training": "perhaps"}, "question-allow", "Choose one of the two answers."),
    ],
)
@pytest.mark.parametrize("address", [QUESTION, SETTINGS])
def test_answer_that_is_not_complete_is_said_where_the_question_stood(
    alices: Client, alice: User, address: str, values: dict[str, str], field: str, message: str
) -> None:
    response = send(alices, page(alices.get(address)), **values)
    shown = page(response)

    assert response.status_code == HTTPStatus.UNPROCESSABLE_ENTITY
    assert shown.one("title").text.startswith("Error: ")
    assert shown.one("h1").text == page(alices.get(address)).one("h1").text
    summary = shown.one("div", class_="error-summary")
    assert summary["tabindex"] == "-1"
    assert "autofocus" in summary
    assert message in summary.one("a", href=f"#{field}").text
    assert shown.one(id=field).tag == "input"
    assert [message in element.text for element in shown.all("p", class_="field-error")] == [True]
    kept = {element["name"]: element["value"] for element in form_on(shown).all("input") if "checked" in element}
    assert kept == {name: value for name, value in values.items() if value != "perhaps"}
    assert [element for element in shown.walk() if "autofocus" in element] == [summary]
    assert Kind.TRAINING_ALLOWED not in kinds_of(alice)


@pytest.mark.parametrize("headers", [{}, HTMX])
def test_answer_that_is_not_complete_can_be_completed(alices: Client, alice: User, headers: dict[str, str]) -> None:
    again = send(alices, page(alices.get(CHATS)), headers, training="allow")
    send(alices, page(again), headers, training="allow", terms="on")

    assert state_of(alice).training == Training.ALLOW


def test_answer_by_htmx_swaps_the_question_for_what_is_now_true(alices: Client, alice: User) -> None:
    response = send(alices, page(alices.get(CHATS)), HTMX, training="refuse", terms="on")
    shown = page(response)

    assert response.status_code == HTTPStatus.OK
    assert shown.one("section", id="question").one("h2").text == "You do not allow training."
    assert shown.one(id="header-line")["hx-swap-oob"] == "true"
    assert shown.one(id="header-line").text == ""
    assert not shown.all("html")
    assert not page(alices.get(CHATS)).all("dialog")


def test_answer_given_in_another_tab_makes_a_form_stale(alices: Client, alice: User) -> None:
    stale = page(alices.get(SETTINGS))
    answer_as(alice, Training.REFUSE)
    before = kinds_of(alice)

    response = send(alices, stale, terms="on", training="allow")

    assert response.status_code == HTTPStatus.CONFLICT
    shown = page(response)
    assert shown.one("title").text.startswith("Error: ")
    assert "Nothing was saved" in shown.one("div", class_="error-summary").text
    assert "You do not allow training." in shown.text
    assert [kind for kind in kinds_of(alice) if kind != Kind.SHOWN] == [kind for kind in before if kind != Kind.SHOWN]
    assert state_of(alice).training == Training.REFUSE


def test_same_form_sent_twice_leads_to_the_first_receipt(alices: Client, alice: User) -> None:
    shown = page(alices.get(SETTINGS))

    first = send(alices, shown, terms="on", training="allow")
    before = kinds_of(alice)
    second = send(alices, shown, terms="on", training="allow")

    assert first["Location"] == second["Location"]
    assert kinds_of(alice) == before


def test_form_of_someone_else_is_refused(alices: Client, mallory: User) -> None:
    token = token_on(page(alices.get(QUESTION)))
    mallorys = Client()
    mallorys.force_login(mallory)

    response = mallorys.post(ANSWER, {"token": token, "terms": "on", "training": "allow"})

    assert response.status_code == HTTPStatus.UNPROCESSABLE_ENTITY
    assert "This form was not made for you." in page(response).text
    assert kinds_of(mallory) == [Kind.SHOWN]


@pytest.mark.parametrize(("header", "gpc"), [("1", True), ("0", False), (None, False)])
def test_global_privacy_control_is_recorded_and_presets_nothing(
    alices: Client, alice: User, header: str | None, gpc: bool
) -> None:
    headers = {"sec-gpc": header} if header else {}
    shown = page(alices.get(QUESTION, headers=headers))
    response = send(alices, shown, headers, terms="on", training="allow")

    assert not any("checked" in field for field in shown.all("input"))
    assert response.status_code == HTTPStatus.SEE_OTHER
    assert {record.gpc for record in ConsentRecord.objects.all()} == {gpc}
    receipt = state_of(alice).last_receipt
    text = page(alices.get(reverse("privacy:receipt", args=[receipt]))).text
    assert ("not sent by your browser" in text) is not gpc


# Changing one's mind, and undo (rule C2)


def test_change_in_settings_says_what_is_now_true_and_offers_undo(alices: Client, alice: User) -> None:
    answer_as(alice, Training.REFUSE)

    response = send(alices, page(alices.get(SETTINGS)), training="allow")
    shown = page(alices.get(response["Location"]))

    assert shown.one("h2", id="now-title").text == "Saved. You allow training."
    assert shown.all("button", class_="button-link")
    undo = next(form for form in shown.all("form") if form.all("input", name="training", value="refuse", type="hidden"))
    assert undo.one("button").text == "Undo"
    alices.post(ANSWER, {field["name"]: field["value"] for field in undo.all("input", type="hidden")})
    last = ConsentRecord.objects.order_by("sequence").last()
    assert last is not None
    assert (last.kind, last.method, last.previous_value) == (Kind.TRAINING_WITHDRAWN, Method.UNDO, "allow")
    assert state_of(alice).training == Training.REFUSE


def undo_on(shown: Element) -> list[Element]:
    return [form for form in shown.all("form") if any(button.text == "Undo" for button in form.all("button"))]


def test_undo_in_settings_rests_on_the_question_there(alices: Client, alice: User, moved_to: MoveClock) -> None:
    answer_as(alice, Training.ALLOW)
    make_update("2025-10-01", announced_at=DEADLINE + timedelta(days=2), last_day=date(2025, 10, 31))
    later = DEADLINE + timedelta(days=3)
    moved_to(later)
    answer_as(alice, Training.REFUSE, at=later, surface=Surface.POP_UP)

    undo = undo_on(page(alices.get(SETTINGS)))[0]
    response = alices.post(ANSWER, {field["name"]: field["value"] for field in undo.all("input", type="hidden")})

    assert response.headers["Location"].startswith(SETTINGS)
    last = ConsentRecord.objects.order_by("sequence").select_related("notice").last()
    assert last is not None
    assert (last.kind, last.surface, last.notice.surface) == (Kind.TRAINING_ALLOWED, "settings", "settings")
    assert "Yes, allow training" in last.notice.text


def test_undo_is_not_offered_on_a_text_that_never_offered_it(alices: Client, alice: User) -> None:
    answer_as(alice, Training.ALLOW)
    change_plan(alice, Plan.TEAM, at=MEANWHILE)
    answer_as(alice, Training.REFUSE, terms=False, surface=Surface.SETTINGS)
    change_plan(alice, Plan.FREE, at=MEANWHILE)

    assert not undo_on(page(alices.get(QUESTION)))


def test_record_has_the_language_of_its_notice_whatever_the_reader_switched_to(alices: Client, alice: User) -> None:
    shown = page(alices.get(QUESTION))
    alices.post(reverse("language"), {"language": "zh-hans"})

    send(alices, shown, training="refuse")

    record = ConsentRecord.objects.order_by("sequence").select_related("notice").last()
    assert record is not None
    assert (record.kind, record.language, record.notice.language) == (Kind.TRAINING_REFUSED, "en", "en")


def test_allow_of_an_earlier_update_is_said_not_to_count_once_overdue(
    alices: Client, alice: User, moved_to: MoveClock
) -> None:
    answer_as(alice, Training.ALLOW)
    make_update("2025-10-01", announced_at=DEADLINE + timedelta(days=2), last_day=date(2025, 10, 31))
    moved_to(datetime(2025, 10, 15, tzinfo=UTC))
    assert "Until then, the choice you made before stands." in page(alices.get(SETTINGS)).text

    moved_to(datetime(2025, 11, 2, tzinfo=UTC))
    text = page(alices.get(SETTINGS)).text

    assert "Until you answer the present question, nothing is used to train models." in text
    assert "may be used to train models" not in text


def test_settings_after_an_answer_speak_of_no_last_day(alices: Client, alice: User, moved_to: MoveClock) -> None:
    answer_as(alice, Training.REFUSE)
    moved_to(DEADLINE + timedelta(days=10))

    text = page(alices.get(SETTINGS)).text

    assert "The choice you have made stands until you save another." in text
    assert "The last day" not in text


def test_nobody_is_promised_reminders_on_a_commercial_plan(alices: Client, alice: User) -> None:
    assert "You get reminders" in page(alices.get(reverse("privacy:reminders"))).text
    change_plan(alice, Plan.TEAM, at=MEANWHILE)
    shown = page(alices.get(reverse("privacy:reminders"))).one("main")
    assert "You get reminders" not in shown.text
    assert "you are not asked" in shown.text


def test_settings_on_a_commercial_plan_name_no_missing_choice(alices: Client, alice: User) -> None:
    change_plan(alice, Plan.TEAM, at=MEANWHILE)

    text = page(alices.get(SETTINGS)).text

    assert "There is nothing for you to choose." in text
    assert "You have not chosen yet." not in text


def test_first_answer_has_nothing_to_undo(alices: Client, alice: User) -> None:
    answer_as(alice, Training.ALLOW)

    assert "Undo" not in [button.text for button in page(alices.get(SETTINGS)).all("button")]


def test_settings_ask_only_training_once_the_terms_are_accepted(alices: Client, alice: User) -> None:
    assert page(alices.get(SETTINGS)).all("input", name="terms")

    answer_as(alice, Training.ALLOW)

    assert not page(alices.get(SETTINGS)).all("input", name="terms")


def test_settings_are_one_hop_from_the_menu_and_the_footer(alices: Client) -> None:
    shown = page(alices.get(HISTORY))

    assert shown.one("header").all("a", href=SETTINGS)
    assert shown.one("footer").all("a", href=SETTINGS)


def test_settings_before_the_announcement_say_there_is_no_question(alices: Client, moved_to: MoveClock) -> None:
    moved_to(ANNOUNCED - SECOND)

    shown = page(alices.get(SETTINGS))

    assert "There is no question at the moment, and nothing of yours is used to train models." in shown.text
    assert not shown.all("form", id="answer-form")


def test_settings_ask_who_the_update_has_not_been_rolled_out_to(
    client: Client, alice: User, moved_to: MoveClock
) -> None:
    make_update(rollout_percentage=0)
    client.force_login(alice)
    moved_to(ANNOUNCED)

    send(client, page(client.get(SETTINGS)), terms="on", training="allow")

    assert state_of(alice).training == Training.ALLOW


def test_settings_on_a_commercial_plan_let_an_earlier_allow_be_withdrawn_only(alices: Client, alice: User) -> None:
    answer_as(alice, Training.ALLOW)
    change_plan(alice, Plan.TEAM, at=MEANWHILE)
    shown = page(alices.get(SETTINGS))
    assert "a commercial plan" in shown.text
    assert [field["value"] for field in form_on(shown).all("input", type="radio")] == ["refuse"]

    refused = send(alices, shown, training="allow")
    assert refused.status_code == HTTPStatus.CONFLICT
    send(alices, page(alices.get(SETTINGS)), training="refuse")

    alice.refresh_from_db()
    assert state_of(alice).training == Training.REFUSE
    assert not page(alices.get(SETTINGS)).all("form", id="answer-form")


# Not now (rule B3)


@pytest.mark.parametrize("method", ["button", "esc", "close"])
def test_not_now_records_with_what_it_was_said(alices: Client, alice: User, method: str) -> None:
    token = token_on(page(alices.get(CHATS)), "not-now-form")

    response = alices.post(NOT_NOW, {"token": token, "method": method, "next": "/chats/overview/"})

    assert (response.status_code, response["Location"]) == (HTTPStatus.SEE_OTHER, "/chats/overview/")
    record = ConsentRecord.objects.get(kind=Kind.DEFERRED)
    assert (record.method, record.surface, record.new_value) == (method, Surface.POP_UP, "")


def test_not_now_without_a_next_goes_to_the_chats(alices: Client) -> None:
    token = token_on(page(alices.get(CHATS)), "not-now-form")

    assert alices.post(NOT_NOW, {"token": token})["Location"] == CHATS


@pytest.mark.parametrize("method", ["undo", "nonsense"])
def test_not_now_knows_no_other_method(alices: Client, alice: User, method: str) -> None:
    token = token_on(page(alices.get(CHATS)), "not-now-form")

    response = alices.post(NOT_NOW, {"token": token, "method": method})

    assert response.status_code == HTTPStatus.UNPROCESSABLE_ENTITY
    assert "Nothing was saved: something has changed since this page was opened." in page(response).text
    assert Kind.DEFERRED not in kinds_of(alice)


def test_not_now_by_htmx_brings_the_quiet_line(alices: Client, alice: User) -> None:
    token = token_on(page(alices.get(CHATS)), "not-now-form")

    response = alices.post(NOT_NOW, {"token": token, "method": "esc"}, headers=HTMX)
    line = page(response).one("div", id="header-line")

    assert response.status_code == HTTPStatus.OK
    assert line["hx-swap-oob"] == "true"
    assert "Last day: September 28, 2025." in line.text
    assert line.one("a")["href"].startswith(QUESTION)
    assert not page(response).all("dialog")


def test_not_now_puts_the_dialog_off_and_leaves_a_quiet_line(alices: Client, alice: User, moved_to: MoveClock) -> None:
    state = defer_as(alice)
    until = state.deferred_until
    assert until is not None

    moved_to(until - SECOND)
    shown = page(alices.get(CHATS))
    assert not shown.all("dialog")
    assert "Last day: September 28, 2025." in shown.one(id="header-line").text
    moved_to(until)
    assert page(alices.get(CHATS)).all("dialog")


def test_not_now_twice_is_once(alices: Client, alice: User) -> None:
    token = token_on(page(alices.get(CHATS)), "not-now-form")

    for _again in range(2):
        alices.post(NOT_NOW, {"token": token})

    assert kinds_of(alice) == [Kind.SHOWN, Kind.DEFERRED]


def test_not_now_after_an_answer_shows_the_answer(alices: Client, alice: User) -> None:
    token = token_on(page(alices.get(CHATS)), "not-now-form")
    answer_as(alice, Training.ALLOW)

    response = alices.post(NOT_NOW, {"token": token})

    assert response.status_code == HTTPStatus.CONFLICT
    assert "You allow training." in page(response).text
    assert Kind.DEFERRED not in kinds_of(alice)


# History and receipts (rule F4)


def test_history_lists_ones_own_records_the_latest_first(alices: Client, alice: User, mallory: User) -> None:
    answer_as(alice, Training.ALLOW)
    defer_as(mallory)

    titles = [heading.text for heading in page(alices.get(HISTORY)).one("ol").all("h2")]

    assert titles == ["Training allowed", "Terms accepted", "Question shown"]


def test_history_of_nothing_says_so(alices: Client) -> None:
    assert "Nothing is recorded yet." in page(alices.get(HISTORY)).text


def test_history_has_pages(alices: Client, alice: User) -> None:
    for number in range(60):
        answer_as(alice, Training.REFUSE if number % 2 else Training.ALLOW)
    total = len(kinds_of(alice))
    assert total > 50

    first = page(alices.get(HISTORY))
    earlier = next(link for link in first.all("a") if link.text == "Earlier")
    second = page(alices.get(f"{HISTORY}{earlier['href']}"))

    assert len(first.one("ol").all("li")) == 50
    assert len(second.one("ol").all("li")) == total - 50
    assert "Earlier" not in [link.text for link in second.all("a")]


def test_history_that_just_fills_a_page_has_no_earlier_one(alices: Client, alice: User) -> None:
    total = 0
    while total < 50:
        answer_as(alice, Training.REFUSE, terms=False)
        total = len(kinds_of(alice))
    shown = page(alices.get(HISTORY))
    assert (total, len(shown.one("ol").all("li"))) == (50, 50)
    assert "Earlier" not in [link.text for link in shown.all("a")]


@pytest.mark.parametrize("before", ["", "x", "-1", "0", "9" * 18, "9" * 30, "²", "\0", "1e3", " "])
def test_history_passes_over_a_bad_page(alices: Client, alice: User, before: str) -> None:
    answer_as(alice, Training.ALLOW)

    assert alices.get(HISTORY, {"before": before}).status_code == HTTPStatus.OK


@pytest.mark.parametrize("route", ["privacy:receipt", "privacy:receipt_json"])
def test_receipt_is_for_its_person_only(alices: Client, alice: User, mallory: User, route: str) -> None:
    receipt = answer_as(alice, Training.ALLOW)
    mallorys = Client()
    mallorys.force_login(mallory)

    assert alices.get(reverse(route, args=[receipt])).status_code == HTTPStatus.OK
    for client, other in ((mallorys, receipt), (mallorys, uuid.uuid4()), (alices, uuid.uuid4())):
        response = client.get(reverse(route, args=[other]))
        assert response.status_code == HTTPStatus.NOT_FOUND
        assert str(alice.principal) not in response.content.decode()


def test_receipt_shows_the_answer_and_the_text_that_was_shown(alices: Client, alice: User) -> None:
    receipt = answer_as(alice, Training.REFUSE)

    shown = page(alices.get(reverse("privacy:receipt", args=[receipt])))

    assert [item.text for item in shown.one("article").one("ul").all("li")] == ["Terms accepted", "Training refused"]
    notice = ConsentRecord.objects.get(kind=Kind.TRAINING_REFUSED).notice
    assert shown.one("pre").raw == notice.text
    assert notice.sha256 in shown.text
    assert "UTC" in shown.one("time").text


def test_receipt_shows_instants_in_the_readers_zone_and_names_it(alices: Client, alice: User) -> None:
    alice.time_zone = "Asia/Shanghai"
    alice.save(update_fields=["time_zone"])
    receipt = answer_as(alice, Training.REFUSE)

    time = page(alices.get(reverse("privacy:receipt", args=[receipt]))).one("time")

    assert datetime.fromisoformat(time["datetime"]) == MEANWHILE
    assert time.text == "September 10, 2025, 5:00 p.m. (Asia/Shanghai)"


def test_receipt_json_has_the_fields_of_the_standard(alices: Client, alice: User) -> None:
    receipt = answer_as(alice, Training.ALLOW)

    response = alices.get(reverse("privacy:receipt_json", args=[receipt]))
    found: dict[str, Any] = json.loads(response.content)

    assert response["Content-Type"] == "application/json"
    assert found["schema_version"] == "ISO/IEC TS 27560:2023"
    assert found["receipt_id"] == str(receipt)
    assert found["receipt_url"] == f"http://testserver{reverse('privacy:receipt', args=[receipt])}"
    assert found["pii_principal_id"] == str(alice.principal)
    assert [record["event"]["event_state"] for record in found["records"]] == ["given", "given"]
    assert found["records"][1]["pii_processing"]["retention_period"] == "P5Y"
    assert found["records"][1]["event"]["event_time"] == "2025-09-10T09:00:00.000000+00:00"
    assert found["records"][1]["integrity"]["sequence"] == 3
    assert alice.email not in response.content.decode()


# Caches (rule B8)


@pytest.mark.parametrize("address", [QUESTION, SETTINGS, HISTORY])
def test_pages_that_change_with_an_answer_are_never_cached(alices: Client, address: str) -> None:
    assert "no-store" in alices.get(address)["Cache-Control"]


def test_chats_of_who_has_answered_have_no_question_in_any_browser(alices: Client, alice: User) -> None:
    other = Client()
    other.force_login(alice)
    assert page(other.get(CHATS)).all("dialog")
    make_conversation(alice)

    send(alices, page(alices.get(CHATS)), terms="on", training="refuse")

    for client in (alices, other):
        assert not page(client.get(CHATS)).all("dialog")
        assert page(client.get(CHATS)).one(id="header-line").text == ""
