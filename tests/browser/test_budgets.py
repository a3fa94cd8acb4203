"""What a page costs on the wire, and that nothing in it moves once it is seen.

Counted is what Chromium has received for each request, headers and all, as it came over the wire. The icon is
counted too, though a browser without a window never asks for it by itself.
"""

from dataclasses import dataclass, field
from typing import Any

import pytest
from django.conf import settings

from tests.browser.screens import SCREENS, Screen
from tests.browser.visit import NewVisit, Visit

pytestmark = pytest.mark.browser

KB = 1024
LISTED = {screen.name: screen for screen in SCREENS}
DOCUMENTS = ("terms", "privacy_policy", "what_changed", "questions_and_answers")
READING = ("gate", "question_when_signing_up", *DOCUMENTS, "unsubscribe")
STREAMING = ("chat", "coding_session")
APP = (
    "pop_up",
    "chats",
    "coding_sessions",
    "line_after_not_now",
    "settings_unanswered",
    "settings_refused",
    "history",
    "runs",
)
FETCH_ICON = "fetch(document.querySelector('link[rel=icon]').href).then((answer) => answer.text())"
SHIFTS = """() => new Promise((resolve) => {
  let total = 0;
  new PerformanceObserver((list) => { for (const entry of list.getEntries()) total += entry.value; })
    .observe({ type: "layout-shift", buffered: true });
  setTimeout(() => resolve(total), 300);
})"""


@dataclass
class Wire:
    """What came over the wire since it was last emptied: bytes by address, cached answers left out."""

    received: dict[str, int] = field(default_factory=dict)
    addresses: dict[str, str] = field(default_factory=dict)

    def sent(self, event: dict[str, Any]) -> None:
        self.addresses[event["requestId"]] = event["request"]["url"]

    def finished(self, event: dict[str, Any]) -> None:
        if event["encodedDataLength"]:
            address = self.addresses.get(event["requestId"], event["requestId"])
            self.received[address] = self.received.get(address, 0) + round(event["encodedDataLength"])

    def total(self, ending: str = "") -> int:
        return sum(size for address, size in self.received.items() if address.split("?")[0].endswith(ending))

    def count(self, ending: str = "") -> int:
        return sum(address.split("?")[0].endswith(ending) for address in self.received)


def on_the_wire(visit: Visit) -> Wire:
    """Listen to what the page of a visit receives."""
    wire = Wire()
    client = visit.context.new_cdp_session(visit.page)
    client.send("Network.enable")
    client.on("Network.requestWillBeSent", wire.sent)
    client.on("Network.loadingFinished", wire.finished)
    return wire


def arrive(visit: Visit, screen: Screen) -> str:
    """Bring a visit to a screen, and return its address; the browser has everything cached then."""
    screen.show(visit)
    visit.page.wait_for_load_state("networkidle")
    return visit.page.url


def first_visit(new_visit: NewVisit, screen: Screen) -> tuple[Visit, Wire]:
    """Open the address of a screen with an empty cache."""
    found = new_visit(screen.now)
    address = arrive(found, screen)
    visit = new_visit(screen.now)
    visit.context.add_cookies([*found.context.cookies()])  # type: ignore[list-item]  # what it gave, it takes
    wire = on_the_wire(visit)
    visit.page.goto(address)
    visit.page.evaluate(FETCH_ICON)
    visit.page.wait_for_load_state("networkidle")
    return visit, wire


@pytest.mark.parametrize(
    ("name", "size", "requests"),
    [
        *((name, 14 * KB, 4) for name in (*READING, "receipt")),
        *((name, 25 * KB, 5) for name in APP),
        *((name, 28 * KB, 6) for name in STREAMING),
    ],
)
def test_page_is_within_its_budget_and_a_repeat_visit_is_its_html_only(
    new_visit: NewVisit, name: str, size: int, requests: int
) -> None:
    visit, wire = first_visit(new_visit, LISTED[name])
    assert 0 < wire.total() <= size, wire.received
    assert wire.count() <= requests, wire.received
    assert wire.count(".css") == 1

    wire.received.clear()
    visit.page.goto(visit.page.url)
    visit.page.evaluate(FETCH_ICON)
    visit.page.wait_for_load_state("networkidle")
    assert wire.count() == 1, wire.received
    assert wire.total() <= 6 * KB, wire.received


def test_own_files_are_small_on_the_wire(new_visit: NewVisit) -> None:
    _visit, wire = first_visit(new_visit, LISTED["pop_up"])
    files = {address: size for address, size in wire.received.items() if settings.STATIC_URL in address}
    assert wire.total(".css") <= 6 * KB, files
    own_script = [size for address, size in files.items() if address.endswith(".js") and "/vendor/" not in address]
    assert len(own_script) == 1
    # With its headers, which are half of it.
    assert own_script[0] <= 1 * KB + 600, files


@pytest.mark.parametrize("width", [1280, 320])
@pytest.mark.parametrize("name", [*READING, *APP, *STREAMING, "receipt"])
def test_nothing_shifts(new_visit: NewVisit, name: str, width: int) -> None:
    visit = new_visit(LISTED[name].now)
    visit.page.set_viewport_size({"width": width, "height": 800})
    LISTED[name].show(visit)
    assert visit.page.evaluate(SHIFTS) == 0
