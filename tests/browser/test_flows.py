"""What people do from beginning to end, as they do it."""

import re
from datetime import timedelta

import pytest
from django.urls import reverse
from playwright.sync_api import Page, expect
from pytest_django import Settings

from accounts.models import Plan, User
from consent_site import settings as production
from conversations.models import Conversation
from privacy.models import ConsentRecord, ConsentState, Kind, Method, Surface, Training
from tests.browser.screens import SUBMIT, gate, pop_up, tick
from tests.browser.server import AFTERWARDS, MEANWHILE
from tests.browser.visit import NewVisit, Visit

pytestmark = pytest.mark.browser

DRAFT = "What I was writing when the page was stopped."
PASSWORD = "correct-horse-battery"


def records_of(visit: Visit, user: User) -> list[tuple[str, str, str, str]]:
    """Return what is recorded about someone: what, where, with what, in which language."""
    with visit.server.database():
        records = ConsentRecord.objects.filter(principal=user.principal).order_by("sequence").select_related("notice")
        return [(record.kind, record.surface, record.method, record.notice.language) for record in records]


def answers_of(visit: Visit, user: User) -> list[tuple[str, str, str]]:
    """Return which training answers were saved, where and with what."""
    answers = (Kind.TRAINING_ALLOWED, Kind.TRAINING_REFUSED, Kind.TRAINING_WITHDRAWN)
    return [(kind, surface, method) for kind, surface, method, _ in records_of(visit, user) if kind in answers]


def training_of(visit: Visit, user: User) -> str:
    """Return the present training choice of someone."""
    with visit.server.database():
        state = ConsentState.objects.filter(user=user).first()
        return (state.training if state else None) or ""


def put_on(visit: Visit, user: User, plan: Plan) -> None:
    """Move someone to another plan."""
    with visit.server.database():
        User.objects.filter(pk=user.pk).update(plan=plan)


def titles_of(visit: Visit, user: User) -> list[str]:
    """Return the titles of someone's conversations."""
    with visit.server.database():
        return list(Conversation.objects.for_user(user, visit.server.now).values_list("title", flat=True))


def send_message(page: Page, text: str) -> None:
    """Write in the field on the page, and send it."""
    page.locator("#id_text").fill(text)
    with page.expect_navigation():
        page.locator(".composer button").click()


def test_newcomer_signs_up_answers_and_writes(new_visit: NewVisit) -> None:
    visit = new_visit(MEANWHILE)
    email = "newcomer@example.com"
    visit.open("account_signup")
    visit.page.get_by_label("E-mail address").fill(email)
    visit.page.get_by_label("Password").fill(PASSWORD)
    visit.send("main .button >> nth=0")

    visit.page.get_by_label("Code").fill(visit.server.code_mailed_to(email))
    visit.send("main .button >> nth=0")
    expect(visit.page.get_by_text("Last step of signing up")).to_be_visible()
    expect(visit.page.get_by_role("button", name="Not now")).to_have_count(0)
    with visit.server.database():
        user = User.objects.get(email=email)
    assert user.time_zone == "Asia/Tokyo", "the browser's"

    # Leaves half-way, and comes back on another device.
    back = new_visit(MEANWHILE)
    back.open("account_login")
    back.send("main .button >> nth=0", id_login=email, id_password=PASSWORD)
    expect(back.page.get_by_text("Last step of signing up")).to_be_visible()
    tick(back, "terms", "refuse")
    back.send(SUBMIT)
    expect(back.page.get_by_role("heading", level=1)).to_have_text("You do not allow training.")
    assert answers_of(back, user) == [(Kind.TRAINING_REFUSED, Surface.SIGN_UP, Method.BUTTON)]

    with back.page.expect_navigation():
        back.page.get_by_role("link", name=re.compile("^Go on")).click()
    send_message(back.page, "My very first message.")
    expect(back.page.locator(".message").first).to_contain_text("My very first message.")


def test_existing_user_answers_in_the_pop_up_changes_and_undoes(new_visit: NewVisit) -> None:
    visit = new_visit(MEANWHILE)
    user, page = visit.person(), visit.page
    visit.open("conversations:index")
    expect(page.get_by_role("dialog")).to_be_visible()
    page.evaluate("window.isTheSamePage = true")
    tick(visit, "terms", "allow")
    page.locator(SUBMIT).click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_role("heading", level=2)).to_have_text("You allow training.")
    assert page.evaluate("window.isTheSamePage"), "answered by htmx"
    expect(dialog.get_by_role("link", name="Receipt")).to_be_visible()
    dialog.get_by_role("button", name="Go on").click()
    expect(dialog).to_have_count(0)
    page.reload()
    expect(dialog).to_have_count(0)
    assert page.locator("#header-line p").count() == 0

    page.locator(".menu summary").click()
    with page.expect_navigation():
        page.locator(".menu").get_by_role("link", name="Privacy settings").click()
    tick(visit, "refuse")
    visit.send(SUBMIT)
    expect(page.get_by_role("status")).to_contain_text("You do not allow training.")
    visit.send("[role=status] form button")
    assert training_of(visit, user) == Training.ALLOW
    assert answers_of(visit, user) == [
        (Kind.TRAINING_ALLOWED, Surface.POP_UP, Method.BUTTON),
        (Kind.TRAINING_WITHDRAWN, Surface.SETTINGS, Method.BUTTON),
        (Kind.TRAINING_ALLOWED, Surface.SETTINGS, Method.UNDO),
    ]
    expect(page.locator("main")).to_contain_text("You allow training.")
    with page.expect_navigation():
        page.get_by_role("link", name="Receipt", exact=True).first.click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Receipt")


def test_what_was_being_written_is_there_after_the_gate_and_not_sent(new_visit: NewVisit) -> None:
    visit = new_visit(AFTERWARDS)
    user, page = visit.person(), visit.page
    # Back on a consumer plan while a page is open, long after the deadline.
    put_on(visit, user, Plan.TEAM)
    visit.open("conversations:index")
    put_on(visit, user, Plan.FREE)
    send_message(page, DRAFT)
    expect(page.locator("#answer-form")).to_be_visible()
    assert page.url.endswith(f"{reverse('privacy:question')}?next=%2Fchats%2F")

    tick(visit, "terms", "refuse")
    visit.send(SUBMIT)
    with page.expect_navigation():
        page.get_by_role("link", name=re.compile("^Go on")).click()
    expect(page.locator("#id_text")).to_have_value(DRAFT)
    assert titles_of(visit, user) == []
    send_message(page, DRAFT)
    assert len(titles_of(visit, user)) == 1
    visit.open("conversations:index")
    expect(page.locator("#id_text")).to_have_value("")


@pytest.mark.parametrize("now", [MEANWHILE, AFTERWARDS], ids=["meanwhile", "afterwards"])
def test_team_user_is_never_asked(new_visit: NewVisit, now: object) -> None:
    visit = new_visit(now)
    user = visit.person(plan=Plan.TEAM)
    visit.open("conversations:index")
    assert visit.page.locator("dialog, #header-line p").count() == 0
    send_message(visit.page, "Nobody asks me.")
    expect(visit.page.locator(".message").first).to_contain_text("Nobody asks me.")
    visit.open("privacy:settings")
    assert visit.page.locator("#answer-form").count() == 0
    assert records_of(visit, user) == []


@pytest.mark.parametrize("show", [pop_up, gate], ids=["pop-up", "gate"])
def test_second_tab_is_told_what_the_first_answered(new_visit: NewVisit, show: object) -> None:
    visit = new_visit(MEANWHILE if show is pop_up else AFTERWARDS)
    user = visit.person()
    first, second = visit.page, visit.new_page()
    for tab in (first, second):
        tab.goto(reverse("conversations:index"))
        tab.locator("label[for=question-terms]").click()
    first.locator("label[for=question-refuse]").click()
    first.locator(SUBMIT).click()
    expect(first.locator(".answered")).to_contain_text("You do not allow training.")

    second.locator("label[for=question-allow]").click()
    second.locator(SUBMIT).click()
    expect(second.get_by_role("alert")).to_contain_text("Nothing was saved")
    expect(second.locator(".answered")).to_contain_text("You do not allow training.")
    assert training_of(visit, user) == Training.REFUSE
    assert len(answers_of(visit, user)) == 1


@pytest.mark.parametrize("show", [pop_up, gate], ids=["pop-up", "gate"])
def test_double_click_saves_once(new_visit: NewVisit, show: object) -> None:
    visit = new_visit(MEANWHILE if show is pop_up else AFTERWARDS)
    user = visit.person()
    visit.open("conversations:index")
    tick(visit, "terms", "allow")
    visit.page.locator(SUBMIT).dblclick()
    expect(visit.page.locator(".answered")).to_contain_text("You allow training.")
    assert visit.page.get_by_role("alert").count() == 0
    assert len(answers_of(visit, user)) == 1


def test_language_can_be_switched_at_the_gate(new_visit: NewVisit) -> None:
    visit = new_visit(AFTERWARDS)
    user, page = visit.person(), visit.page
    visit.open("conversations:overview")
    page.goto(reverse("conversations:index"))
    before = page.url
    with page.expect_navigation():
        page.get_by_role("button", name="简体中文").click()
    assert page.url == before
    assert page.locator("html").get_attribute("lang") == "zh-hans"
    tick(visit, "terms", "refuse")
    visit.send(SUBMIT)
    expect(page.locator(".answered")).to_be_visible()
    languages = [language for kind, _, _, language in records_of(visit, user) if kind != Kind.SHOWN]
    assert languages == ["zh-hans", "zh-hans"]


def test_without_scripts_the_pop_up_is_a_page_and_leads_back(new_visit: NewVisit) -> None:
    visit = new_visit(MEANWHILE, script=False)
    user, page = visit.person(), visit.page
    visit.open("conversations:index")
    page.wait_for_url(f"**{reverse('privacy:question')}?next={reverse('conversations:index')}")
    visit.send("#not-now-form button")
    page.wait_for_url(f"**{reverse('conversations:index')}")
    expect(page.locator("#header-line a")).to_be_visible()
    deferred = (Kind.DEFERRED, Surface.POP_UP, Method.BUTTON, "en")
    assert records_of(visit, user)[-1] == deferred

    with page.expect_navigation():
        page.locator("#header-line a").click()
    tick(visit, "terms", "allow")
    visit.send(SUBMIT)
    expect(page.get_by_role("heading", level=1)).to_have_text("You allow training.")
    assert training_of(visit, user) == Training.ALLOW


@pytest.mark.parametrize("script", [True, False], ids=["script", "no-script"])
def test_address_is_changed_from_inside_the_gate_once_it_is_known_who_asks(
    new_visit: NewVisit, settings: Settings, *, script: bool
) -> None:
    settings.PASSWORD_HASHERS = production.PASSWORD_HASHERS
    visit = new_visit(AFTERWARDS, script=script)
    user, new = visit.server.person(), f"new-{script}@example.com".lower()
    visit.sign_in(user, ago=timedelta(hours=1))

    visit.open("account_email")
    visit.send("[name=action_add]", id_email=new)
    expect(visit.page.get_by_role("heading", level=1)).to_have_text("Is it you?")
    visit.send("main form .button", id_password=PASSWORD)
    visit.send("main form .button >> nth=0", id_code=visit.server.code_mailed_to(new))

    with visit.server.database():
        assert User.objects.get(pk=user.pk).email == new
