"""One visitor's browser: on which server, signed in or not, in which language, with scripts or without."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any, Protocol
from urllib.parse import urlsplit

from django.conf import settings
from django.urls import reverse
from django.utils.http import urlencode
from playwright.sync_api import BrowserContext, ConsoleMessage, Page, Request, Response

from accounts.models import User
from tests.browser.server import Server

SERVER_ERROR = 500
CLIENT_ERROR = 400


class NewContext(Protocol):
    """pytest-playwright's `new_context`: the contexts it makes are closed after the test."""

    def __call__(self, **options: Any) -> BrowserContext: ...


class Visit:
    """One browser of one visitor.

    Scripts are switched off by us and not by Playwright: what checks a page needs timers in it, so scripts come
    back once the page has been made without them.
    """

    def __init__(self, new_context: NewContext, server: Server, *, language: str = "en", script: bool = True) -> None:
        self.server, self.language, self.has_script = server, language, script
        # Still colours: a transition under way is neither of the two that it leads between.
        self.context = new_context(
            base_url=server.url, reduced_motion="reduce", locale="en-GB", timezone_id="Asia/Tokyo"
        )
        self.problems: list[str] = []
        self.reader: User
        self._watch(self.context)
        self._set_cookie(settings.LANGUAGE_COOKIE_NAME, language)
        self.page = self.new_page()

    def new_page(self) -> Page:
        """Open another tab."""
        page = self.context.new_page()
        if not self.has_script:
            self._scripts = self.context.new_cdp_session(page)
            self._scripts.send("Emulation.setScriptExecutionDisabled", {"value": True})
        return page

    def let_scripts_run(self) -> None:
        """Let tools work in a page that was made without scripts; its own were not run and won't be."""
        if not self.has_script:
            self._scripts.send("Emulation.setScriptExecutionDisabled", {"value": False})

    def keep_scripts_off(self) -> None:
        """Make the pages that come next without scripts again, where this visitor has none."""
        if not self.has_script:
            self._scripts.send("Emulation.setScriptExecutionDisabled", {"value": True})

    # Whose it is

    def person(self, **fields: Any) -> User:
        """Make someone who reads the language of this visit, and sign them in."""
        user = self.server.person(language=self.language, **fields)
        self.sign_in(user)
        return user

    def sign_in(self, user: User, *, ago: timedelta = timedelta()) -> None:
        """Let this browser be signed in, as it would be after the sign-in page, or some time after."""
        self.reader = user
        self._set_cookie(settings.SESSION_COOKIE_NAME, self.server.session_of(user, ago=ago))

    def _set_cookie(self, name: str, value: str) -> None:
        self.context.add_cookies([{"name": name, "value": value, "url": self.server.url, "httpOnly": True}])

    # Where it goes

    def open(self, name: str, *args: Any, **query: str) -> Response:
        """Go to a page by its route's name."""
        response = self.page.goto(reverse(name, args=args) + (f"?{urlencode(query)}" if query else ""))
        assert response is not None
        return response

    def send(self, selector: str, **fields: str) -> None:
        """Fill in a form, press a button and wait for the page that comes back."""
        for field, value in fields.items():
            self.page.locator(f"#{field}").fill(value)
        with self.page.expect_navigation():
            self.page.locator(selector).click()

    # What must not happen

    def _watch(self, context: BrowserContext) -> None:
        context.on("console", self._hear)
        context.on("weberror", lambda error: self.problems.append(f"script: {error.error}"))
        context.on("request", self._see_request)
        context.on("response", self._see_response)

    def _hear(self, message: ConsoleMessage) -> None:
        # That an answer was not 200 is said there too; which answers may be is seen to below.
        if message.type == "error" and not message.text.startswith("Failed to load resource"):
            self.problems.append(f"console: {message.text}")

    def _see_request(self, request: Request) -> None:
        if not request.url.startswith((f"{self.server.url}/", "data:", "blob:")):
            self.problems.append(f"request to another host: {request.url}")

    def _see_response(self, response: Response) -> None:
        is_file = urlsplit(response.url).path.startswith(settings.STATIC_URL)
        if response.status >= (CLIENT_ERROR if is_file else SERVER_ERROR):
            self.problems.append(f"{response.status}: {response.url}")


NewVisit = Callable[..., Visit]
