"""The site by keyboard alone: where focus goes, that it is seen, and that targets are large enough to hit."""

from collections.abc import Callable

import pytest
from django.urls import reverse
from playwright.sync_api import Page, expect

from privacy.models import ConsentRecord, Kind, Method
from tests.browser.screens import SCREENS, SUBMIT, Screen, chats, gate, pop_up, settings_refused
from tests.browser.visit import NewVisit, Visit
from tests.browser.ways import WIDTHS

pytestmark = pytest.mark.browser

FOCUSED = "(selector) => document.activeElement.matches(selector)"
# What is under the middle of the focused element: itself, what it is in or holds, or the label that covers it.
IS_HIDDEN = """() => {
  const focused = document.activeElement, box = focused.getBoundingClientRect();
  const rects = [...focused.getClientRects()], rect = rects[0] ?? box;
  const x = rect.left + rect.width / 2, y = rect.top + rect.height / 2;
  if (y < 0 || y > innerHeight || x < 0 || x > innerWidth) return `off the screen: ${focused.outerHTML.slice(0, 120)}`;
  const top = document.elementFromPoint(x, y);
  const is_seen = top && (focused.contains(top) || top.contains(focused) || top.control === focused);
  return is_seen ? "" : `${focused.outerHTML.slice(0, 120)} is under ${top?.outerHTML.slice(0, 120)}`;
}"""
# Links inside a sentence are as high as its line; WCAG leaves them out, and so do we.
SMALL_TARGETS = """([least, selector]) => [...document.querySelectorAll(selector)].filter((element) => {
  const boxes = [element, ...(element.labels ?? [])].map((part) => part.getBoundingClientRect());
  if (!element.checkVisibility({ visibilityProperty: true }) || boxes[0].width === 0) return false;
  const inline = element.tagName === "A" && getComputedStyle(element).display === "inline";
  const is_in_a_sentence = inline && element.parentElement.innerText.trim() !== element.innerText.trim();
  const skipped = element.matches(".skip-link, .visually-hidden");
  const width = Math.max(...boxes.map((box) => box.right)) - Math.min(...boxes.map((box) => box.left));
  const height = Math.max(...boxes.map((box) => box.bottom)) - Math.min(...boxes.map((box) => box.top));
  return !is_in_a_sentence && !skipped && (width < least - 0.5 || height < least - 0.5);
}).map((element) => element.outerHTML.slice(0, 120))"""
LISTED = {screen.name: screen for screen in SCREENS}
FULL_OF_CONTROLS = [
    LISTED[name]
    for name in (
        *("home", "sign_up_with_errors", "sign_in_with_an_error", "question_when_signing_up", "gate_with_errors"),
        *("pop_up", "pop_up_with_errors", "pop_up_answered", "line_after_not_now", "settings_just_saved"),
        *("settings_unanswered", "history", "receipt", "what_changed", "questions_and_answers", "account_menu_open"),
        *("chat_with_an_error", "conversations_at_the_gate", "preferences", "email_address", "devices", "second_step"),
        *("second_step_set_up_an_app", "recovery_codes", "passkeys", "not_found"),
    )
]


def focus_is_on(page: Page, selector: str) -> bool:
    """Return whether the focused element matches a selector."""
    return bool(page.evaluate(FOCUSED, selector))


def tab_to(page: Page, selector: str, most: int = 60) -> None:
    """Press Tab until focus is there."""
    for _press in range(most):
        if focus_is_on(page, selector):
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"{selector} can't be reached by Tab")


def deferrals(visit: Visit) -> list[str]:
    """Return how "Not now" was said by whoever is signed in."""
    with visit.server.database():
        records = ConsentRecord.objects.filter(principal=visit.reader.principal, kind=Kind.DEFERRED)
        return [record.method for record in records]


# The dialog


def test_dialog_takes_focus_to_its_title(visit: Visit) -> None:
    pop_up(visit)
    assert focus_is_on(visit.page, "#question-title")


def test_dialog_keeps_focus_inside(visit: Visit) -> None:
    pop_up(visit)
    inside: set[str] = set()
    outside: set[str] = set()
    for _press in range(30):
        visit.page.keyboard.press("Tab")
        found = visit.page.evaluate("document.activeElement.outerHTML.slice(0, 100)")
        (inside if focus_is_on(visit.page, "#pop-up, #pop-up *") else outside).add(found)
    assert len(inside) >= 8
    # Between the last and the first is the browser's own bar, where the page says that nothing has focus.
    assert not [found for found in outside if not found.startswith("<body")]


def by_esc(page: Page) -> None:
    page.keyboard.press("Escape")


def by_close(page: Page) -> None:
    tab_to(page, ".pop-up-close button")
    page.keyboard.press("Enter")


def by_button(page: Page) -> None:
    tab_to(page, "#not-now-form button")
    page.keyboard.press("Enter")


@pytest.mark.parametrize(
    ("leave", "method"),
    [(by_esc, Method.ESC), (by_close, Method.CLOSE), (by_button, Method.BUTTON)],
    ids=["esc", "close", "button"],
)
def test_leaving_the_dialog_is_not_now(new_visit: NewVisit, leave: Callable[[Page], None], method: Method) -> None:
    visit = new_visit()
    user = visit.person()
    visit.open("conversations:index")
    expect(visit.page.get_by_role("dialog")).to_be_visible()
    with visit.page.expect_response(f"**{reverse('privacy:not_now')}"):
        leave(visit.page)
    expect(visit.page.locator("#header-line p")).to_contain_text("September 28, 2025")
    expect(visit.page.get_by_role("dialog")).to_have_count(0)
    assert deferrals(visit) == [method]
    # Focus is where it was: nowhere yet, so that Tab begins at the top.
    assert focus_is_on(visit.page, "body")
    visit.page.keyboard.press("Tab")
    assert focus_is_on(visit.page, ".skip-link")

    visit.page.reload()
    expect(visit.page.locator("#header-line a")).to_be_visible()
    assert visit.page.locator("dialog").count() == 0
    elsewhere = new_visit()
    elsewhere.sign_in(user)
    elsewhere.open("conversations:index")
    expect(elsewhere.page.locator("#header-line a")).to_be_visible()
    assert elsewhere.page.locator("dialog").count() == 0


def test_dialog_of_an_answer_closes_without_a_deferral(visit: Visit) -> None:
    pop_up(visit)
    visit.page.locator("label[for=question-terms]").click()
    visit.page.locator("label[for=question-refuse]").click()
    visit.page.locator(SUBMIT).click()
    expect(visit.page.locator(".answered")).to_be_visible()
    assert focus_is_on(visit.page, "#question-title")
    visit.page.keyboard.press("Escape")
    expect(visit.page.get_by_role("dialog")).to_have_count(0)
    assert visit.page.locator("#header-line p").count() == 0
    assert deferrals(visit) == []


def test_dialog_scrolls_where_it_is_small(visit: Visit) -> None:
    visit.page.set_viewport_size({"width": 320, "height": 480})
    pop_up(visit)
    tab_to(visit.page, "#not-now-form button")
    assert not visit.page.evaluate(IS_HIDDEN)
    expect(visit.page.locator("#not-now-form button")).to_be_in_viewport(ratio=1)


# Errors


@pytest.mark.parametrize("show", [gate, pop_up, settings_refused], ids=lambda show: show.__name__)
def test_error_summary_has_focus_and_leads_to_the_field(new_visit: NewVisit, show: Callable[[Visit], None]) -> None:
    visit = new_visit(LISTED[show.__name__].now)
    show(visit)
    visit.page.locator(SUBMIT).click()
    summary = visit.page.locator(".error-summary")
    expect(summary).to_be_focused()
    links = summary.locator("a")
    for number in range(links.count()):
        link = links.nth(number)
        words = link.inner_text()
        link.focus()
        visit.page.keyboard.press("Enter")
        field = visit.page.locator(link.get_attribute("href") or "")
        expect(field).to_be_focused()
        assert not visit.page.evaluate(IS_HIDDEN)
        expect(visit.page.locator(".field-error").get_by_text(words)).to_be_visible()
    is_dialog = visit.page.locator("dialog").count() > 0
    assert is_dialog or visit.page.title().startswith("Error: ")


def test_answers_are_kept_with_an_error(new_visit: NewVisit) -> None:
    visit = new_visit(LISTED["gate"].now)
    gate(visit)
    visit.page.locator("label[for=question-allow]").click()
    visit.send(SUBMIT)
    expect(visit.page.locator(".error-summary")).to_be_focused()
    assert visit.page.locator("#question-allow").is_checked()
    assert not visit.page.locator("#question-terms").is_checked()


# Getting around


def test_skip_link_leads_to_the_content(visit: Visit) -> None:
    chats(visit)
    visit.page.keyboard.press("Tab")
    expect(visit.page.locator(".skip-link")).to_be_focused()
    expect(visit.page.locator(".skip-link")).to_be_in_viewport(ratio=1)
    visit.page.keyboard.press("Enter")
    expect(visit.page.locator("main")).to_be_focused()
    visit.page.keyboard.press("Tab")
    assert focus_is_on(visit.page, "main *")


def test_account_menu_opens_and_leads_on(visit: Visit) -> None:
    chats(visit)
    tab_to(visit.page, ".menu summary")
    visit.page.keyboard.press("Enter")
    first = visit.page.locator(".menu a").first
    expect(first).to_be_visible()
    visit.page.keyboard.press("Tab")
    expect(first).to_be_focused()
    visit.page.keyboard.press("Enter")
    visit.page.wait_for_url(f"**{reverse('privacy:settings')}")


@pytest.mark.parametrize("size", [(1280, 600), (320, 480)], ids=["wide", "narrow"])
@pytest.mark.parametrize("screen", FULL_OF_CONTROLS, ids=lambda screen: screen.name)
def test_focus_is_never_hidden(new_visit: NewVisit, screen: Screen, size: tuple[int, int]) -> None:
    visit = new_visit(screen.now)
    visit.page.set_viewport_size({"width": size[0], "height": size[1]})
    screen.show(visit)
    hidden = []
    for _press in range(40):
        visit.page.keyboard.press("Tab")
        # Asked at once: past the last control focus goes on its way by itself.
        found = visit.page.evaluate(f"() => document.activeElement === document.body ? null : ({IS_HIDDEN})()")
        if found is None:
            break
        hidden.append(found)
    assert len(hidden) >= 3
    assert not list(filter(None, hidden))


@pytest.mark.parametrize("screen", FULL_OF_CONTROLS, ids=lambda screen: screen.name)
def test_targets_are_large_enough(new_visit: NewVisit, screen: Screen) -> None:
    visit = new_visit(screen.now)
    screen.show(visit)
    page = visit.page
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 800})
        assert page.evaluate(SMALL_TARGETS, [24, "a, button, summary, input, select, textarea"]) == []
        assert page.evaluate(SMALL_TARGETS, [44, ".button, button, summary, input, select, textarea, .choice"]) == []
