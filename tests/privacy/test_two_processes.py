"""One fact in every process (rule B8): two servers over one database, and a browser that talks to both."""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import datetime
from http.cookiejar import CookieJar
from pathlib import Path
from urllib.parse import urlencode, urlsplit
from urllib.request import HTTPCookieProcessor, Request, build_opener

import pytest
from django.conf import settings

from conversations.demo import PASSWORD
from tests.browser.server import LISTENING, STARTING_TAKES, environment, prepared
from tests.factories import AFTERWARDS, MEANWHILE
from tests.pages import Element, parsed

ALICE, BEN, MEI, NORA = (f"{name}@example.com" for name in ("alice", "ben", "mei", "nora"))
StartServer = Callable[[datetime], str]


@pytest.fixture(scope="session")
def start(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StartServer]:
    """Return what starts one more server process, and gives its address; those of one instant share a database."""
    shared = prepared(Path(os.environ["TESTS_DIR"]) / "browser" / "prepared")
    directories: dict[datetime, Path] = {}
    processes: list[subprocess.Popen[bytes]] = []

    def run(now: datetime) -> str:
        if now not in directories:
            directories[now] = tmp_path_factory.mktemp("site")
            shutil.copy(shared / "db.sqlite3", directories[now])
            (directories[now] / "static").symlink_to(shared / "static")
        directory = directories[now]
        path = directory / f"log{len(processes)}"
        command = [sys.executable, "-m", "gunicorn", "consent_site.wsgi", "--bind", "127.0.0.1:0", "--workers", "1"]
        with path.open("w") as log:
            processes.append(
                subprocess.Popen(
                    [*command, "--no-control-socket"],
                    cwd=settings.BASE_DIR,
                    env={**environment(directory, now), "DATABASE_URL": f"sqlite:///{directory / 'db.sqlite3'}"},
                    stdout=log,
                    stderr=subprocess.STDOUT,
                )
            )
        until = time.monotonic() + STARTING_TAKES
        while time.monotonic() < until:
            if match := LISTENING.search(path.read_text()):
                return match[1]
            time.sleep(0.05)
        raise AssertionError(path.read_text())

    yield run
    for process in processes:
        process.terminate()
    for process in processes:
        process.wait(timeout=STARTING_TAKES)


@pytest.fixture(scope="session")
def meanwhile(start: StartServer) -> tuple[str, str]:
    """Return two servers between the announcement and the deadline."""
    return start(MEANWHILE), start(MEANWHILE)


@pytest.fixture(scope="session")
def afterwards(start: StartServer) -> tuple[str, str]:
    """Return two servers after the deadline."""
    return start(AFTERWARDS), start(AFTERWARDS)


class Browser:
    """A browser's cookies, and the page it is on. Cookies are of a host, whatever its port: both servers get them."""

    def __init__(self) -> None:
        self.opener = build_opener(HTTPCookieProcessor(CookieJar()))
        self.path = ""
        self.page = Element("", {})

    def get(self, address: str) -> None:
        self._open(Request(address))

    def post(self, address: str, **data: str) -> None:
        """Send a form with the token against forgery of the page it is on."""
        server = urlsplit(address)
        token = self.page.all("input", name="csrfmiddlewaretoken")[0]["value"]
        body = urlencode({"csrfmiddlewaretoken": token, **data}).encode()
        self._open(Request(address, body, {"Origin": f"{server.scheme}://{server.netloc}"}))

    def sign_in(self, server: str, email: str) -> None:
        self.get(f"{server}/accounts/login/")
        self.post(f"{server}/accounts/login/", login=email, password=PASSWORD)
        assert not self.path.startswith("/accounts/"), self.page.text

    def answer(self, server: str, training: str) -> None:
        """Answer the question on the page it is on."""
        token = self.page.one("form", id="answer-form").one("input", name="token")["value"]
        self.post(f"{server}/privacy/answer/", token=token, training=training, terms="on")

    @property
    def has_pop_up(self) -> bool:
        return bool(self.page.all("dialog", id="pop-up"))

    def _open(self, request: Request) -> None:
        with self.opener.open(request, timeout=30) as response:
            self.path = urlsplit(response.url).path
            self.page = parsed(response.read().decode())


def test_answered_in_the_pop_up_of_one_process_is_never_asked_by_the_other(meanwhile: tuple[str, str]) -> None:
    one, other = meanwhile
    browser = Browser()
    browser.sign_in(one, ALICE)
    for server in (one, other, one, other):
        browser.get(f"{server}/chats/")
        assert (browser.path, browser.has_pop_up) == ("/chats/", True)
    browser.answer(one, "allow")
    for server in (other, one, other, other):
        browser.get(f"{server}/chats/")
        assert (browser.path, browser.has_pop_up) == ("/chats/", False)
    browser.get(f"{other}/privacy/settings/")
    assert "You allow training." in browser.page.text
    browser.answer(other, "refuse")
    for server in (one, other):
        browser.get(f"{server}/privacy/settings/")
        assert "You do not allow training." in browser.page.text


def test_not_now_in_one_process_holds_in_the_other(meanwhile: tuple[str, str]) -> None:
    one, other = meanwhile
    browser = Browser()
    browser.sign_in(one, BEN)
    browser.get(f"{one}/chats/")
    token = browser.page.one("form", id="not-now-form").one("input", name="token")["value"]
    browser.post(f"{one}/privacy/not-now/", token=token, method="button", next="/chats/")
    for server in (other, one):
        browser.get(f"{server}/chats/")
        assert (browser.path, browser.has_pop_up) == ("/chats/", False)


def test_answered_at_the_gate_of_one_process_is_let_in_by_the_other(afterwards: tuple[str, str]) -> None:
    one, other = afterwards
    browser = Browser()
    browser.sign_in(one, ALICE)
    for server in (one, other):
        browser.get(f"{server}/chats/")
        assert browser.path == "/privacy/question/"
    browser.get(f"{one}/privacy/question/")
    browser.answer(one, "allow")
    for server in (other, one, other, other):
        browser.get(f"{server}/chats/")
        assert (browser.path, browser.has_pop_up) == ("/chats/", False)


@pytest.mark.parametrize(("state", "email"), [("meanwhile", MEI), ("meanwhile", NORA), ("afterwards", BEN)])
def test_answered_is_not_asked_by_the_first_request_of_a_process(
    state: str, email: str, start: StartServer, request: pytest.FixtureRequest
) -> None:
    one, _other = request.getfixturevalue(state)
    browser = Browser()
    browser.sign_in(one, email)
    browser.get(f"{one}/privacy/question/")
    browser.answer(one, "refuse")
    fresh = start(MEANWHILE if state == "meanwhile" else AFTERWARDS)
    browser.get(f"{fresh}/chats/")
    assert (browser.path, browser.has_pop_up) == ("/chats/", False)
