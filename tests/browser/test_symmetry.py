"""Yes and no weigh the same: to the eye, to the hand, and on every surface."""

from typing import Any

import pytest
from playwright.sync_api import Page

from privacy.models import ConsentState, Training
from tests.browser.screens import (
    SCREENS,
    SUBMIT,
    Screen,
    settings_allowed,
    settings_refused,
    settled,
    tick,
)
from tests.browser.visit import NewVisit, Visit

pytestmark = pytest.mark.browser

SURFACES = [
    screen
    for name in ("question_when_signing_up", "pop_up", "gate", "settings_unanswered")
    for screen in SCREENS
    if screen.name == name
]
BOTH = [Training.ALLOW, Training.REFUSE]
PIXEL = 1

# What the eye weighs in an option: the box and the type of its sheet and of each of its three parts.
LOOK_OF = """(value) => {
  const input = document.querySelector(`input[name=training][value=${value}]`);
  const label = document.querySelector(`label[for="${input.id}"]`);
  const hint = document.getElementById(input.getAttribute("aria-describedby").split(" ")[0]);
  const properties = ["color", "backgroundColor", "borderColor", "borderWidth", "fontSize", "fontWeight", "fontStyle",
    "fontFamily", "letterSpacing", "textTransform", "textDecorationLine", "opacity", "padding", "margin", "boxShadow"];
  return [input.closest(".choice"), input, label, hint].map((element) => {
    const style = getComputedStyle(element), box = element.getBoundingClientRect();
    return {
      tag: element.tagName, type: element.type, left: box.left, top: box.top, width: box.width, height: box.height,
      style: properties.map((property) => style[property]),
    };
  });
}"""
LOOK_OF_BUTTON = """(button) => {
  const style = getComputedStyle(button), box = button.getBoundingClientRect();
  return {
    tag: button.tagName, width: box.width, height: box.height,
    style: ["color", "backgroundColor", "borderColor", "fontSize", "fontWeight", "padding"].map((name) => style[name]),
  };
}"""


# As a browser does that enlarges text alone: lengths grow with it, the widths that media queries know do not.
LARGER = "(times) => document.documentElement.style.fontSize = `${times * 100}%`"


@pytest.fixture(params=SURFACES, ids=lambda screen: screen.name)
def surface(request: pytest.FixtureRequest, new_visit: NewVisit) -> Visit:
    """Return a visit before which the question stands, on each surface in turn."""
    screen: Screen = request.param
    visit = new_visit(screen.now)
    screen.show(visit)
    return visit


def training_of(visit: Visit) -> str:
    """Return what is saved for whoever is signed in."""
    with visit.server.database():
        state = ConsentState.objects.filter(user=visit.reader).first()
        return (state.training if state else None) or ""


# To the eye


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_options_look_alike(surface: Visit, scheme: Any) -> None:
    surface.page.emulate_media(color_scheme=scheme)
    allow, refuse = (surface.page.evaluate(LOOK_OF, value) for value in BOTH)
    for yes, no in zip(allow, refuse, strict=True):
        assert (yes["tag"], yes["type"], yes["style"]) == (no["tag"], no["type"], no["style"])
        for measure in ("width", "height"):
            assert yes[measure] == pytest.approx(no[measure], abs=PIXEL), f"{measure} of {yes['tag']}"
        # Side by side or one below the other, but never out of line.
        assert any(yes[edge] == pytest.approx(no[edge], abs=PIXEL) for edge in ("left", "top"))


def test_nothing_is_preselected(surface: Visit) -> None:
    assert surface.page.locator("input:checked").count() == 0
    assert surface.page.evaluate("document.activeElement.tagName") != "INPUT"


@pytest.mark.parametrize("training", BOTH)
def test_settings_preselect_nothing_after_an_answer(visit: Visit, training: Training) -> None:
    settled(visit, training)
    visit.open("privacy:settings")
    assert visit.page.locator("input[name=training]").count() == 2
    assert visit.page.locator("input:checked").count() == 0


def test_no_option_holds_a_link(surface: Visit) -> None:
    # On the page below the pop-up there may be choices of another kind.
    assert surface.page.locator("#question .choice").count() == 3
    assert surface.page.locator("#question .choice :is(a, button)").count() == 0


@pytest.mark.parametrize(("width", "text"), [(1280, 1), (320, 1), (320, 2)], ids=["wide", "narrow", "large-text"])
def test_not_now_weighs_as_much_as_answering(new_visit: NewVisit, width: int, text: int) -> None:
    visit = new_visit()
    visit.page.set_viewport_size({"width": width, "height": 800})
    SURFACES[1].show(visit)
    visit.page.evaluate(LARGER, text)
    submit, not_now = (
        visit.page.locator(selector).evaluate(LOOK_OF_BUTTON) for selector in (SUBMIT, "#not-now-form button")
    )
    assert (submit["tag"], submit["style"]) == (not_now["tag"], not_now["style"])
    assert submit["width"] == pytest.approx(not_now["width"], abs=PIXEL)
    assert submit["height"] == pytest.approx(not_now["height"], abs=PIXEL)


@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_large_letters_on_a_narrow_screen_leave_room_for_the_answers(new_visit: NewVisit, language: str) -> None:
    visit = new_visit(language=language)
    visit.page.set_viewport_size({"width": 320, "height": 640})
    SURFACES[1].show(visit)
    visit.page.evaluate(LARGER, 2)
    pop_up = visit.page.locator(".pop-up")
    assert pop_up.evaluate("(dialog) => dialog.scrollWidth <= dialog.clientWidth")
    of_all = pop_up.evaluate("(dialog) => dialog.querySelector('.training label').offsetWidth / dialog.offsetWidth")
    assert of_all > 0.6


# In words


def words_of(page: Page) -> list[str]:
    """Return what the question says and in which order, but for the last line of its summary: when."""
    texts: list[str] = page.locator("#question").evaluate(
        """(question) => [...question.querySelectorAll(
            "#question-title, .summary li:not(:last-child), .read-more a, legend, label, .hint, .choice input"
        )].map((part) => part.tagName === "INPUT" ? `${part.type} ${part.value}` : part.innerText.trim())"""
    )
    return texts


@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_words_and_order_are_the_same_on_every_surface(new_visit: NewVisit, language: str) -> None:
    found = []
    for screen in SURFACES:
        visit = new_visit(screen.now, language=language)
        screen.show(visit)
        found.append(words_of(visit.page))
    assert len(found[0]) > 12
    for words in found[1:]:
        assert words == found[0]
    assert [word for word in found[0] if word.startswith("radio")] == ["radio allow", "radio refuse"]


# To the hand


def clicks_to_save(visit: Visit, training: Training, *, terms: bool) -> int:
    """Answer with the mouse, and return with how many clicks it was saved."""
    page = visit.page
    chosen = [*(["terms"] if terms else []), training.value]
    tick(visit, *chosen)
    page.locator(SUBMIT).click()
    page.locator(".answered, [role=status]").first.wait_for()
    assert training_of(visit) == training
    return len(chosen) + 1


def keys_to_save(visit: Visit, training: Training, *, terms: bool) -> int:
    """Answer with the keyboard alone, and return with how many presses it was saved."""
    page = visit.page
    presses = 0

    def press(key: str) -> None:
        nonlocal presses
        presses += 1
        page.keyboard.press(key)

    def tab_to(selector: str) -> None:
        while not page.evaluate("(selector) => document.activeElement.matches(selector)", selector):
            press("Tab")
            assert presses < 60, f"{selector} can't be reached"

    if terms:
        tab_to("#question-terms")
        press("Space")
    tab_to("input[name=training]")
    # The first of a group takes focus, unchosen: it is chosen by Space, the second by one arrow.
    press("Space" if training is Training.ALLOW else "ArrowDown")
    assert page.locator(f"#question-{training.value}").is_checked()
    tab_to(SUBMIT)
    press("Enter")
    page.locator(".answered, [role=status]").first.wait_for()
    assert training_of(visit) == training
    return presses


@pytest.mark.parametrize("count", [clicks_to_save, keys_to_save])
@pytest.mark.parametrize("screen", SURFACES, ids=lambda screen: screen.name)
def test_refusing_takes_as_many_steps_as_allowing(new_visit: NewVisit, screen: Screen, count: Any) -> None:
    steps = {}
    for training in BOTH:
        visit = new_visit(screen.now)
        screen.show(visit)
        steps[training] = count(visit, training, terms=True)
    assert steps[Training.ALLOW] == steps[Training.REFUSE]


@pytest.mark.parametrize("count", [clicks_to_save, keys_to_save])
def test_withdrawing_takes_as_many_steps_as_allowing(new_visit: NewVisit, count: Any) -> None:
    allowed, refused = new_visit(), new_visit()
    settings_allowed(allowed)
    withdrawing = count(allowed, Training.REFUSE, terms=False)
    settings_refused(refused)
    assert withdrawing == count(refused, Training.ALLOW, terms=False)
