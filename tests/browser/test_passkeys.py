"""Passkeys under the site's policy: added, renamed, signed in with, and said so when they fail.

A browser gives passkeys to a name and not to an address: these visits go to localhost.
"""

from collections.abc import Iterator
from typing import Any

import pytest
from django.urls import reverse
from playwright.sync_api import ConsoleMessage, Page, Request, expect
from pytest_django import Settings

from consent_site import settings as production
from tests.browser.conftest import GetServer
from tests.browser.server import BEFORE, Server
from tests.browser.visit import NewContext
from tests.factories import PASSWORD

pytestmark = pytest.mark.browser

# In milliseconds: keys are made and read by the browser, which takes its time on a busy machine.
PATIENCE = 30_000
AUTHENTICATOR = {
    "protocol": "ctap2",
    "transport": "internal",
    "hasResidentKey": True,
    "hasUserVerification": True,
    "isUserVerified": True,
    "automaticPresenceSimulation": True,
}


@pytest.fixture
def server(server_at: GetServer, settings: Settings) -> Server:
    """Return the server on which nobody is asked anything yet; passwords are stored here as it reads them."""
    settings.PASSWORD_HASHERS = production.PASSWORD_HASHERS
    return server_at(BEFORE)


@pytest.fixture
def page(server: Server, new_context: NewContext) -> Iterator[Page]:
    """Return a page on localhost; it may say nothing in the console and ask no other host."""
    origin = server.url.replace("127.0.0.1", "localhost")
    context = new_context(base_url=origin, locale="en-GB")
    problems: list[str] = []

    def hear(message: ConsoleMessage) -> None:
        if message.type == "error":
            problems.append(message.text)

    def see(request: Request) -> None:
        if not request.url.startswith(f"{origin}/"):
            problems.append(request.url)

    context.on("console", hear)
    context.on("weberror", lambda error: problems.append(str(error.error)))
    context.on("request", see)
    yield context.new_page()
    assert not problems


def plug_in(page: Page, **different: Any) -> None:
    """Give the browser a device that holds passkeys, and a finger for it."""
    devtools = page.context.new_cdp_session(page)
    devtools.send("WebAuthn.enable")
    devtools.send("WebAuthn.addVirtualAuthenticator", {"options": {**AUTHENTICATOR, **different}})


def sign_in(page: Page, email: str) -> None:
    page.goto(reverse("account_login"))
    page.get_by_label("E-mail address").fill(email)
    page.get_by_label("Password").fill(PASSWORD)
    with page.expect_navigation():
        page.get_by_role("button", name="Sign in", exact=True).click()


def sign_out(page: Page) -> None:
    page.goto(reverse("account_logout"))
    with page.expect_navigation():
        page.get_by_role("main").get_by_role("button", name="Sign out").click()


def add_key(page: Page, *, passkey: bool) -> None:
    page.goto(reverse("mfa_add_webauthn"))
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Continue").click()
    page.get_by_label("Sign me in with this key alone").set_checked(passkey)
    page.get_by_role("button", name="Add the key").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Recovery codes", timeout=PATIENCE)


def test_passkey_signs_in_alone(server: Server, page: Page) -> None:
    plug_in(page)
    sign_in(page, server.person().email)
    add_key(page, passkey=True)
    sign_out(page)

    page.goto(reverse("account_login") + "?next=" + reverse("usersessions_list"))
    page.get_by_role("button", name="Sign in with a passkey").click()

    expect(page.get_by_role("heading", level=1)).to_have_text("Signed-in devices", timeout=PATIENCE)


def test_key_is_a_second_step(server: Server, page: Page) -> None:
    plug_in(page)
    user = server.person()
    sign_in(page, user.email)
    add_key(page, passkey=False)
    sign_out(page)

    sign_in(page, user.email)
    expect(page.get_by_role("heading", level=1)).to_have_text("Second step", timeout=PATIENCE)
    page.get_by_role("button", name="Use a passkey").click()

    expect(page.get_by_role("heading", level=1)).to_have_text("Chats", timeout=PATIENCE)


def test_passkey_that_fails_is_told_on_the_page(server: Server, page: Page) -> None:
    plug_in(page, isUserVerified=False)
    page.goto(reverse("account_login"))
    expect(page.get_by_role("alert")).to_be_hidden()

    page.get_by_role("button", name="Sign in with a passkey").click()

    expect(page.get_by_role("alert")).to_have_text(
        "That did not work. Nothing was changed; you can try again.", timeout=PATIENCE
    )
