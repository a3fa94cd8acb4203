"""QA's pages: what each does, to whom, and that no link alone does anything."""

import re
from collections.abc import Iterator
from datetime import UTC
from http import HTTPStatus
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from allauth.account.models import EmailAddress
from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.models import Session
from django.contrib.staticfiles import finders
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import resolve, reverse

from accounts.models import User
from privacy.models import ConsentRecord, PolicyUpdate, Training
from qa.browser import COOKIE, Browser
from qa.flow_map import FLOW_MAP, SCREENS
from qa.making import make
from qa.personas import PERSONAS, persona_of
from qa.screens import Screen
from tests.factories import ANNOUNCED, DEADLINE, LONG_BEFORE, PASSWORD, answer_as, make_update, make_user
from tests.pages import page
from tests.qa.conftest import Become, set_clock
from tests.routes import own_routes

ACTS = ("qa:become", "qa:clock", "qa:look", "qa:reset")
PAGES = ("/qa/", "/qa/flow-map/", "/qa/mails/", "/qa/personas/gov/", "/qa/open/pop-up/?language=en&theme=dark")
STATUSES = {
    "not-found": HTTPStatus.NOT_FOUND,
    "not-found-signed-out": HTTPStatus.NOT_FOUND,
    "chat-expired": HTTPStatus.NOT_FOUND,
    "not-allowed": HTTPStatus.FORBIDDEN,
    "not-here": HTTPStatus.METHOD_NOT_ALLOWED,
}
# Where a gated route sends the gated, and where a page of the account sends on to.
ELSEWHERE = {
    **dict.fromkeys(("asked-signing-up", "asked-signing-up-wrong"), "/privacy/question/"),
    **dict.fromkeys(("gate-begins", "gate", "gate-wrong", "gate-answered", "gate-terms"), "/privacy/question/"),
}


def who(browser: Client) -> str | None:
    """Return the persona or the address a browser is signed in as, without asking for a page."""
    key = browser.session.get(SESSION_KEY)
    if key is None:
        return None
    user = User.objects.get(pk=key)
    persona = persona_of(user)
    return persona.slug if persona else user.email


@pytest.fixture
def strict(client: Client) -> Client:
    """Return a browser whose forms are held against forgery, in the state of the other."""
    strict = Client(enforce_csrf_checks=True)
    strict.cookies = client.cookies
    return strict


# Who gets in


@pytest.mark.parametrize("address", PAGES)
def test_page_is_there_for_the_signed_out_the_gated_and_an_ordinary_account(
    client: Client, update: PolicyUpdate, alice: User, become: Become, address: str
) -> None:
    make(PERSONAS["undecided-first-day"])
    for enter in (lambda: None, lambda: become("undecided-afterwards"), lambda: client.force_login(alice)):
        enter()
        response = client.get(address)
        assert response.status_code == HTTPStatus.OK
        assert len(page(response).all("h1")) == 1


@pytest.mark.parametrize("route", ACTS)
def test_act_is_a_post_only(client: Client, become: Become, route: str) -> None:
    become("gov")
    for method in ("get", "head", "put", "delete"):
        assert getattr(client, method)(reverse(route), {"persona": "team"}).status_code == HTTPStatus.METHOD_NOT_ALLOWED
    assert who(client) == "gov"


@pytest.mark.parametrize("address", ["/qa/become/", "/qa/clock/", "/qa/reset/", "/qa/open/gate/"])
def test_form_of_another_site_is_refused(
    client: Client, strict: Client, update: PolicyUpdate, alice: User, address: str
) -> None:
    for slug in ("team", "undecided-afterwards"):
        make(PERSONAS[slug])
    client.force_login(alice)

    response = strict.post(
        address, {"persona": "team", "preset": "deadline"}, headers={"origin": "https://evil.example"}
    )

    assert response.status_code == HTTPStatus.FORBIDDEN
    assert who(client) == alice.email


def test_where_nothing_is_seeded_it_says_what_to_run(client: Client, db: None) -> None:
    for address in ("/qa/", "/qa/flow-map/", "/qa/open/gate/", "/qa/personas/team/"):
        response = client.get(address)
        assert response.status_code == HTTPStatus.SERVICE_UNAVAILABLE
        assert b"seed_personas" in response.content


# Becoming


@pytest.mark.parametrize("slug", PERSONAS)
def test_button_makes_one_the_persona_at_its_instant(client: Client, update: PolicyUpdate, slug: str) -> None:
    account = make(PERSONAS[slug])

    response = client.post("/qa/become/", {"persona": slug})

    assert who(client) == slug
    assert response["Location"] == PERSONAS[slug].home
    shown = client.get("/qa/")
    assert shown.wsgi_request.user == account
    assert Browser.of(shown.wsgi_request).at == PERSONAS[slug].instant()


def test_what_follows_is_done_by_the_persona_itself(client: Client, become: Become) -> None:
    account = become("undecided-first-day")
    token = page(client.get("/chats/")).one("form", id="answer-form").one("input", name="token")["value"]

    client.post("/privacy/answer/", {"token": token, "training": Training.REFUSE, "terms": "on"})

    records = ConsentRecord.objects.filter(principal=account.principal)
    assert {record.actor for record in records} == {account.principal}
    assert records.filter(new_value=Training.REFUSE, occurred_at=ANNOUNCED).exists()


def test_becoming_ends_the_session_before_it(client: Client, become: Become, alice: User) -> None:
    client.post("/accounts/login/", {"login": alice.email, "password": PASSWORD})
    before = client.session.session_key

    become("gov")

    assert client.session.session_key != before
    assert not Session.objects.filter(pk=before).exists()


def test_nobody_but_a_persona_can_be_become(client: Client, update: PolicyUpdate, alice: User) -> None:
    for value in (alice.email, str(alice.pk), "nobody", ""):
        assert client.post("/qa/become/", {"persona": value}).status_code == HTTPStatus.NOT_FOUND
    assert who(client) is None


def test_persona_without_an_account_leads_to_its_reset(client: Client, update: PolicyUpdate) -> None:
    response = client.post("/qa/become/", {"persona": "team"}, follow=True)

    assert response.redirect_chain[-1][0] == "/qa/personas/team/"
    assert "reset it first" in page(response).text
    client.post("/qa/reset/", {"persona": "team"})
    client.post("/qa/become/", {"persona": "team"})
    assert who(client) == "team"


def test_persona_page_shows_rows_as_they_are_and_no_password(client: Client, become: Become) -> None:
    account = become("on-off-on")

    text = page(client.get("/qa/personas/on-off-on/")).text

    assert str(account.principal) in text
    assert "allowed_since" in text
    assert "Written while training was refused" in text
    assert "not_resumed" in text
    assert account.password not in text
    assert "Permission withdrawn" in text


def test_persona_reads_its_own_language_whatever_a_link_had_it_read(client: Client, become: Become) -> None:
    for slug, screen, other in (("team", "chat-team", "zh-hans"), ("chinese", "pop-up-chinese", "en")):
        own = make(PERSONAS[slug]).language
        client.post(f"/qa/open/{screen}/", {"with": f"language={other}&theme=light"})
        assert page(client.get("/chats/")).one("html")["lang"] == other
        assert client.get(f"/qa/open/{screen}/?theme=light").status_code == HTTPStatus.OK, "something would change"
        become(slug)
        assert page(client.get("/chats/")).one("html")["lang"] == own


@pytest.mark.parametrize("email", ["team@personas.example", "Someone.New@Personas.Example"])
def test_nobody_gets_the_address_of_a_persona(client: Client, become: Become, alice: User, email: str) -> None:
    def sign_in_as_alice() -> None:
        client.post("/accounts/login/", {"login": alice.email, "password": PASSWORD})

    refused = [client.post("/accounts/signup/", {"email": email, "password1": PASSWORD})]
    for enter in (sign_in_as_alice, lambda: become("gov")):
        enter()
        refused.append(client.post("/accounts/email/", {"action_add": "", "email": email}))
    for response in refused:
        assert "That address can’t be used." in page(response).text
    assert not EmailAddress.objects.filter(email__iexact=email).exists()


def test_address_that_is_taken_is_told_where_the_persona_is_made(client: Client, update: PolicyUpdate) -> None:
    make_user(PERSONAS["team"].email)

    response = client.post("/qa/reset/", {"persona": "team"}, follow=True)

    assert response.redirect_chain[-1][0] == "/qa/personas/team/"
    assert "team@personas.example is the address of an ordinary account" in page(response).text


# Links


def test_link_alone_signs_nobody_out_or_in(client: Client, update: PolicyUpdate, alice: User, become: Become) -> None:
    make(PERSONAS["undecided-afterwards"])
    client.force_login(alice)
    for address in ("/qa/open/gate/", "/qa/open/?persona=undecided-afterwards&to=/chats/", "/qa/open/home/?theme=dark"):
        for method in (client.get, client.head):
            response = method(address)
            assert response.status_code == HTTPStatus.OK
            assert COOKIE not in response.cookies
            assert who(client) == alice.email
    assert alice.email in page(client.get("/qa/open/gate/")).text


def test_link_that_changes_nothing_opens_at_once(client: Client, become: Become) -> None:
    become("undecided-afterwards")
    client.post("/qa/open/gate/?language=en&theme=dark")

    assert client.get("/qa/open/gate/?language=en&theme=dark")["Location"] == "/chats/"
    for other in ("language=zh-hans&theme=dark", "language=en&theme=light"):
        assert client.get(f"/qa/open/gate/?{other}").status_code == HTTPStatus.OK


@pytest.mark.parametrize(
    "query",
    [
        "persona=nobody",
        "at=yesterday&persona=gov",
        "at=0001-01-01&persona=gov",
        "language=xx",
        "theme=pink",
        "to=https://evil.example/",
        "to=//evil.example/",
        "to=/\\evil.example",
        "to=javascript:alert(1)",
        "to=chats",
    ],
)
def test_link_that_makes_no_sense_is_refused(client: Client, become: Become, query: str) -> None:
    become("team")
    for method in (client.get, client.post):
        response = method(f"/qa/open/?{query}")
        assert response.status_code == HTTPStatus.BAD_REQUEST
        assert query.partition("=")[0] in page(response).text
    assert who(client) == "team"


def answer_the_pop_up(client: Client) -> None:
    token = page(client.get("/chats/")).one("form", id="answer-form").one("input", name="token")["value"]
    client.post("/privacy/answer/", {"token": token, "training": Training.REFUSE, "terms": "on"})


def test_screen_of_a_persona_that_has_moved_on_says_so_and_resets_it(client: Client, become: Become) -> None:
    before = become("undecided-first-day")
    answer_the_pop_up(client)
    client.force_login(make(PERSONAS["gov"]))

    for response in (
        client.post("/qa/open/pop-up/", {"with": "language=en&theme=dark"}),
        client.get("/qa/open/pop-up/?language=en&theme=dark"),
    ):
        assert "no longer in the state it is called by" in page(response).text
        assert who(client) == "gov"
    assert "no longer in the state" in page(client.get("/qa/personas/undecided-first-day/")).text

    wish = {"with": "language=en&theme=dark", "changed": "reset"}
    opened = client.post("/qa/open/pop-up/", wish, follow=True)

    assert page(opened).all("dialog", id="pop-up")
    assert page(opened).one("html")["data-qa-theme"] == "dark"
    assert PERSONAS["undecided-first-day"].account() not in {None, before}


def test_screen_of_a_persona_that_has_moved_on_can_be_opened_as_it_is(client: Client, become: Become) -> None:
    before = become("undecided-first-day")
    answer_the_pop_up(client)

    opened = client.post("/qa/open/pop-up/", {"with": "language=en&theme=dark", "changed": "as-it-is"}, follow=True)

    assert opened.redirect_chain[-1][0] == "/chats/"
    assert opened.wsgi_request.user == before


def test_link_to_no_screen_is_not_found(client: Client, update: PolicyUpdate) -> None:
    assert client.get("/qa/open/nowhere/").status_code == HTTPStatus.NOT_FOUND


# The flow map


def test_map_lists_every_screen_in_every_language_and_look(client: Client, update: PolicyUpdate) -> None:
    found = page(client.get("/qa/flow-map/"))

    opening = {
        (form["action"], button["value"])
        for form in found.all("form", **{"class": "qa-open"})
        for button in form.all("button", name="with")
    }
    assert opening == {
        (f"/qa/open/{slug}/", f"language={language}&theme={theme}")
        for slug in SCREENS
        for language in ("en", "zh-hans")
        for theme in ("light", "dark")
    }
    links = {link["href"] for link in found.all("a")}
    assert links >= {f"/qa/open/{slug}/" for slug in SCREENS}
    assert len(SCREENS) == sum(len(screens) for _group, screens in FLOW_MAP), "no two have the same name"


# What no link alone leads to: it answers an act, is a file, or needs what is in a mail or was begun a moment ago.
NOT_BY_A_LINK = {
    *("health", "language", "favicon", "accounts:start_export", "accounts:export_file", "privacy:receipt_json"),
    *("account_email_verification_sent", "account_set_password", "account_confirm_login_code"),
    *("mfa_authenticate", "mfa_reauthenticate", "mfa_reauthenticate_webauthn", "mfa_login_webauthn"),
    *("mfa_deactivate_totp", "mfa_view_recovery_codes", "mfa_generate_recovery_codes", "mfa_download_recovery_codes"),
    *("mfa_remove_webauthn", "mfa_edit_webauthn"),
    *(f"conversations:{name}" for name in ("start", "start_coding", "write", "reply", "rename", "delete_feedback")),
    *(f"conversations:{name}" for name in ("exclude", "lift_exclusion", "delete", "undo_delete")),
    *("privacy:not_now", "privacy:stop_reminders", "privacy:resume_reminders", "legal:earlier_document"),
}


def test_every_page_of_the_site_is_on_the_map(update: PolicyUpdate) -> None:
    listed = {
        resolve(urlsplit(screen.where(made(screen))).path).view_name
        for screen in SCREENS.values()
        if "not-found" not in screen.slug
    }

    assert own_routes() - listed == NOT_BY_A_LINK


def made(screen: Screen) -> User | None:
    """Return the account of a screen's persona, made where it is not there."""
    return make(screen.persona) if screen.persona else None


def test_map_is_searched_by_words_and_by_persona(client: Client, update: PolicyUpdate) -> None:
    def found(words: str) -> set[str]:
        forms = page(client.get("/qa/flow-map/", {"q": words})).all("form", **{"class": "qa-open"})
        return {form["action"].split("/")[-2] for form in forms}

    assert found("passkeys") == {"passkeys", "passkey-to-add"}
    assert found("POP-UP deadline") == {"second-before-deadline"}
    assert found("chat-team") == {"chat-team"}
    assert found("education") == {"settings-education"}
    assert found(" ") == set(SCREENS)
    assert found("nowhere at all") == set()
    assert "Nothing was found." in page(client.get("/qa/flow-map/?q=%00nowhere")).text


def test_every_persona_has_a_screen() -> None:
    assert {screen.who for screen in SCREENS.values() if screen.who} >= set(PERSONAS) - {"chinese"}


@pytest.mark.parametrize("screen", SCREENS.values(), ids=lambda screen: screen.slug)
def test_screen_opens_in_one_click_ready(client: Client, update: PolicyUpdate, screen: Screen) -> None:
    make_update("2025-01-15", announced_at=LONG_BEFORE, last_day=LONG_BEFORE.date(), is_material=False)
    if screen.persona:
        make(screen.persona)
    for language, theme in (("en", "light"), ("zh-hans", "dark")):
        pressed = {"with": f"language={language}&theme={theme}"}
        opened = client.post(f"/qa/open/{screen.slug}/", pressed, follow=True)

        assert opened.status_code == STATUSES.get(screen.slug, HTTPStatus.OK)
        first, *_others = (address for address, _status in opened.redirect_chain)
        last = opened.redirect_chain[-1][0]
        assert urlsplit(last).path == ELSEWHERE.get(screen.slug, urlsplit(first).path)
        assert who(client) == (screen.who or None)
        html = page(opened).one("html")
        assert (html["lang"], html["data-qa-theme"]) == (language, theme)
        instant = screen.instant(update)
        if instant:
            assert f"{instant.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC" in bar(opened).text


# The bar


def bar(response: Any) -> Any:
    return page(response).one("aside", **{"class": "qa-bar"})


def pages_with_a_bar(client: Client, become: Become, alice: User) -> Iterator[tuple[str, Any]]:
    yield "Nobody is signed in", client.get("/")
    yield "Nobody is signed in", client.get("/nothing/here/")
    become("undecided-afterwards")
    yield "Undecided, after the deadline", client.get("/privacy/question/")
    yield "Undecided, after the deadline", client.post("/privacy/answer/", {})
    yield "Undecided, after the deadline", client.get("/accounts/preferences/")
    become("viewer")
    yield "Staff: viewer", client.get("/admin/")
    client.force_login(alice)
    yield "alice@example.com is no persona", client.get("/privacy/settings/")


def test_bar_is_on_every_page_and_says_who_one_is(client: Client, become: Become, alice: User) -> None:
    for said, response in pages_with_a_bar(client, become, alice):
        assert said in bar(response).text
        assert len(page(response).all("aside", **{"class": "qa-bar"})) == 1
        assert int(response.get("Content-Length", len(response.content))) == len(response.content)


def test_bar_says_when_it_is_and_why(client: Client, become: Become, alice: User) -> None:
    become("undecided-first-day")
    assert "2025-08-28 16:00:00 UTC · moved clock" in bar(client.get("/chats/")).text
    client.force_login(alice)
    assert "the product’s time, for all but personas" in bar(client.get("/privacy/settings/")).text
    client.cookies.pop(COOKIE)
    assert bar(client.get("/privacy/settings/")).text.count("the product’s time") == 1


def test_bars_link_opens_the_page_for_anyone(client: Client, become: Become, alice: User) -> None:
    become("allowed")
    set_clock(client, DEADLINE)
    client.post("/qa/look/", {"theme": "dark"})
    link = next(a["href"] for a in bar(client.get("/privacy/settings/?a=1&b=2")).all("a") if "/qa/open/" in a["href"])
    asked = parse_qs(urlsplit(link).query)
    assert asked == {
        "persona": ["allowed"],
        "at": [DEADLINE.isoformat()],
        "language": ["en"],
        "theme": ["dark"],
        "to": ["/privacy/settings/?a=1&b=2"],
    }

    other = Client()
    other.force_login(alice)
    assert who(other) == alice.email
    opened = other.post(link, follow=True)

    assert opened.redirect_chain == [("/privacy/settings/?a=1&b=2", HTTPStatus.FOUND)]
    assert "2025-09-29 12:00:00 UTC · moved clock" in bar(opened).text
    assert page(opened).one("html")["data-qa-theme"] == "dark"


def test_bar_has_no_link_to_an_ordinary_account_an_act_or_qas_own_pages(
    client: Client, become: Become, alice: User
) -> None:
    become("refused")
    wrong = client.post("/accounts/preferences/", {"language": "xx", "time_zone": "UTC"})
    assert wrong.status_code == HTTPStatus.UNPROCESSABLE_ENTITY
    for response in (wrong, client.get("/qa/")):
        assert [a["href"] for a in bar(response).all("a")] == ["/qa/"]
    client.force_login(alice)
    assert [a["href"] for a in bar(client.get("/privacy/settings/")).all("a")] == ["/qa/"]


def test_parts_of_pages_files_and_answers_to_programs_have_no_bar(client: Client, become: Become) -> None:
    become("allowed")
    responses = [
        client.get("/health/"),
        client.get("/nothing/here/", headers={"accept": "application/json"}),
        client.post("/privacy/answer/", {}, headers={"hx-request": "true"}),
        client.get("/static/site.css"),
    ]
    contents = [b"".join(response) if response.streaming else response.content for response in responses]
    for response in responses:
        response.close()
    assert [b"qa-bar" in content for content in contents] == [False] * 4


def test_look_is_forced_and_given_back(client: Client, become: Become, alice: User) -> None:
    client.force_login(alice)
    answer_as(alice, Training.REFUSE)
    for theme in ("light", "dark"):
        client.post("/qa/look/", {"theme": theme})
        assert page(client.get("/chats/")).one("html")["data-qa-theme"] == theme
    client.post("/qa/look/", {"theme": ""})
    assert "data-qa-theme" not in page(client.get("/chats/")).one("html")
    client.post("/qa/look/", {"theme": "pink"})
    assert "data-qa-theme" not in page(client.get("/chats/")).one("html")


def test_look_and_clock_are_kept_apart(client: Client, become: Become) -> None:
    become("allowed")
    client.post("/qa/look/", {"theme": "dark"})
    set_clock(client, DEADLINE)
    request = client.get("/qa/").wsgi_request
    assert (Browser.of(request).at, Browser.of(request).theme) == (DEADLINE, "dark")


def test_admin_is_forced_too_which_its_own_switch_would_undo(client: Client, become: Become) -> None:
    become("viewer")
    assert b"admin/js/theme" in client.get("/admin/").content
    client.post("/qa/look/", {"theme": "dark"})
    response = client.get("/admin/")
    assert page(response).one("html")["data-theme"] == "dark"
    assert b"admin/js/theme" not in response.content


def test_bars_style_sheet_is_there_and_names_no_colour() -> None:
    path = finders.find("qa/qa.css")
    assert isinstance(path, str)
    css = Path(path).read_text(encoding="utf-8")
    assert css.startswith("/* ")
    assert not re.search(r"#[0-9a-f]{3}|rgb\(|light-dark\(|url\(", css.partition("*/")[2])


def test_bar_costs_no_query_and_the_clock_one_more_look_at_who_asks(
    client: Client, become: Become, alice: User, settings: Any
) -> None:
    def queries(browser: Client) -> int:
        browser.get("/privacy/settings/")  # What is shown for the first time is recorded.
        with CaptureQueriesContext(connection) as captured:
            assert browser.get("/privacy/settings/").status_code == HTTPStatus.OK
        return len(captured)

    answer_as(alice, Training.REFUSE)
    client.force_login(alice)
    ordinary = queries(client)
    become("allowed")
    client.post("/qa/clock/", {"preset": "real"})
    real = queries(client)
    client.post("/qa/clock/", {"preset": "deadline"})
    moved = queries(client)
    settings.MIDDLEWARE = [name for name in settings.MIDDLEWARE if not name.startswith("qa.")]
    without = Client()
    without.cookies = client.cookies
    assert (real, moved) == (queries(without), queries(without) + 1)
    without.force_login(alice)
    assert ordinary == queries(without)
