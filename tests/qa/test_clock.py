"""The clock of one browser: it moves the rules for personas there, and nothing else (rule H2)."""

import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import Any

import pytest
from celery import shared_task
from django.contrib.sessions.models import Session
from django.db import connection
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts import clock
from accounts.models import User
from privacy.auth_backends import AuthenticationBackend
from privacy.models import ConsentRecord, Kind, PolicyUpdate
from qa.browser import COOKIE, Browser
from qa.making import make
from qa.personas import PERSONAS
from qa.product_time import browser_time, product_time
from tests.conftest import MoveClock
from tests.factories import AFTERWARDS, ANNOUNCED, DEADLINE, MEANWHILE, PASSWORD, SECOND, make_user
from tests.processes import start
from tests.qa.conftest import Become, set_clock

CHATS, QUESTION = "/chats/", "/privacy/question/"


def is_gated(browser: Client) -> bool:
    response = browser.get(CHATS)
    if response.status_code == HTTPStatus.SEE_OTHER:
        return bool(response["Location"].startswith(QUESTION))
    assert response.status_code == HTTPStatus.OK
    return False


def has_pop_up(browser: Client) -> bool:
    return b'id="pop-up"' in browser.get(CHATS).content


@pytest.mark.parametrize(
    ("at", "pop_up", "gated"),
    [
        (ANNOUNCED - SECOND, False, False),
        (ANNOUNCED, True, False),
        (DEADLINE - SECOND, True, False),
        (DEADLINE, False, True),
        (DEADLINE + SECOND, False, True),
    ],
    ids=["second-before-announcement", "announcement", "second-before-deadline", "deadline", "second-after"],
)
def test_clock_moves_what_a_persona_meets(
    client: Client, become: Become, at: datetime, *, pop_up: bool, gated: bool
) -> None:
    become("undecided-first-day")
    set_clock(client, at)

    assert (has_pop_up(client), is_gated(client)) == (pop_up, gated)


def test_person_is_loaded_with_the_question_of_that_instant(client: Client, become: Become) -> None:
    become("undecided-first-day")
    for at, asked_version in ((ANNOUNCED - SECOND, None), (ANNOUNCED, "2025-08-28")):
        set_clock(client, at)
        loaded: Any = client.get(CHATS).wsgi_request.user
        assert loaded.asked_version == asked_version


@pytest.mark.parametrize("name", ["before-announcement", "second-before-deadline", "second-after-deadline", "real"])
def test_preset_sets_it(client: Client, become: Become, name: str) -> None:
    become("undecided-first-day")

    client.post(reverse("qa:clock"), {"preset": name})

    assert is_gated(client) is (name in {"second-after-deadline", "real"})


@pytest.mark.parametrize("text", ["", "yesterday", "1999-12-31T23:59:59", "2101-01-01T00:00:00", "9999-12-31T23:59:59"])
def test_what_is_no_instant_is_refused(client: Client, become: Become, text: str) -> None:
    become("undecided-first-day")

    response = client.post(reverse("qa:clock"), {"at": text})

    assert response.status_code == HTTPStatus.UNPROCESSABLE_ENTITY
    assert b"error-summary" in response.content
    assert not is_gated(client), "the clock is where it was"


# It is for personas only


def test_ordinary_account_in_the_same_browser_lives_in_the_products_time(
    client: Client, become: Become, alice: User
) -> None:
    become("undecided-first-day")
    assert not is_gated(client)

    client.post("/accounts/logout/")
    client.post("/accounts/login/", {"login": alice.email, "password": PASSWORD})

    assert Browser.of(client.get("/health/").wsgi_request).at == ANNOUNCED, "the browser still has it"
    assert is_gated(client), "today the deadline has passed"


def test_clock_is_the_browsers_and_moves_again_for_the_next_persona(client: Client, become: Become) -> None:
    become("allowed")
    set_clock(client, DEADLINE)
    make(PERSONAS["team"])
    client.post("/accounts/logout/")
    response = client.post("/accounts/login/", {"login": PERSONAS["team"].email, "password": "demo-pass-2025"})
    assert response.status_code == HTTPStatus.FOUND

    assert b"2025-09-29 12:00:00 UTC" in client.get(CHATS).content


@pytest.mark.parametrize("slug", ["viewer", "auditor", "roll-out-manager", "training-manager"])
def test_staff_live_in_the_products_time_whatever_the_clock_says(client: Client, become: Become, slug: str) -> None:
    become(slug)
    set_clock(client, ANNOUNCED - SECOND)

    assert is_gated(client)


def test_signed_out_browser_lives_in_the_products_time(client: Client, become: Become) -> None:
    become("undecided-first-day")
    set_clock(client, ANNOUNCED - SECOND)
    client.post("/accounts/logout/")

    assert b"2025-08-28" in client.get("/legal/terms/").content


def test_forged_or_foreign_cookie_moves_nothing(client: Client, become: Become) -> None:
    become("undecided-first-day")
    for value in ("", "x", '["2025-08-01T00:00:00+00:00", ""]', client.cookies[COOKIE].value[:-1] + "x"):
        client.cookies[COOKIE] = value
        assert is_gated(client)


# It never reaches anyone else


def test_clock_of_one_browser_does_not_reach_another(client: Client, become: Become) -> None:
    other = Client()
    become("undecided-first-day")
    become("undecided-first-day", browser=other)
    set_clock(client, DEADLINE)

    for _turn in range(3):
        assert is_gated(client)
        assert not is_gated(other)
    assert clock.moved_to.get() is None


def test_nothing_is_left_moved_after_an_error(client: Client, become: Become, settings: Any) -> None:
    become("undecided-first-day")
    client.raise_request_exception = False
    settings.ASSISTANT = "nowhere.at.all"

    assert client.post("/chats/new/", {"text": "Hello"}).status_code == HTTPStatus.INTERNAL_SERVER_ERROR
    assert clock.moved_to.get() is None


@pytest.mark.django_db(transaction=True)
def test_clock_of_one_browser_does_not_reach_a_request_of_another_at_the_same_time(become: Become) -> None:
    early, late = Client(), Client()
    become("undecided-first-day", browser=early)
    become("undecided-first-day", browser=late)
    set_clock(late, DEADLINE)
    together = threading.Barrier(2, timeout=60)
    seen: dict[str, list[bool]] = {"early": [], "late": []}

    def visit(name: str, browser: Client) -> None:
        try:
            for _turn in range(10):
                together.wait()
                seen[name].append(is_gated(browser))
        finally:
            connection.close()

    threads = [threading.Thread(target=visit, args=pair) for pair in (("early", early), ("late", late))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert seen == {"early": [False] * 10, "late": [True] * 10}


OTHER_PROCESS = """
import django, os; django.setup()
from accounts import clock
from django.contrib.auth import get_user
from django.test import Client
client = Client()
client.cookies["session"] = os.environ["SESSION"]
response = client.get("/chats/")
print(response.status_code, response.wsgi_request.user, clock.now().isoformat(), sep=" ")
"""


@pytest.mark.django_db(transaction=True)
def test_clock_does_not_reach_another_process(client: Client, become: Become) -> None:
    account = become("undecided-first-day")
    assert not is_gated(client)
    session = client.cookies["session"].value
    assert Session.objects.filter(pk=session).exists()

    before = timezone.now()
    told = start("-c", OTHER_PROCESS, SESSION=session)
    out, _err = told.communicate(timeout=60)

    status, who, now = out.strip().splitlines()[-1].split(" ")
    assert who == account.email
    assert int(status) == HTTPStatus.SEE_OTHER, "without the browser's cookie it is the product's time, and gated"
    assert before <= datetime.fromisoformat(now) <= timezone.now()


# Tasks

asked: list[datetime] = []


@shared_task(name="tests.qa.ask_the_clock")
def ask_the_clock(*, again: bool = False) -> None:
    asked.append(clock.now())
    if again:
        ask_the_clock.delay()
        asked.append(clock.now())


@shared_task(name="tests.qa.fail")
def fail() -> None:
    asked.append(clock.now())
    raise ArithmeticError


@pytest.fixture(autouse=True)
def _nothing_asked_yet() -> Iterator[None]:
    asked.clear()
    yield
    asked.clear()


@pytest.mark.parametrize("again", [False, True], ids=["a task", "a task of a task"])
def test_task_does_not_see_the_clock_of_the_request_that_set_it_off(*, again: bool) -> None:
    with browser_time(MEANWHILE):
        ask_the_clock.delay(again=again)

        assert len(asked) == (3 if again else 1)
        assert all(at > datetime(2026, 1, 1, tzinfo=UTC) for at in asked)
        assert clock.now() == MEANWHILE, "the request goes on at its own"


def test_request_goes_on_at_its_clock_after_a_task_that_failed() -> None:
    with browser_time(MEANWHILE):
        with pytest.raises(ArithmeticError):
            fail.delay()

        assert asked[0] > datetime(2026, 1, 1, tzinfo=UTC)
        assert clock.now() == MEANWHILE


@pytest.mark.django_db(transaction=True)
def test_export_that_a_persona_asks_for_is_written_by_the_products_clock(client: Client, become: Become) -> None:
    account = become("allowed")

    client.post(reverse("accounts:start_export"))

    export = account.data_exports.get()
    assert export.requested_at == PERSONAS["allowed"].instant()
    assert export.finished_at is not None
    assert abs(export.finished_at - timezone.now()) < timedelta(minutes=5)
    file = client.get(reverse("accounts:export_file", args=[export.pk]))
    assert file.status_code == HTTPStatus.OK
    file.close()


def test_product_time_puts_the_clock_aside_for_a_while(moved_to: MoveClock) -> None:
    moved_to(MEANWHILE)
    with product_time():
        assert clock.now() > AFTERWARDS
    assert clock.now() == MEANWHILE


# What is recorded


def test_records_have_the_real_time_beside_the_moved_one(client: Client, become: Become) -> None:
    account = become("undecided-first-day")
    set_clock(client, MEANWHILE)
    before = timezone.now()

    client.get(CHATS)

    record = ConsentRecord.objects.get(principal=account.principal)
    assert (record.kind, record.occurred_at) == (Kind.SHOWN, MEANWHILE)
    assert before <= record.recorded_at <= timezone.now()
    assert record.actor == record.principal == account.principal


def test_loading_sees_no_moved_clock_where_nobody_moved_one(update: PolicyUpdate) -> None:
    user = make_user("someone@example.com", is_persona=True)
    loaded: Any = AuthenticationBackend().get_user(user.pk)
    assert loaded.asked_version == update.version
