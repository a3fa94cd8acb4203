"""The script of `docs/qa.md`, step by step as a tester follows it; and QA's own pages, held to what every page is.

Each test is named as the script names it. Personas are reset first, as the script says.
"""

import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Literal

import pytest
from django.conf import settings
from django.urls import reverse
from playwright.sync_api import Locator, Page, expect

from conversations.demo import PASSWORD
from qa.flow_map import SCREENS
from tests.browser.screens import SUBMIT, tick
from tests.browser.server import AFTERWARDS, environment
from tests.browser.test_accessibility import AXE, problems_of
from tests.browser.test_budgets import KB, SHIFTS, on_the_wire
from tests.browser.test_keyboard import IS_HIDDEN, SMALL_TARGETS
from tests.browser.visit import NewVisit, Visit
from tests.browser.ways import WIDTHS, Way, a_third_of, turns_of, ways_of
from tests.factories import ANNOUNCED, SECOND

pytestmark = pytest.mark.browser

DIALOG, QUESTION, BAR = "#pop-up", "**/privacy/question/**", ".qa-bar"
DRAFT = "What I was writing when the gate closed."
# The screens of the map are shared out, so that workers have an equal part in them.
PARTS = 3
SYSTEMS: tuple[Literal["light", "dark"], ...] = ("light", "dark")


@pytest.fixture
def tester(new_visit: NewVisit) -> Visit:
    """Return the browser of a tester, on a site of today with QA's tools."""
    return new_visit(AFTERWARDS, qa=True)


def press(visit: Visit, name: str, *, within: str = "main") -> None:
    """Press the button that says this, and wait for the page that comes back."""
    with visit.page.expect_navigation():
        visit.page.locator(within).get_by_role("button", name=name, exact=True).click()


def be(visit: Visit, slug: str) -> None:
    """Reset a persona, and become it."""
    visit.open("qa:persona", slug)
    press(visit, "Reset")
    press(visit, "Become")


def set_clock(visit: Visit, when: str | datetime) -> None:
    """Set the clock to a preset, or to any instant."""
    visit.open("qa:index")
    if isinstance(when, str):
        press(visit, when)
    else:
        visit.page.get_by_label("Any instant, in UTC").fill(f"{when.astimezone(UTC):%Y-%m-%dT%H:%M:%S}")
        press(visit, "Set the clock")


def open_chats(visit: Visit) -> str:
    """Open the chats, and return what comes: the gate, the pop-up, or the chats."""
    visit.open("conversations:index")
    if "/privacy/question/" in visit.page.url:
        return "gate"
    return "pop-up" if visit.page.locator(DIALOG).count() else "chats"


def answer(visit: Visit, *ids: str) -> None:
    """Answer the question on the page it is on."""
    tick(visit, *ids)
    with visit.page.expect_navigation():
        visit.page.locator(SUBMIT).click()


# A. Who, and when


@pytest.mark.parametrize("slug", ["team", "gov", "education", "api"])
def test_a1_commercial_plans_are_never_asked(tester: Visit, slug: str) -> None:
    be(tester, slug)
    for when in ("The announcement", "A second after the deadline"):
        set_clock(tester, when)
        assert open_chats(tester) == "chats"
    tester.open("privacy:settings")
    expect(tester.page.locator("main")).to_contain_text("commercial plan")
    expect(tester.page.locator("main [type=radio]")).to_have_count(0)


def test_a3_what_begins_at_an_instant_begins_at_it(tester: Visit) -> None:
    be(tester, "undecided-first-day")
    for when, what in (
        (ANNOUNCED - SECOND, "chats"),
        ("The announcement", "pop-up"),
        ("A second before the deadline", "pop-up"),
        ("The deadline", "gate"),
        ("A second after the deadline", "gate"),
    ):
        set_clock(tester, when)
        assert open_chats(tester) == what, when


# B. Asking


def test_b1_newcomer_answers_while_signing_up(tester: Visit) -> None:
    be(tester, "newcomer")
    for _time in range(2):
        assert open_chats(tester) == "gate"
    expect(tester.page.locator("#not-now-form")).to_have_count(0)
    answer(tester, "terms", "refuse")
    assert open_chats(tester) == "chats"


def test_b1_signing_up_by_the_code_among_the_mails(tester: Visit) -> None:
    page = tester.page
    tester.open("account_signup")
    tester.send("main .button >> nth=0", id_email="someone.new@example.com", id_password1="correct-horse-battery")
    mails = tester.new_page()
    mails.goto(reverse("qa:mails"))
    mails.locator("summary").first.click()
    code = next(line.strip() for line in mails.locator("pre").first.inner_text().splitlines() if "-" in line[:8])
    page.locator("#id_code").fill(code)
    press(tester, page.locator("main .button").first.inner_text())
    page.wait_for_url(QUESTION)
    expect(page.locator(BAR)).to_contain_text("someone.new@example.com is no persona")


def test_b2_pop_up_comes_over_the_app_with_nothing_chosen(tester: Visit) -> None:
    be(tester, "undecided-first-day")
    dialog = tester.page.get_by_role("dialog")
    expect(dialog).to_be_visible()
    expect(dialog.locator(":checked")).to_have_count(0)
    expect(dialog).to_contain_text("5 years")
    expect(dialog).to_contain_text("30 days")


def test_b3_not_now_holds_a_day_and_leaves_a_quiet_line(tester: Visit) -> None:
    be(tester, "undecided-first-day")
    tester.page.locator("#not-now-form button").click()
    expect(tester.page.locator("#header-line p")).to_contain_text("September 28, 2025")
    day = timedelta(days=1)
    for when, what in ((ANNOUNCED + day - SECOND, "chats"), (ANNOUNCED + day, "pop-up")):
        set_clock(tester, when)
        assert open_chats(tester) == what


def test_b3_esc_is_not_now_and_the_fourth_time_holds_a_week(tester: Visit) -> None:
    be(tester, "undecided-first-day")
    expect(tester.page.get_by_role("dialog")).to_be_visible()
    with tester.page.expect_response(f"**{reverse('privacy:not_now')}"):
        tester.page.keyboard.press("Escape")
    tester.open("qa:persona", "undecided-first-day")
    expect(tester.page.locator("main")).to_contain_text("Esc key")
    be(tester, "deferred-often")
    assert open_chats(tester) == "chats"
    until = ANNOUNCED + timedelta(days=16, hours=2)
    for when, what in ((until - SECOND, "chats"), (until, "pop-up")):
        set_clock(tester, when)
        assert open_chats(tester) == what


@pytest.mark.parametrize("choice", ["allow", "refuse"])
def test_b4_gate_opens_with_either_answer(tester: Visit, choice: str) -> None:
    be(tester, "undecided-afterwards")
    assert open_chats(tester) == "gate"
    expect(tester.page.locator("#not-now-form")).to_have_count(0)
    answer(tester, "terms", choice)
    assert open_chats(tester) == "chats"


def test_b5_gate_never_traps(tester: Visit) -> None:
    be(tester, "undecided-afterwards")
    for name in (
        *("conversations:overview", "privacy:settings", "privacy:history", "accounts:data_export", "accounts:delete"),
        *("account_change_password", "account_email", "mfa_index", "usersessions_list", "account_logout"),
    ):
        response = tester.open(name)
        assert (response.status, reverse("privacy:question") in tester.page.url) == (200, False), name
    for kind in ("terms", "privacy", "changes", "faq"):
        assert tester.open("legal:document", kind).ok
    press(tester, "简体中文", within=".site-footer")
    expect(tester.page.locator("html")).to_have_attribute("lang", "zh-hans")


def test_b5_what_was_being_written_is_still_there(tester: Visit) -> None:
    be(tester, "deferred-once")
    tester.page.locator("#id_text").fill(DRAFT)
    writing, other = tester.page, tester.new_page()
    tester.page = other
    set_clock(tester, "The deadline")
    tester.page = writing
    with writing.expect_navigation():
        writing.locator(".composer button").click()
    writing.wait_for_url(QUESTION)
    answer(tester, "terms", "refuse")
    tester.open("conversations:index")
    expect(writing.locator("#id_text")).to_have_value(DRAFT)


def test_b6_silence_decides_nothing(tester: Visit) -> None:
    be(tester, "undecided-first-day")
    expect(tester.page.get_by_role("dialog")).to_contain_text("Nothing is chosen until you choose.")
    set_clock(tester, "A second after the deadline")
    open_chats(tester)
    tester.open("qa:persona", "undecided-first-day")
    expect(column(tester.page, 1, "training")).to_have_text('""')
    expect(tester.page.locator("main")).not_to_contain_text("Training allowed")


def test_b7_stale_form_is_refused(tester: Visit) -> None:
    be(tester, "undecided-first-day")
    tester.open("privacy:question")
    first, second = tester.page, tester.new_page()
    second.goto(first.url)
    answer(tester, "terms", "refuse")
    tester.page = second
    tick(tester, "terms", "allow")
    second.locator(SUBMIT).click()
    expect(second.locator("main")).to_contain_text("Nothing was saved")
    tester.open("privacy:settings")
    expect(second.locator("main")).to_contain_text("You do not allow training.")


def test_b8_once_answered_never_asked_again_anywhere(tester: Visit, new_visit: NewVisit) -> None:
    be(tester, "undecided-first-day")
    elsewhere = new_visit(AFTERWARDS, qa=True)
    elsewhere.open("qa:persona", "undecided-first-day")
    press(elsewhere, "Become")
    assert open_chats(elsewhere) == "pop-up"
    tester.open("privacy:question")
    answer(tester, "terms", "allow")
    for visit in (tester, elsewhere):
        for when in ("The announcement", "A second after the deadline"):
            set_clock(visit, when)
            assert open_chats(visit) == "chats"


def test_b9_program_is_refused_with_a_code(tester: Visit) -> None:
    be(tester, "undecided-afterwards")
    response = tester.context.request.get("/chats/", headers={"Accept": "application/json"}, max_redirects=0)
    problem = response.json()
    assert (response.status, response.headers["content-type"]) == (403, "application/problem+json")
    assert problem["code"]
    assert reverse("privacy:question") in str(problem)


# C. What a choice does


def test_c1_refuse_can_be_saved_alone_and_allow_needs_the_terms(tester: Visit) -> None:
    be(tester, "undecided-afterwards")
    tick(tester, "allow")
    tester.page.locator(SUBMIT).click()
    expect(tester.page.locator(".error-summary")).to_be_focused()
    be(tester, "undecided-afterwards")
    answer(tester, "refuse")
    expect(tester.page.locator("#question-terms")).to_be_visible()
    expect(tester.page.locator("#question-refuse")).to_have_count(0)


def test_c2_settings_say_what_is_true_and_undo_it(tester: Visit) -> None:
    be(tester, "allowed")
    tester.open("privacy:settings")
    main = tester.page.locator("main")
    expect(main).to_contain_text("You allow training.")
    expect(main.locator(":checked")).to_have_count(0)
    answer(tester, "refuse")
    expect(main).to_contain_text("You do not allow training.")
    press(tester, "Undo")
    expect(main).to_contain_text("You allow training.")


def test_c3_c4_only_what_is_new_or_resumed_counts(tester: Visit) -> None:
    be(tester, "on-off-on")
    tester.open("qa:persona", "on-off-on")
    for title, reason in (
        ("Written before any answer, and left alone", "not_resumed"),
        ("Written before any answer, and resumed at the end", "eligible"),
        ("Written while training was allowed", "not_resumed"),
        ("Written while training was refused", "not_resumed"),
        ("Written since training is allowed again", "eligible"),
    ):
        expect(tester.page.locator("main li", has_text=title).locator("code")).to_have_text(reason)


def test_c5_private_and_excluded_ones_are_kept_out(tester: Visit) -> None:
    for slug, title, reason in (
        ("private-only", "A letter that is nobody else’s business", "private"),
        ("excluded-one", "What did the doctor mean?", "excluded"),
    ):
        be(tester, slug)
        expect(tester.page.locator(".badge").first).to_have_text("Not used for training: it belongs to a test account")
        tester.open("qa:persona", slug)
        expect(tester.page.locator("main li", has_text=title).locator("code")).to_have_text(reason)


# D. Keeping and deleting


@pytest.mark.parametrize(
    ("slug", "end"),
    [("allowed", datetime(2030, 8, 30, 14, tzinfo=UTC)), ("refused", datetime(2025, 9, 29, 14, tzinfo=UTC))],
)
def test_d1_chat_is_gone_from_its_retention_date_on(tester: Visit, slug: str, end: datetime) -> None:
    be(tester, slug)
    tester.page.get_by_role("link", name="Plan a weekend hike with me.").click()
    address = tester.page.url
    for when, status in ((end - SECOND, 200), (end, 404)):
        set_clock(tester, when)
        response = tester.page.goto(address)
        assert response is not None
        assert response.status == status, when


def test_d2_deletion_can_be_undone_for_ten_minutes(tester: Visit) -> None:
    be(tester, "deleted-chat")
    open_from_the_map(tester, "chats-undo")
    undo = tester.page.url
    at = ANNOUNCED + timedelta(days=2, minutes=8)
    for when, offered in ((at - SECOND, 1), (at, 0)):
        set_clock(tester, when)
        tester.page.goto(undo)
        expect(tester.page.locator(".undo")).to_have_count(offered)
    set_clock(tester, at - SECOND)
    tester.page.goto(undo)
    press(tester, "Undo")
    expect(tester.page.locator("main")).to_contain_text("Forget this one")


def test_d3_deleted_account_is_gone_and_its_evidence_holds(tester: Visit) -> None:
    be(tester, "undecided-afterwards")
    tester.open("accounts:delete")
    tester.page.locator("#id_understood").check()
    tester.send("main form .button")
    tester.page.wait_for_url(f"**{reverse('accounts:deleted')}")
    tester.open("account_login")
    tester.send("main .button >> nth=0", id_login="undecided-afterwards@personas.example", id_password=PASSWORD)
    expect(tester.page.locator(".error-summary")).to_be_visible()
    tester.open("qa:persona", "undecided-afterwards")
    expect(tester.page.locator("main")).to_contain_text("It has no account")
    be(tester, "undecided-afterwards")
    assert open_chats(tester) == "gate"
    assert "Verified" in verified(tester)


def verified(visit: Visit) -> str:
    """Run the verification of all evidence on the server's database."""
    command = [sys.executable, "manage.py", "verify_ledger"]
    own = environment(visit.server.directory, qa=True)
    return subprocess.run(command, cwd=settings.BASE_DIR, env=own, capture_output=True, text=True, check=True).stdout


def test_d4_feedback_is_shown_and_can_be_deleted(tester: Visit) -> None:
    be(tester, "feedback-given")
    tester.open("conversations:feedback")
    tester.page.locator("main .rows a").first.click()
    expect(tester.page.locator("main")).to_contain_text("It did not say how far.")
    expect(tester.page.locator("main .panel")).not_to_contain_text("anna@example.com")
    press(tester, "Delete this feedback")
    tester.open("conversations:feedback")
    expect(tester.page.locator("main")).not_to_contain_text("It did not say how far.")


def test_d5_everything_can_be_downloaded_from_the_gate(tester: Visit) -> None:
    be(tester, "undecided-afterwards")
    tester.open("accounts:data_export")
    tester.send("main form .button")
    with tester.page.expect_download() as download:
        tester.page.get_by_role("link", name="Download").click()
    assert "Plan a weekend hike with me." in download.value.path().read_text(encoding="utf-8")


def test_d6_page_says_first_what_outlives_a_deletion(tester: Visit) -> None:
    be(tester, "feedback-given")
    tester.open("accounts:delete")
    said = tester.page.locator("main").inner_text()
    assert "training run" in said
    assert "feedback" in said
    assert said.index("feedback") < said.index(tester.page.locator("main form .button").last.inner_text())


# E. Training runs


def test_e2_no_run_holds_anything_of_a_persona_and_e3_it_can_see_that(tester: Visit) -> None:
    be(tester, "allowed")
    tester.open("training:runs")
    expect(tester.page.locator("main .empty")).to_have_count(1)
    be(tester, "training-manager")
    tester.open("admin:training_trainingrun_add")
    tester.page.get_by_label("safety classifiers").check()
    press(tester, "Create the draft")
    tester.page.locator("main").get_by_role("link", name="Count what would be in it", exact=True).click()
    press(tester, "Count")
    expect(tester.page.locator("main")).to_contain_text("test account")


# F. Evidence


def test_f1_records_have_both_times_and_f4_a_receipt(tester: Visit) -> None:
    be(tester, "undecided-first-day")
    tester.open("privacy:question")
    answer(tester, "terms", "refuse")
    tester.open("qa:persona", "undecided-first-day")
    record = tester.page.locator("main ol > li").first
    expect(record).to_contain_text("Training refused")
    happened, recorded = record.locator("time").all()
    assert happened.get_attribute("datetime") == "2025-08-28T16:00:00+00:00"
    told = datetime.fromisoformat(recorded.get_attribute("datetime") or "")
    assert abs(datetime.now(UTC) - told) < timedelta(minutes=10)
    tester.open("privacy:history")
    tester.page.get_by_role("link", name="Receipt").first.click()
    expect(tester.page.locator(".receipt")).to_contain_text("2025")


def test_f3_staff_can_set_nobodys_choice(tester: Visit) -> None:
    be(tester, "roll-out-manager")
    tester.open("admin:accounts_user_changelist")
    tester.page.locator("#result_list th a").first.click()
    tester.page.wait_for_url("**/admin/accounts/user/*/**")
    expect(tester.page.locator("main :is(select, [type=radio], [type=checkbox])")).to_have_count(0)


# G. Promises


def test_g1_no_page_asks_another_host_for_anything(tester: Visit) -> None:
    asked: list[str] = []
    tester.context.on("request", lambda request: asked.append(request.url))
    for slug in ("pop-up", "gate", "chat", "terms"):
        open_from_the_map(tester, slug)
    assert len(asked) > 10
    assert [url for url in asked if not url.startswith(f"{tester.server.url}/")] == []


def test_g2_every_screen_is_there_in_chinese(tester: Visit) -> None:
    be(tester, "undecided-first-day")
    open_from_the_map(tester, "pop-up", language="zh-hans")
    expect(tester.page.locator("html")).to_have_attribute("lang", "zh-hans")
    expect(tester.page.get_by_role("dialog")).to_contain_text("2025年9月28日")


def test_g3_address_of_a_chat_is_nothing_to_another(tester: Visit) -> None:
    be(tester, "allowed")
    open_from_the_map(tester, "chat")
    address = tester.page.url
    be(tester, "refused")
    response = tester.page.goto(address)
    assert response is not None
    assert response.status == 404
    expect(tester.page.get_by_role("heading", level=1)).to_have_text("There is nothing here")


# H. The people behind it


@pytest.mark.parametrize("slug", ["viewer", "auditor", "roll-out-manager", "training-manager"])
def test_h1_staff_get_into_the_admin_in_the_products_time(tester: Visit, slug: str) -> None:
    be(tester, slug)
    assert tester.page.url.endswith(reverse("admin:index"))
    expect(tester.page.locator(BAR)).to_contain_text("the product’s time")
    set_clock(tester, "The announcement")
    expect(tester.page.locator(BAR)).to_contain_text("the product’s time, for all but personas")


def test_h2_clock_moves_personas_in_this_browser_only(tester: Visit, new_visit: NewVisit) -> None:
    be(tester, "undecided-first-day")
    elsewhere = new_visit(AFTERWARDS, qa=True)
    elsewhere.open("qa:persona", "undecided-first-day")
    press(elsewhere, "Become")
    set_clock(tester, "The deadline")
    assert (open_chats(tester), open_chats(elsewhere)) == ("gate", "pop-up")
    set_clock(tester, "The day before the announcement")
    assert open_chats(tester) == "chats"
    tester.open("account_logout")
    press(tester, "Sign out")
    tester.open("account_login")
    tester.send("main .button >> nth=0", id_login="alice@example.com", id_password=PASSWORD)
    assert open_chats(tester) == "gate", "For her the deadline has passed."


def test_h2_link_of_the_bar_brings_anyone_there(tester: Visit, new_visit: NewVisit) -> None:
    be(tester, "allowed")
    tester.open("privacy:settings")
    link = tester.page.locator(BAR).get_by_role("link", name="Link to this page").get_attribute("href")
    assert link is not None
    other = new_visit(AFTERWARDS, qa=True)
    other.sign_in(other.server.person())
    other.page.goto(link)
    expect(other.page.locator("main")).to_contain_text("Allows training")
    press(other, "Open it")
    assert other.page.url.endswith(reverse("privacy:settings"))
    expect(other.page.locator(BAR)).to_contain_text("Allows training")
    other.page.goto(link)
    assert other.page.url.endswith(reverse("privacy:settings")), "Nothing would change, so it opens at once."


def test_h2_reset_gives_a_fresh_principal_and_old_records_stay(tester: Visit) -> None:
    be(tester, "allowed")
    tester.open("qa:persona", "allowed")
    principal = column(tester.page, 0, "principal")
    before = principal.inner_text()
    press(tester, "Reset")
    assert principal.inner_text() != before
    assert "Verified" in verified(tester)


@pytest.mark.parametrize(("language", "words"), [("en", ("24 months", "sold")), ("zh-hans", ("24", "出售"))])
def test_h3_faq_answers_why_and_for_how_long(tester: Visit, language: str, words: tuple[str, ...]) -> None:
    open_from_the_map(tester, "faq", language=language)
    for said in words:
        expect(tester.page.locator("main")).to_contain_text(said)


def column(page: Page, row: int, name: str) -> Locator:
    """Return the value of a column: of the account (0), or of the consent state (1)."""
    shown = page.locator(".qa-raw").nth(row)
    return shown.locator("dd").nth(shown.locator("dt").all_inner_texts().index(name))


# The map, the bar and QA's own pages, as every page


def open_from_the_map(visit: Visit, slug: str, *, language: str = "en", theme: str = "light") -> None:
    """Open a screen from the flow map, in one click; in one more where another test has changed its persona."""
    visit.open("qa:flow_map")
    with visit.page.expect_navigation():
        row = visit.page.locator(f"form[action='/qa/open/{slug}/']")
        row.locator(f"[value='language={language}&theme={theme}']").click()
    _open_it_fresh(visit)


def _open_it_fresh(visit: Visit) -> None:
    if (button := visit.page.locator("main [value=reset]")).count():
        with visit.page.expect_navigation():
            button.click()


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_look_is_forced_whatever_the_system_says(tester: Visit, theme: str) -> None:
    paper = {"light": "rgb(251, 250, 248)", "dark": "rgb(21, 23, 22)"}
    for slug in ("home", "gate", "chats"):
        for system in SYSTEMS:
            tester.page.emulate_media(color_scheme=system)
            open_from_the_map(tester, slug, theme=theme)
            expect(tester.page.locator("body")).to_have_css("background-color", paper[theme])
    admin = {"light": "rgb(255, 255, 255)", "dark": "rgb(18, 18, 18)"}
    for system in SYSTEMS:
        tester.page.emulate_media(color_scheme=system)
        open_from_the_map(tester, "admin-viewer", theme=theme)
        expect(tester.page.locator("body")).to_have_css("background-color", admin[theme])


def qa_index(visit: Visit) -> None:
    visit.open("qa:index")


def qa_index_with_an_error(visit: Visit) -> None:
    visit.open("qa:index")
    visit.send("main form .button")
    expect(visit.page.locator(".error-summary")).to_be_focused()


def qa_flow_map(visit: Visit) -> None:
    visit.open("qa:flow_map")


def qa_persona(visit: Visit) -> None:
    visit.open("qa:persona", "on-off-on")


def qa_open(visit: Visit) -> None:
    visit.open("qa:open_screen", "gate-wrong", language="en", theme="dark")


def qa_open_refused(visit: Visit) -> None:
    visit.open("qa:open", to="https://evil.example/", theme="pink")


def qa_mails(visit: Visit) -> None:
    visit.open("account_reset_password")
    visit.send("main .button >> nth=0", id_email="nobody@example.com")
    visit.open("qa:mails")
    visit.page.locator("summary").first.click()


PAGES = [qa_index, qa_index_with_an_error, qa_flow_map, qa_persona, qa_open, qa_open_refused, qa_mails]
WITH_THE_BAR = ["home", "pop-up", "gate", "chats", "chat", "receipt", "not-found", "settings-allowed"]


def show(slug: str) -> Callable[[Visit], None]:
    """Return what opens a screen of the map by its link."""

    def open_it(visit: Visit) -> None:
        visit.open("qa:open_screen", slug, language=visit.language)
        if reverse("qa:open") in visit.page.url:  # Else all was set already, and it opened at once.
            with visit.page.expect_navigation():
                visit.page.locator("main form .button").first.click()

    open_it.__name__ = slug
    return open_it


@pytest.mark.accessibility
@pytest.mark.parametrize(
    ("there", "way"),
    # Every second of these: what differs is the page, which has a look of its own.
    ways_of([*PAGES, *map(show, WITH_THE_BAR[::2])]),
    ids=lambda value: getattr(value, "__name__", str(value)),
)
def test_page_of_qa_and_bar_have_no_violation(new_visit: NewVisit, there: Callable[[Visit], None], way: Way) -> None:
    visit = new_visit(AFTERWARDS, qa=True, language=way.language, script=way.script)
    there(visit)
    visit.let_scripts_run()
    page = visit.page
    assert page.locator("html").get_attribute("lang") == way.language
    expect(page.locator(BAR)).to_be_visible()
    page.evaluate(AXE)
    # What lies under the bar is scrolled out from there; axe takes it for a target that is too small.
    page.evaluate("document.querySelector('.qa-bar').style.position = 'static'")
    found = [problem for view in way.views for problem in problems_of(page, view)]
    assert not found, "\n".join(found)


SMALL = {"narrow": ((320, 640), 1), "zoomed": ((320, 256), 1), "large-text": ((320, 640), 2)}
UNDER_THE_BAR = [*PAGES, *map(show, [*WITH_THE_BAR, "admin-viewer"])]


@pytest.mark.accessibility
@pytest.mark.parametrize(
    ("there", "small"),
    [(there, small) for place, there in enumerate(UNDER_THE_BAR) for small in turns_of(place, list(SMALL))],
    ids=lambda value: getattr(value, "__name__", value),
)
def test_nothing_that_has_focus_is_under_the_bar(tester: Visit, there: Callable[[Visit], None], small: str) -> None:
    size, text = SMALL[small]
    page = tester.page
    page.set_viewport_size({"width": size[0], "height": size[1]})
    there(tester)
    # As a browser does that enlarges text alone: lengths grow with it, the widths that media queries know do not.
    page.evaluate("(times) => document.documentElement.style.fontSize = `${times * 100}%`", text)
    for key in ("Tab", "Shift+Tab"):
        for press in range(60):
            page.keyboard.press(key)
            if page.evaluate("document.activeElement === document.body"):
                assert press > 3, f"{key} leads out of the page at once"
                break
            assert page.evaluate(IS_HIDDEN) == ""


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("slug", [*WITH_THE_BAR, "admin-viewer", "faq"])
def test_bar_is_seen_wherever_one_is_on_the_page(tester: Visit, slug: str, width: int) -> None:
    page = tester.page
    page.set_viewport_size({"width": width, "height": 800})
    show(slug)(tester)
    for where in ("0", "document.body.scrollHeight / 2", "document.body.scrollHeight"):
        page.evaluate(f"scrollTo(0, {where})")
        box = page.locator(BAR).bounding_box()
        assert box is not None
        assert box["y"] + box["height"] == pytest.approx(800, abs=1)
        assert box["height"] <= 130
        text = page.locator(f"{BAR} b").bounding_box()
        assert text is not None
        over = page.evaluate(
            "([x, y]) => document.elementsFromPoint(x, y).some((element) => element.matches('.qa-bar *'))",
            [text["x"] + 5, text["y"] + text["height"] / 2],
        )
        assert over or page.locator(f"{DIALOG}[open]").count(), "Behind a modal it is seen, and hears nothing."
    if page.locator(f"{DIALOG}[open]").count():
        assert page.evaluate(
            "document.querySelector('#pop-up').getBoundingClientRect().bottom"
            " <= document.querySelector('.qa-bar').getBoundingClientRect().top"
        )


@pytest.mark.parametrize("there", PAGES, ids=lambda there: there.__name__)
def test_targets_of_qas_pages_can_be_hit(tester: Visit, there: Callable[[Visit], None]) -> None:
    there(tester)
    for width in WIDTHS:
        tester.page.set_viewport_size({"width": width, "height": 800})
        assert tester.page.evaluate(SMALL_TARGETS, [24, "a, button, input, summary"]) == []
        assert tester.page.evaluate(SMALL_TARGETS, [44, "main button, .qa-bar a, main nav a"]) == []


@pytest.mark.parametrize("there", PAGES, ids=lambda there: there.__name__)
def test_page_of_qa_is_within_the_budgets(tester: Visit, there: Callable[[Visit], None]) -> None:
    wire = on_the_wire(tester)
    there(tester)
    tester.page.wait_for_load_state("networkidle")
    address = tester.page.url
    assert wire.total(".css") <= 8 * KB
    assert wire.total() <= 25 * KB
    wire.received.clear()
    tester.page.goto(address)
    tester.page.wait_for_load_state("networkidle")
    assert tester.page.evaluate(SHIFTS) == 0
    assert wire.count() == 1
    assert wire.total() <= 6 * KB, wire.received


@pytest.mark.parametrize("part", range(PARTS))
def test_map_opens_each_screen_where_it_says(tester: Visit, part: int) -> None:
    """In one click each; `tests/qa/test_views.py` opens every screen without a browser, in each language and look."""
    for slug, screen in a_third_of([*SCREENS.items()])[part::PARTS]:
        open_from_the_map(tester, slug)
        said = str(screen.persona.title) if screen.persona else "Nobody is signed in"
        expect(tester.page.locator(BAR)).to_contain_text(said)
