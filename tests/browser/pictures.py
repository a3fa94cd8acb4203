"""Takes the pictures: those that the README and the documents show, or every screen in every look, for its designer.

`make screenshots` writes the first into `docs/images/`. No time passes on the sites they are taken of, so a second run
writes the same files. `make screenshots ARGS=--all` puts every screen of `screens.py` into `var/screenshots/`, in both
languages, light and dark, wide and narrow, with sheets on which they stand beside each other; `ARGS="--all gate chat"`
only those with one of these words in their name.
"""

import argparse
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any, Literal

from django.conf import settings
from django.urls import reverse
from django.utils import translation
from django.utils.html import format_html, format_html_join
from playwright.sync_api import Browser, Page, sync_playwright

from conversations.actions import start_conversation
from conversations.models import Message
from conversations.replies import answer_message
from privacy.models import Training
from tests.browser.conftest import QUIET
from tests.browser.png import smaller
from tests.browser.population import populate
from tests.browser.screens import SCREENS, Screen, settled
from tests.browser.server import MEANWHILE, Server, prepared
from tests.browser.visit import Visit
from tests.conftest import CHROMIUM, IN_CONTAINERS
from tests.factories import make_staff

Scheme = Literal["light", "dark"]

IMAGES = settings.BASE_DIR / "docs" / "images"
EVERYTHING = settings.BASE_DIR / "var" / "screenshots"
LISTED = {screen.name: screen for screen in SCREENS}
LANGUAGES = ("en", "zh-hans")
SCHEMES: tuple[Scheme, ...] = ("light", "dark")
WIDTHS = (1280, 320)
# When most have been asked, and many have answered.
LATER = datetime.fromisoformat("2025-09-22T09:00Z")
# How many pictures stand on a sheet, how many of them side by side, and how wide each is against its place.
ON_A_SHEET = {1280: (6, 3, 165), 320: (12, 6, 100)}
# A dialog is as high as its window lets it be; the whole of it is what is looked at.
HEIGHT = "Math.max(800, (document.querySelector('dialog[open]')?.scrollHeight ?? 0) + 40)"


# What the README and the documents show


def roll_out(visit: Visit) -> None:
    """Open the roll-out page, of an update that some hundreds of people have been asked about."""
    with visit.server.database():
        staff = make_staff()
        populate(until=visit.server.now)
    visit.sign_in(staff)
    visit.page.goto(reverse("admin:privacy_rolloutcell_changelist"))


class Guide:
    """Someone who has a reply."""

    def reply(self, messages: Sequence[Message]) -> Iterator[str]:
        """Yield it."""
        yield "For two days in September, in the order in which it goes into the pack:\n\n"
        yield "- a warm layer, and a sleeping bag down to 5 °C\n- food for three days, not two\n"
        yield "- rain wear, a map, and a torch: within reach"


def chat(visit: Visit) -> None:
    """Open a chat that may be used for training, with a reply."""
    user = settled(visit, Training.ALLOW)
    with visit.server.database():
        message = start_conversation(user, "What do I pack for a weekend hike?", at=visit.server.now)
        answer_message(message, Guide(), at=lambda: visit.server.now)
    visit.open("conversations:chat", message.conversation_id)


def flow_map(visit: Visit) -> None:
    """Open QA's map of the screens."""
    visit.open("qa:flow_map")


@dataclass(frozen=True, slots=True)
class Picture:
    """One picture of the documents: its file, what it shows, how, and how much of the page."""

    file: str
    screen: Screen
    language: str = "en"
    scheme: Scheme = "light"
    width: int = 1100
    height: int = 900
    qa: bool = False

    @property
    def window(self) -> dict[str, Any]:
        """Return the window it is taken of, which is so from the start: after a change lines may move by a pixel."""
        viewport = {"width": self.width, "height": self.height}
        return {"viewport": viewport, "color_scheme": self.scheme, "device_scale_factor": 2}


PICTURES = (
    Picture("pop-up", LISTED["pop_up"]),
    Picture("gate-chinese", LISTED["gate"], language="zh-hans", height=1100),
    Picture("settings-dark", LISTED["settings_just_saved"], scheme="dark"),
    Picture("receipt", LISTED["receipt"]),
    Picture("chat", Screen("chat", MEANWHILE, chat)),
    Picture("roll-out", Screen("roll_out", LATER, roll_out), width=1280, height=1400),
    Picture("flow-map", Screen("flow_map", MEANWHILE, flow_map), qa=True),
)


# Taking them


class Sites:
    """The sites, one for each instant, with QA's tools or without, made when they are first asked for."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._servers: dict[tuple[datetime, bool], Server] = {}

    def at(self, now: datetime, *, qa: bool = False) -> Server:
        """Return the site whose clock stands at an instant."""
        if (now, qa) not in self._servers:
            data = prepared(self._directory / f"prepared-{qa}", qa=qa)
            own = self._directory / f"{now:%Y-%m-%d}-{qa}"
            still = "tests.browser.still:application"
            self._servers[now, qa] = Server(own, data, now, nullcontext, qa=qa, application=still)
        return self._servers[now, qa]

    def stop(self) -> None:
        """End their processes."""
        for server in self._servers.values():
            server.stop()


@contextmanager
def shown(
    sites: Sites, browser: Browser, screen: Screen, language: str, *, qa: bool = False, **window: Any
) -> Iterator[Page]:
    """Show a screen in a window of its own. Raises AssertionError where a page did what none may."""
    new_context = partial(browser.new_context, **window)
    visit = Visit(new_context, sites.at(screen.now, qa=qa), language=language)
    with translation.override(language):
        screen.show(visit)
    yield visit.page
    visit.context.close()
    assert not visit.problems, visit.problems


def take_pictures(sites: Sites, browser: Browser) -> None:
    """Write the pictures of the documents."""
    IMAGES.mkdir(exist_ok=True)
    blank = browser.new_page()
    for picture in PICTURES:
        with shown(sites, browser, picture.screen, picture.language, qa=picture.qa, **picture.window) as page:
            file = IMAGES / f"{picture.file}.png"
            file.write_bytes(smaller(page.screenshot(caret="hide"), blank))
            say(f"{file.relative_to(settings.BASE_DIR)}: {file.stat().st_size / 1024:.0f} KB")
    blank.close()


def take_everything(sites: Sites, browser: Browser, screens: list[Screen]) -> None:
    """Write every screen in every look, and the sheets."""
    EVERYTHING.mkdir(parents=True, exist_ok=True)
    for language in LANGUAGES:
        for screen in screens:
            with shown(sites, browser, screen, language) as page:
                for scheme, width in looks():
                    page.emulate_media(color_scheme=scheme)
                    page.set_viewport_size({"width": width, "height": 800})
                    page.set_viewport_size({"width": width, "height": page.evaluate(HEIGHT)})
                    page.screenshot(path=EVERYTHING / file_name(screen, language, scheme, width), full_page=True)
            say(f"{screen.name}, {language}")
        for scheme, width in looks():
            write_sheets(browser, screens, language, scheme, width)


def looks() -> Iterator[tuple[Scheme, int]]:
    """Yield every look of a page."""
    for scheme in SCHEMES:
        for width in WIDTHS:
            yield scheme, width


def file_name(screen: Screen, language: str, scheme: str, width: int) -> str:
    """Return the name of the file of one screen in one look."""
    return f"{screen.name}-{language}-{scheme}-{width}.png"


def write_sheets(browser: Browser, screens: list[Screen], language: str, scheme: Scheme, width: int) -> None:
    """Put the pictures of one look beside each other, a few to a sheet."""
    number, columns, percent = ON_A_SHEET[width]
    page = browser.new_page(viewport={"width": 1600, "height": 800})
    for start in range(0, len(screens), number):
        figures = format_html_join(
            "",
            "<figure><figcaption>{}</figcaption><img src='{}'></figure>",
            ((screen.name, file_name(screen, language, scheme, width)) for screen in screens[start : start + number]),
        )
        sheet = EVERYTHING / f"sheet-{language}-{scheme}-{width}-{start // number + 1:02}"
        sheet.with_suffix(".html").write_text(format_html(SHEET, columns, percent, figures), encoding="utf-8")
        page.goto(sheet.with_suffix(".html").as_uri())
        page.screenshot(path=sheet.with_suffix(".png"), full_page=True)
    page.close()


# Of a wide page the column in the middle: beside it there is nothing.
SHEET = """<!doctype html><meta charset="utf-8"><style>
body {{ display: grid; grid-template-columns: repeat({0}, 1fr); gap: 12px; margin: 12px; background: #999; }}
figure {{ min-width: 0; max-height: 1100px; margin: 0; overflow: hidden; }}
figcaption {{ font: 14px sans-serif; }}
img {{ display: block; width: {1}%; margin-inline-start: calc((100% - {1}%) / 2); }}
</style>{2}"""


def say(line: str) -> None:
    """Say how far it is."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def main() -> None:
    """Take what is asked for."""
    parser = argparse.ArgumentParser(prog="make screenshots", description=__doc__)
    parser.add_argument("--all", action="store_true", help="every screen in every look, into var/screenshots/")
    parser.add_argument("words", nargs="*", help="with --all: only screens with one of these words in their name")
    asked = parser.parse_args()
    if not CHROMIUM:
        parser.exit(1, "Install Chromium, or name it in CHROMIUM.\n")
    with tempfile.TemporaryDirectory() as directory, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=[*IN_CONTAINERS, *QUIET])
        sites = Sites(Path(directory))
        try:
            if asked.all:
                chosen = [
                    screen for screen in SCREENS if not asked.words or any(word in screen.name for word in asked.words)
                ]
                take_everything(sites, browser, chosen)
            else:
                take_pictures(sites, browser)
        finally:
            sites.stop()
            browser.close()
