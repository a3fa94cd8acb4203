"""Preferences, and the language of the pages."""

from http import HTTPStatus

import pytest
from django.forms import BaseForm
from django.test import Client

from accounts.models import User
from tests.factories import LONG_BEFORE
from tests.pages import page

PREFERENCES, LANGUAGE = "/accounts/preferences/", "/language/"


@pytest.fixture
def alices(client: Client, alice: User) -> Client:
    client.force_login(alice)
    return client


def language_of(client: Client, address: str = "/legal/terms/", **headers: str) -> str:
    return page(client.get(address, headers=headers)).one("html")["lang"].lower()


# Preferences


def test_preferences_show_what_is_set(alices: Client, alice: User) -> None:
    alice.time_zone = "Asia/Shanghai"
    alice.save(update_fields=["time_zone"])

    shown = page(alices.get(PREFERENCES))

    selected = [option["value"] for option in shown.one("main").all("option") if "selected" in option]
    assert selected == ["en", "Asia/Shanghai"]


@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_preferences_name_each_language_in_itself(alices: Client, alice: User, language: str) -> None:
    alice.language = language
    alice.save(update_fields=["language"])
    options = page(alices.get(PREFERENCES)).one("select", name="language").all("option")
    assert [(option["value"], option.text) for option in options] == [("en", "English"), ("zh-hans", "简体中文")]


def test_preferences_are_saved_and_said_in_the_language_chosen(alices: Client, alice: User) -> None:
    response = alices.post(PREFERENCES, {"language": "zh-hans", "time_zone": "Europe/Berlin"})
    shown = page(alices.get(response["Location"]))

    alice.refresh_from_db()
    assert (alice.language, alice.time_zone) == ("zh-hans", "Europe/Berlin")
    assert shown.one("html")["lang"].lower() == "zh-hans"
    assert shown.one("div", class_="flash").text
    assert shown.one("div", class_="flash").text != "Your language and time zone are saved."


@pytest.mark.parametrize("address", [PREFERENCES, LANGUAGE])
def test_preferences_are_not_written_into_an_account_that_was_deleted_meanwhile(
    alices: Client, alice: User, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The request had read the account before it was closed."""
    before, is_valid = (alice.language, alice.time_zone), BaseForm.is_valid

    def closed_meanwhile(form: BaseForm) -> bool:
        User.objects.filter(pk=alice.pk).update(closed_at=LONG_BEFORE, is_active=False)
        return is_valid(form)

    monkeypatch.setattr(BaseForm, "is_valid", closed_meanwhile)

    alices.post(address, {"language": "zh-hans", "time_zone": "Europe/Berlin"})

    alice.refresh_from_db()
    assert (alice.language, alice.time_zone) == before


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"language": "xx", "time_zone": "UTC"}, "id_language"),
        ({"language": "zh-hans", "time_zone": "Mars/Olympus"}, "id_time_zone"),
        ({"language": "zh-hans"}, "id_time_zone"),
    ],
)
def test_preferences_that_do_not_exist_are_refused(
    alices: Client, alice: User, values: dict[str, str], field: str
) -> None:
    response = alices.post(PREFERENCES, values)
    shown = page(response)

    assert response.status_code == HTTPStatus.UNPROCESSABLE_ENTITY
    assert shown.one("html")["lang"] == "en"
    assert shown.one("div", class_="error-summary").all("a", href=f"#{field}")
    assert shown.all(id=field)
    alice.refresh_from_db()
    assert (alice.language, alice.time_zone) == ("en", "UTC")


def test_preferences_change_nothing_else(alices: Client, alice: User) -> None:
    alices.post(
        PREFERENCES, {"language": "en", "time_zone": "UTC", "email": "x@example.com", "plan": "team", "is_staff": "on"}
    )

    alice.refresh_from_db()
    assert (alice.email, alice.plan, alice.is_staff) == ("alice@example.com", "free", False)


# Language


def test_language_of_a_visitor_is_the_browsers_until_they_choose(client: Client, update: object) -> None:
    assert language_of(client) == "en"
    assert language_of(client, **{"accept-language": "zh-CN,zh;q=0.9"}) == "zh-hans"
    assert language_of(client, **{"accept-language": "fr"}) == "en"

    client.post(LANGUAGE, {"language": "zh-hans"})

    assert language_of(client, **{"accept-language": "en"}) == "zh-hans"
    assert client.get("/", headers={"accept-language": "en"})["Content-Language"] == "zh-hans"


def test_language_of_a_person_is_their_accounts_in_every_browser(
    alices: Client, alice: User, mallory: User, update: object
) -> None:
    alices.post(LANGUAGE, {"language": "zh-hans"})
    other, mallorys = Client(), Client()
    other.force_login(alice)
    mallorys.force_login(mallory)

    assert language_of(other, **{"accept-language": "en"}) == "zh-hans"
    assert language_of(mallorys) == "en"


def test_language_stays_after_signing_out(alices: Client, update: object) -> None:
    alices.post(LANGUAGE, {"language": "zh-hans"})
    alices.logout()
    alices.cookies["language"] = "zh-hans"

    assert language_of(alices, **{"accept-language": "en"}) == "zh-hans"


@pytest.mark.parametrize("address", ["/privacy/settings/", "/chats/?from=here"])
def test_language_switch_stays_on_the_page(alices: Client, address: str) -> None:
    assert alices.post(LANGUAGE, {"language": "en", "next": address})["Location"] == address


@pytest.mark.parametrize("address", ["", "//evil.example/", "https://evil.example/", "home", "javascript:alert(1)"])
def test_language_switch_never_leaves_the_site(alices: Client, address: str) -> None:
    assert alices.post(LANGUAGE, {"language": "en", "next": address})["Location"] == "/"


def test_language_is_switched_by_post_alone(alices: Client, alice: User) -> None:
    response = alices.get(LANGUAGE, {"language": "zh-hans"})

    assert response.status_code == HTTPStatus.METHOD_NOT_ALLOWED
    alice.refresh_from_db()
    assert alice.language == "en"


def test_language_switch_of_a_page_made_by_an_act_leads_to_the_page_of_its_form(alices: Client) -> None:
    shown = page(alices.post("/chats/new/", {"text": ""}))

    assert shown.one("form", class_="language").one("input", name="next")["value"] == "/chats/"


def test_answer_varies_by_what_its_language_depends_on(client: Client, db: None) -> None:
    assert {"Accept-Language", "Cookie"} <= {part.strip() for part in client.get("/")["Vary"].split(",")}
