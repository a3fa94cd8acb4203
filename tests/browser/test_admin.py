"""Training runs in the admin, in a browser: nothing that the policy forbids, nothing that is cut off, and it works."""

import json

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from privacy.models import Training
from tests.browser.screens import chat_of, settled
from tests.browser.visit import NewVisit, Visit
from tests.factories import make_staff
from training import actions
from training.models import Purpose, TrainingRun

pytestmark = pytest.mark.browser
LIST = "/admin/training/trainingrun/"
AXE = Axe().axe_script
# The stock admin around our content is not ours: what is ours is looked at. Without `preload`, since axe would put a
# style sheet that the admin's imports into the page, which the policy forbids it.
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
OPTIONS = json.dumps({"runOnly": {"type": "tag", "values": TAGS}, "preload": False, "resultTypes": ["violations"]})
STILL = "Promise.all(document.getAnimations().map((animation) => animation.finished)).then(() => true)"


@pytest.fixture(params=[True, False], ids=["script", "no-script"])
def staff(request: pytest.FixtureRequest, new_visit: NewVisit) -> Visit:
    """Return the browser of a member of staff, where there is something to put into a run."""
    visit = new_visit(script=request.param)
    chat_of(visit, settled(visit, Training.ALLOW))
    with visit.server.database():
        user = make_staff(f"{visit.reader.principal}-staff@example.com")
    visit.sign_in(user)
    return visit


def press(page: Page, name: str) -> None:
    with page.expect_navigation():
        page.locator("main").get_by_role("button", name=name, exact=True).click()


def follow(page: Page, name: str) -> None:
    with page.expect_navigation():
        page.locator("main").get_by_role("link", name=name, exact=True).click()


def looked_at(visit: Visit) -> list[str]:
    """Return what is wrong with the page that a visit is on, narrow and wide, light and dark."""
    found: list[str] = []
    visit.let_scripts_run()
    visit.page.evaluate(AXE)
    for scheme in ("light", "dark"):
        for width in (1280, 320):
            visit.page.emulate_media(color_scheme=scheme)
            visit.page.set_viewport_size({"width": width, "height": 900})
            visit.page.evaluate(STILL)
            if visit.page.evaluate("document.documentElement.scrollWidth > innerWidth"):
                found.append(f"{visit.page.url}, {width} px: scrolls sideways")
            results = visit.page.evaluate(f"axe.run('#content-main', {OPTIONS}).then((results) => results.violations)")
            found += [
                f"{visit.page.url}, {width} px, {scheme}: {result['help']}: {result['nodes']}" for result in results
            ]
    if not visit.has_script:
        visit._scripts.send("Emulation.setScriptExecutionDisabled", {"value": True})
    return found


def test_run_is_made_and_started_in_a_browser(staff: Visit) -> None:
    """The visit itself fails if a page broke the policy, or asked another host for something."""
    page, problems = staff.page, []
    page.goto(f"{LIST}create/")
    problems += looked_at(staff)
    page.get_by_label("safety classifiers").check()
    page.get_by_label("Reason").fill("The autumn model.")
    press(page, "Create the draft")
    problems += looked_at(staff)
    for act, button, said in (
        ("Count what would be in it", "Count", "would be in it."),
        ("Prepare the run", "Prepare", "The run is prepared."),
        ("Verify the run", "Verify", "Verified: rows and files are as they should be."),
        ("Start the run", "Start", "The run has started."),
    ):
        follow(page, act)
        problems += looked_at(staff)
        press(page, button)
        expect(page.locator("main")).to_contain_text(said)
        problems += looked_at(staff)
    assert problems == []


def test_progress_is_looked_at_again_by_itself_or_by_a_link(staff: Visit) -> None:
    with staff.server.database():
        run = actions.create_run(staff.reader, Purpose.MODEL_IMPROVEMENT, at=staff.server.now)
        actions.prepare_run(run, staff.reader, at=staff.server.now)
    staff.page.goto(run.get_absolute_url())
    bar = staff.page.locator("#run-progress")
    expect(bar).to_contain_text("Files written: 0 of")
    assert looked_at(staff) == []
    with staff.server.database():
        TrainingRun.objects.filter(pk=run.pk).update(problem="The disk is full.")

    if staff.has_script:
        expect(bar).to_contain_text("What was under way has ended.", timeout=15_000)
        follow(staff.page, "Show the run as it is now")
    else:
        follow(staff.page, "Look again")

    expect(staff.page.locator(".errornote")).to_have_text("The disk is full.")
    expect(staff.page.get_by_role("link", name="Write the missing files")).to_be_visible()
    assert looked_at(staff) == []
