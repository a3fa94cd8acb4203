"""Whatever is sent: nothing breaks, nothing is written that nobody said, and the answer can be read."""

import json
import uuid
from collections.abc import Callable
from http import HTTPStatus
from typing import Any
from urllib.parse import quote, quote_from_bytes

import pytest
from django.conf import settings
from django.test import Client
from django.urls import reverse
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from accounts.models import User
from conversations.models import Conversation, Message
from privacy.models import ConsentRecord, ConsentState, Draft, Kind, PolicyUpdate, Surface, Training
from tests.conftest import MoveClock
from tests.factories import AFTERWARDS, MEANWHILE, answer_as, make_conversation, make_user, shown_token
from tests.pages import page
from tests.routes import METHODS, address_of, own_routes

FORM = "application/x-www-form-urlencoded"
JSON = {"accept": "application/json"}
ANSWER, NOT_NOW, QUESTION = "/privacy/answer/", "/privacy/not-now/", "/privacy/question/"

ODD_TEXTS = [
    "\0",
    "a\0b",
    "\ud800",
    "\udfff lone",
    "\u202eright to left",
    "\u2066isolated\u2069",
    "😀" * 40,
    "e\u0301" * 40,
    "\ufeff",
    "\uffff",
    "\r\n\r\nSet-Cookie: a=b",
    "%00",
    "%s{0}${x}{{ x }}{% x %}",
    "' OR 1=1 --",
    "<script>alert(1)</script>",
    "x" * 5000,
    "９９９",
    "-1",
    "9" * 40,
    "",
]

BAD_NEXT = [
    "//evil.example/",
    "///evil.example/",
    "http://evil.example/",
    "https://evil.example/",
    "javascript:alert(1)",
    "\\\\evil.example",
    "/\\evil.example",
    "\t//evil.example",
    "/\t/evil.example",
    "http:///evil.example",
    "http://testserver@evil.example/",
    "http://[",
    "evil.example",
    "home",
    "privacy:question",
    "\0",
    "/\0",
    "data:text/html,x",
    "/chats/\r\nX-Injected: 1",
    "/" + "x" * 3000,
    "/" + "想" * 700,
]


@pytest.fixture
def alices(client: Client, update: PolicyUpdate, alice: User, moved_to: MoveClock) -> Client:
    moved_to(MEANWHILE)
    client.force_login(alice)
    return client


def answers() -> list[tuple[str, str]]:
    """Return every record that is more than having been shown something."""
    return [(str(record.principal), record.kind) for record in ConsentRecord.objects.exclude(kind=Kind.SHOWN)]


def encoded(fields: dict[str, str]) -> str:
    """Return a form's body; what is not a character goes as the bytes a careless program would send."""
    pairs = [(name, quote_from_bytes(value.encode("utf-8", "surrogatepass"))) for name, value in fields.items()]
    return "&".join(f"{quote(name)}={value}" for name, value in pairs)


def stays_here(address: str) -> bool:
    """Return whether a browser that follows this address from any page stays on this site."""
    return address.startswith("/") and not address.startswith(("//", "/\\")) and not set("\t\r\n\0") & set(address)


# Forms of the question


@pytest.mark.parametrize("address", [ANSWER, NOT_NOW])
@pytest.mark.parametrize("token", [None, *ODD_TEXTS, "a:b", "a:b:c", "WzFd:x", "W10:W10"])
def test_question_refuses_a_token_it_never_made(alices: Client, address: str, token: str | None) -> None:
    fields = {"terms": "on", "training": "allow"} | ({} if token is None else {"token": token})

    response = alices.post(address, encoded(fields), content_type=FORM)

    assert response.status_code == HTTPStatus.UNPROCESSABLE_ENTITY
    assert page(response).one("html")["lang"] == "en"
    assert answers() == []


@pytest.mark.parametrize("address", [ANSWER, NOT_NOW])
def test_question_refuses_the_token_of_another_person(alices: Client, mallory: User, address: str) -> None:
    token = shown_token(mallory, at=MEANWHILE, surface=Surface.POP_UP).sign()

    response = alices.post(address, {"token": token, "terms": "on", "training": "allow"})

    assert response.status_code == HTTPStatus.UNPROCESSABLE_ENTITY
    assert answers() == []


@pytest.mark.parametrize("training", [text for text in ODD_TEXTS if text] + ["ALLOW", "allow\0", "allow,refuse"])
def test_question_refuses_a_choice_there_is_not(alices: Client, alice: User, training: str) -> None:
    token = shown_token(alice, at=MEANWHILE).sign()

    response = alices.post(ANSWER, encoded({"token": token, "terms": "on", "training": training}), content_type=FORM)

    assert response.status_code == HTTPStatus.UNPROCESSABLE_ENTITY
    assert answers() == []


def test_question_passes_over_fields_it_does_not_know(alices: Client, alice: User) -> None:
    token = shown_token(alice, at=MEANWHILE).sign()

    alices.post(
        ANSWER, {"token": token, "training": "refuse", "user": "1", "principal": "x", "receipt": "x", "at": "x"}
    )

    assert answers() == [(str(alice.principal), Kind.TRAINING_REFUSED)]


def test_question_takes_the_last_of_two_choices_and_no_other(alices: Client, alice: User) -> None:
    token = shown_token(alice, at=MEANWHILE).sign()

    alices.post(ANSWER, f"{encoded({'token': token})}&training=allow&training=refuse", content_type=FORM)

    assert answers() == [(str(alice.principal), Kind.TRAINING_REFUSED)]


def test_question_is_not_answered_by_json(alices: Client, alice: User) -> None:
    token = shown_token(alice, at=MEANWHILE).sign()

    response = alices.post(ANSWER, {"token": token, "training": "refuse"}, content_type="application/json")

    assert HTTPStatus.BAD_REQUEST <= response.status_code < HTTPStatus.INTERNAL_SERVER_ERROR
    assert answers() == []


@pytest.mark.parametrize("address", [ANSWER, NOT_NOW, "/chats/new/", "/language/", "/accounts/login/"])
def test_body_that_is_too_large_is_refused(alices: Client, address: str) -> None:
    response = alices.post(address, b"text=" + b"x" * 10_000_000, content_type=FORM)

    assert response.status_code == HTTPStatus.BAD_REQUEST
    assert page(response).one("h1").text
    assert answers() == []
    assert not Conversation.objects.exists()


def test_body_that_is_too_large_gets_a_problem_where_a_program_sent_it(alices: Client) -> None:
    response = alices.post("/chats/new/", b"text=" + b"x" * 10_000_000, content_type=FORM, headers=JSON)

    assert response.status_code == HTTPStatus.BAD_REQUEST
    assert response["Content-Type"] == "application/problem+json"


@pytest.mark.parametrize("address", [ANSWER, NOT_NOW, "/chats/new/"])
@pytest.mark.parametrize(
    "content_type", ["multipart/form-data; boundary=x", "multipart/form-data", "text/plain", "", "x/y; charset=klingon"]
)
def test_body_that_is_not_what_it_says_is_refused(alices: Client, address: str, content_type: str) -> None:
    response = alices.generic("POST", address, b"\xff\xfe--x\r\nnonsense", content_type)

    assert HTTPStatus.BAD_REQUEST <= response.status_code < HTTPStatus.INTERNAL_SERVER_ERROR
    assert answers() == []


# Where to go on to


@pytest.mark.parametrize("address", BAD_NEXT)
def test_next_never_leads_away_from_the_question(alices: Client, alice: User, address: str) -> None:
    shown = page(alices.get(f"{QUESTION}?{encoded({'next': address})}"))
    assert stays_here(shown.one(id="answer-form").one("input", name="next")["value"] or "/")

    token = shown_token(alice, at=MEANWHILE).sign()
    fields = {"token": token, "training": "refuse", "terms": "on", "next": address}
    saved = alices.post(ANSWER, encoded(fields), content_type=FORM)
    assert saved["Location"].startswith(QUESTION)
    onwards = page(alices.get(saved["Location"])).one("a", class_="button")["href"]
    assert stays_here(onwards)


@pytest.mark.parametrize("address", BAD_NEXT)
def test_next_never_leads_away_from_not_now(alices: Client, alice: User, address: str) -> None:
    token = shown_token(alice, at=MEANWHILE).sign()

    response = alices.post(NOT_NOW, encoded({"token": token, "next": address}), content_type=FORM)

    assert response.status_code == HTTPStatus.SEE_OTHER
    assert stays_here(response["Location"])


@pytest.mark.parametrize("address", BAD_NEXT)
def test_next_never_leads_away_from_the_language_switch(client: Client, db: None, address: str) -> None:
    response = client.post("/language/", encoded({"language": "zh-hans", "next": address}), content_type=FORM)

    assert response.status_code == HTTPStatus.FOUND
    assert stays_here(response["Location"])


@pytest.mark.parametrize("address", BAD_NEXT)
def test_next_never_leads_away_from_signing_in(
    client: Client, update: PolicyUpdate, alice: User, moved_to: MoveClock, address: str
) -> None:
    moved_to(MEANWHILE)
    fields = {"login": alice.email, "password": "correct-horse-battery", "next": address}

    response = client.post("/accounts/login/", encoded(fields), content_type=FORM)

    if response.status_code < HTTPStatus.BAD_REQUEST:
        assert stays_here(response["Location"])
    else:
        assert response.status_code == HTTPStatus.BAD_REQUEST


@pytest.mark.parametrize("query", ["q=" + "x" * 3000, "q=" + "%E6%83%B3" * 500, "%00", "next=%00", "\\", "="])
def test_gate_finds_the_question_from_any_address(alices: Client, moved_to: MoveClock, query: str) -> None:
    moved_to(AFTERWARDS)

    response = alices.get(f"/chats/?{query}")

    assert response.status_code == HTTPStatus.SEE_OTHER
    assert response["Location"].startswith(QUESTION)


@pytest.mark.parametrize("query", ["q=" + "x" * 3000, "%00", "next=%00"])
def test_signed_out_find_the_sign_in_page_from_any_address(client: Client, db: None, query: str) -> None:
    response = client.get(f"/chats/?{query}")

    assert response.status_code == HTTPStatus.FOUND
    assert response["Location"].startswith("/accounts/login/")


# Names of things


@pytest.mark.parametrize("language", ["", "xx", "EN", "zh", "zh-hans\0", "../../etc", "e" * 500])
def test_language_refuses_what_it_does_not_speak(alices: Client, alice: User, language: str) -> None:
    response = alices.post("/language/", encoded({"language": language}), content_type=FORM)

    assert response.status_code == HTTPStatus.BAD_REQUEST
    alice.refresh_from_db()
    assert alice.language == "en"
    assert settings.LANGUAGE_COOKIE_NAME not in response.cookies


@pytest.mark.parametrize(
    "address",
    [
        "/legal/nothing/",
        "/legal/TERMS/",
        "/legal/terms/1999-01-01/",
        "/legal/terms/%00/",
        "/legal/terms/..%2f/",
        "/legal/terms/" + "x" * 3000 + "/",
        "/privacy/receipts/not-a-uuid/",
        "/privacy/receipts/00000000-0000-0000-0000-000000000000/",
        "/privacy/receipts/00000000-0000-0000-0000-000000000000.json",
        "/chats/not-a-uuid/",
        "/chats/00000000-0000-0000-0000-000000000000/",
        "/%00",
        "/%ff%fe",
        "/chats/%E2%80%AE/",
        "/.env",
        "/static/../manage.py",
        "/static/%00",
        "/static/nothing.css",
    ],
)
@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_what_is_not_there_is_a_page_in_the_readers_language(
    alices: Client, alice: User, address: str, language: str
) -> None:
    alice.language = language
    alice.save(update_fields=["language"])

    shown = alices.get(address)
    problem = alices.get(address, headers=JSON)

    assert shown.status_code == problem.status_code == HTTPStatus.NOT_FOUND
    assert page(shown).one("html")["lang"] == language
    assert problem["Content-Type"] == "application/problem+json"
    assert problem.json()["code"] == "not_found"


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("route", sorted(own_routes()))
def test_no_method_breaks_a_route(alices: Client, alice: User, route: str, method: str) -> None:
    answer_as(alice, Training.REFUSE)
    known: dict[str, Any] = {"pk": make_conversation(alice).pk} if route.startswith("conversations:") else {}
    before = answers()

    response = alices.generic(method, address_of(route, **known), "x=y", FORM)

    assert response.status_code < HTTPStatus.INTERNAL_SERVER_ERROR
    if response.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
        assert response["Allow"]
        assert method == "HEAD" or page(response).one("h1").text
    assert answers() == before


@pytest.mark.parametrize(
    "cookie",
    [
        'session="\\000aaaaaaaaaaaaaaaa"',
        "session=" + "x" * 4000,
        "session=\xff\xfe" + "x" * 10,
        "session=' OR 1=1 --aaaa",
        'language="\\000"; csrftoken="\\000"',
        "language=../../x; sessionid=;;;=",
        "=",
    ],
)
def test_cookie_nobody_was_given_is_nobodys(client: Client, db: None, cookie: str) -> None:
    response = client.get("/chats/", headers={"cookie": cookie})

    assert response.status_code == HTTPStatus.FOUND
    assert response["Location"].startswith("/accounts/login/")


@pytest.mark.parametrize("language", ["*", "zh-Hant-TW,zh;q=0.x", "\0", "x" * 5000, "zh-hans" * 200, "," * 5000])
def test_language_a_browser_asks_for_may_be_anything(client: Client, db: None, language: str) -> None:
    response = client.get("/", headers={"accept-language": language, "accept": "*/*;q=x, ,text"})

    assert response.status_code == HTTPStatus.OK
    assert page(response).one("html")["lang"] in dict(settings.LANGUAGES)


# Texts


@pytest.mark.parametrize("text", ODD_TEXTS)
def test_odd_text_is_written_or_refused_and_never_breaks(alices: Client, alice: User, text: str) -> None:
    answer_as(alice, Training.REFUSE)

    response = alices.post("/chats/new/", encoded({"text": text}), content_type=FORM)

    assert response.status_code in {HTTPStatus.FOUND, HTTPStatus.UNPROCESSABLE_ENTITY}
    if response.status_code == HTTPStatus.FOUND:
        shown = alices.get(response["Location"])
        assert shown.status_code == HTTPStatus.OK
        assert [script for script in page(shown).all("script") if script.raw.strip()] == []
        alices.get("/chats/")
    else:
        assert not Message.objects.exists()


@pytest.mark.parametrize("text", ODD_TEXTS)
def test_odd_text_is_kept_at_the_gate_and_never_breaks(
    alices: Client, alice: User, moved_to: MoveClock, text: str
) -> None:
    moved_to(AFTERWARDS)

    response = alices.post("/chats/new/", encoded({"text": text}), content_type=FORM)

    assert response.status_code == HTTPStatus.SEE_OTHER
    answer_as(alice, Training.REFUSE, at=AFTERWARDS)
    assert alices.get("/chats/").status_code == HTTPStatus.OK


@pytest.mark.parametrize("text", ODD_TEXTS)
def test_odd_text_in_any_field_of_an_account_never_breaks(alices: Client, text: str) -> None:
    for address, names in {
        "/accounts/preferences/": ("language", "time_zone"),
        "/accounts/email/": ("email", "action_add", "action_remove", "action_primary"),
        "/accounts/reauthenticate/": ("password", "next"),
    }.items():
        response = alices.post(address, encoded(dict.fromkeys(names, text)), content_type=FORM)
        assert response.status_code < HTTPStatus.INTERNAL_SERVER_ERROR, address


@pytest.mark.parametrize("text", ODD_TEXTS)
def test_odd_text_in_any_field_of_signing_in_never_breaks(client: Client, db: None, text: str) -> None:
    for address, names in {
        "/accounts/login/": ("login", "password", "next", "remember"),
        "/accounts/signup/": ("email", "password1", "time_zone", "next"),
        "/accounts/password/reset/": ("email",),
        "/accounts/login/code/confirm/": ("code",),
        "/accounts/confirm-email/": ("code",),
        "/accounts/2fa/authenticate/": ("code", "credential"),
        "/accounts/2fa/webauthn/login/": ("credential",),
        "/admin/login/": ("username", "password", "next"),
    }.items():
        response = client.post(address, encoded(dict.fromkeys(names, text)), content_type=FORM)
        assert response.status_code < HTTPStatus.INTERNAL_SERVER_ERROR, address
    assert not User.objects.exists()


# Everything at once

TEXTS = st.one_of(
    st.sampled_from(ODD_TEXTS),
    st.sampled_from(BAD_NEXT),
    st.sampled_from(["on", "allow", "refuse", "button", "esc", "en", "zh-hans", "/chats/", "1"]),
    st.text(st.characters(codec=None), max_size=30),
    st.uuids().map(str),
)
NAMES = (
    *("token", "training", "terms", "next", "method", "language", "text", "writer", "before", "saved"),
    *("email", "login", "password", "password1", "code", "time_zone", "action_add", "session", "credential", "id", "q"),
)
FIELDS = st.dictionaries(st.sampled_from(NAMES), TEXTS, max_size=6)
KINDS_OF_BODY: dict[str, Callable[[dict[str, str]], bytes]] = {
    FORM: lambda fields: encoded(fields).encode(),
    "application/json": lambda fields: json.dumps(fields).encode(),
    "multipart/form-data; boundary=x": lambda fields: "".join(
        f'--x\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n' for name, value in fields.items()
    ).encode("utf-8", "surrogatepass"),
    "text/plain": lambda fields: repr(fields).encode("utf-8", "replace"),
}
PATHS = st.one_of(
    st.sampled_from(sorted(own_routes())).map(address_of),
    st.sampled_from(["/admin/", "/admin/login/", "/admin/privacy/", "/static/x", "/chats/"]),
    st.text(st.characters(codec=None), max_size=20).map(
        lambda text: "/" + quote_from_bytes(text.encode("utf-8", "surrogatepass"))
    ),
)
HEADERS = st.sampled_from(
    [
        {},
        {},
        JSON,
        {"hx-request": "true"},
        {"hx-request": "true", "hx-target": "\0"},
        {"sec-gpc": "2"},
        {"accept": "\0"},
    ]
)


@pytest.mark.parametrize("who", ["signed out", "settled", "gated"])
@hypothesis_settings(
    deadline=None,
    derandomize=True,
    max_examples=150,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    path=PATHS,
    method=st.sampled_from(METHODS),
    query=FIELDS,
    fields=FIELDS,
    content_type=st.sampled_from(sorted(KINDS_OF_BODY)),
    headers=HEADERS,
)
def test_nothing_that_is_sent_breaks_the_site_or_answers_for_anyone(
    update: PolicyUpdate,
    moved_to: MoveClock,
    who: str,
    path: str,
    method: str,
    query: dict[str, str],
    fields: dict[str, str],
    content_type: str,
    headers: dict[str, str],
) -> None:
    moved_to(AFTERWARDS)
    alice = User.objects.filter(email="alice@example.com").first() or make_user("alice@example.com")
    if who == "settled" and not ConsentState.objects.exists():
        answer_as(alice, Training.REFUSE, at=AFTERWARDS)
    client = Client()
    if who != "signed out":
        client.force_login(alice)
    before, language = answers(), alice.language
    messages = Message.objects.count()

    response = client.generic(
        method, f"{path}?{encoded(query)}", KINDS_OF_BODY[content_type](fields), content_type, headers=headers
    )

    assert response.status_code < HTTPStatus.INTERNAL_SERVER_ERROR
    assert answers() == before
    if who != "settled":
        assert Message.objects.count() == messages
    if "Location" in response.headers:
        assert stays_here(response["Location"])
    if response.headers.get("Content-Type", "").startswith("text/html") and b"<html" in response.content:
        alice.refresh_from_db()
        expected = {language, alice.language} if who != "signed out" else {"en"}
        assert page(response).one("html")["lang"].replace("zh-Hans", "zh-hans") in expected


def test_uuid_of_a_made_up_conversation_is_no_place_for_a_draft_of_others(
    alices: Client, alice: User, mallory: User, moved_to: MoveClock
) -> None:
    moved_to(AFTERWARDS)

    alices.post(reverse("conversations:write", args=[uuid.uuid4()]), {"text": "Into nowhere"})

    assert not Draft.objects.filter(user=mallory).exists()
    assert not Message.objects.exists()


@pytest.mark.parametrize("charset", ["zlib", "idna", "rot13", "utf-7", "unicode_escape", "nonsense"])
def test_body_in_another_charset_is_refused(client: Client, charset: str) -> None:
    kind = f"multipart/form-data; boundary=x; charset={charset}"
    body = b'--x\r\nContent-Disposition: form-data; name="login"\r\n\r\n\\ud800\r\n--x--\r\n'

    response = client.generic("POST", "/accounts/login/", body, content_type=kind)

    assert response.status_code == HTTPStatus.BAD_REQUEST
    assert response.content


@pytest.mark.parametrize(
    ("address", "field"), [("/chats/new/", "text"), (f"/chats/{uuid.UUID(int=1)}/replies/1/feedback/", "comment")]
)
def test_message_in_a_form_that_is_out_of_date_is_given_back(db: None, address: str, field: str) -> None:
    response = Client(enforce_csrf_checks=True).post(address, {field: "Nuts & <b>bolts</b>"})

    assert response.status_code == HTTPStatus.FORBIDDEN
    assert "\nNuts &amp; &lt;b&gt;bolts&lt;/b&gt;</textarea>" in response.content.decode()
