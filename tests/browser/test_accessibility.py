"""WCAG 2.2 AA, as far as a machine can tell: every screen, pairwise in the ways it can be seen or in all of them."""

import json
from collections.abc import Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.utils import translation
from playwright.sync_api import Page

from tests.browser.screens import SCREENS, Screen
from tests.browser.visit import NewVisit
from tests.browser.ways import FORCED, View, Way, ways_of

pytestmark = pytest.mark.browser

# `target-size` runs only where its tag is asked for.
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
OPTIONS = json.dumps({"runOnly": {"type": "tag", "values": TAGS}, "resultTypes": ["violations"]})
AXE = Axe().axe_script
# Chromium tells what text is filled with as if no colour were forced, and axe goes by that. Where it is told what
# the colour really is, contrast is measured there too.
FILL_AS_FORCED = """() => {
  const elements = [...document.querySelectorAll("body *")].filter((element) => element.style);
  const colours = elements.map((element) => getComputedStyle(element).color);
  elements.forEach((element, index) => { element.style.webkitTextFillColor = colours[index]; });
}"""
OVERFLOW = """() => [...document.querySelectorAll("body *")]
    .filter((element) => element.getBoundingClientRect().right > innerWidth + 1)
    .map((element) => element.outerHTML.slice(0, 90)).slice(0, 3)"""


@pytest.mark.accessibility
@pytest.mark.parametrize(("screen", "way"), ways_of(SCREENS), ids=str)
def test_screen_has_no_violation(new_visit: NewVisit, screen: Screen, way: Way) -> None:
    visit = new_visit(screen.now, language=way.language, script=way.script)
    with translation.override(way.language):
        screen.show(visit)
    visit.let_scripts_run()
    page = visit.page
    assert page.locator("html").get_attribute("lang") == way.language
    page.evaluate(AXE)
    found = [problem for view in way.views for problem in problems_of(page, view)]
    assert not found, "\n".join(found)


def problems_of(page: Page, view: View) -> Iterator[str]:
    """Yield what is wrong with a page, into which axe was put, in one look and at one width."""
    look, width = view
    page.emulate_media(**look)
    if look is FORCED:
        page.evaluate(FILL_AS_FORCED)
    page.set_viewport_size({"width": width, "height": 800})
    name = f"{width} px, {'/'.join(look.values())}"
    if page.evaluate("document.documentElement.scrollWidth > innerWidth"):
        yield f"{name}: scrolls sideways: {page.evaluate(OVERFLOW)}"
    for violation in page.evaluate(f"axe.run({OPTIONS}).then((results) => results.violations)"):
        nodes = [f"\n    {node['html'][:160]}\n      {node['failureSummary']}" for node in violation["nodes"][:3]]
        yield f"{name}: {violation['id']}: {violation['help']}{''.join(nodes)}"
