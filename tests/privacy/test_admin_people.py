"""What staff read of one person: where they stand, in words, and what was written down of them."""

import csv
import io
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Any

import pytest
from allauth.usersessions.models import UserSession
from django.contrib.auth.models import Group
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.actions import change_plan
from accounts.leaving import close_account
from accounts.models import Plan, User
from accounts.roles import VIEWER
from privacy.models import ConsentRecord, PolicyUpdate, Training
from tests.conftest import MoveClock
from tests.factories import DEADLINE, MEANWHILE, answer_as, defer_as, make_user, shown_token
from tests.pages import Element, page

pytestmark = pytest.mark.django_db

PEOPLE = "/admin/accounts/user/"
DAY = timedelta(days=1)


def person_page(client: Client, user: User) -> Element:
    return page(client.get(reverse("admin:accounts_user_change", args=[user.pk])))


def lines_of(client: Client, user: User) -> list[str]:
    return [item.text for item in person_page(client, user).one("ul", class_="person-lines").all("li")]


def part(root: Element, name: str) -> list[list[str]]:
    """Return the rows of a table on the page of a person."""
    (table,) = [found for found in root.all("section") if found.attributes.get("aria-labelledby") == name]
    body = table.all("tbody")[-1]
    return [[cell.text for cell in row.all("td")] for row in body.all("tr")]


# Where someone stands

POP_UP, NOTHING = "The pop-up asks.", "Nothing is asked on the pages of the app."
GATED = "Gated: nothing else is possible before an answer."
HOLDS, LINE = "“Not now” still holds.", "One quiet line in the header leads to the question."


@pytest.mark.parametrize(
    ("does", "at", "lines"),
    [
        ("nothing", MEANWHILE, ["Not answered.", "Terms not accepted.", POP_UP]),
        ("nothing", DEADLINE, ["Not answered.", "Terms not accepted.", GATED]),
        ("defers", MEANWHILE, ["Not answered.", "Terms not accepted.", HOLDS, LINE]),
        ("defers", MEANWHILE + DAY, ["Not answered.", "Terms not accepted.", POP_UP]),
        ("allows", MEANWHILE, ["Answered.", "Terms accepted.", NOTHING]),
        ("defers and allows", MEANWHILE, ["Answered.", "Terms accepted.", NOTHING]),
        ("refuses without the terms", DEADLINE, ["Answered.", "Terms not accepted.", GATED]),
        ("joins a team", MEANWHILE, ["On a commercial plan: never asked, never gated."]),
        ("leaves", MEANWHILE, ["The account is deleted."]),
    ],
)
def test_page_says_where_a_person_stands(
    does: str,
    at: datetime,
    lines: list[str],
    staff: User,
    client: Client,
    alice: User,
    update: PolicyUpdate,
    moved_to: MoveClock,
) -> None:
    if "defers" in does:
        defer_as(alice)
    if "allows" in does:
        answer_as(alice, Training.ALLOW)
    if does == "refuses without the terms":
        answer_as(alice, Training.REFUSE, terms=False)
    if does == "joins a team":
        change_plan(alice, Plan.TEAM, at=MEANWHILE)
    if does == "leaves":
        close_account(alice, at=MEANWHILE)
    moved_to(at)
    assert lines_of(client, alice) == lines


def test_page_says_that_no_update_asks(staff: User, client: Client, alice: User) -> None:
    assert lines_of(client, alice) == ["No policy update asks anything."]


@pytest.mark.parametrize("does", ["nothing", "is shown", "defers", "refuses", "allows"])
def test_choice_of_a_person_is_in_the_list(
    does: str, staff: User, client: Client, alice: User, update: PolicyUpdate
) -> None:
    if does == "is shown":
        shown_token(alice, at=MEANWHILE)
    if does == "defers":
        defer_as(alice)
    if does in {"refuses", "allows"}:
        answer_as(alice, Training(does.removesuffix("s")))
    found = page(client.get(PEOPLE, {"q": alice.email}))
    said = {"refuses": "refuse", "allows": "allow"}.get(does, "never answered")
    assert [cell.text for cell in found.all("td", class_="field-choice")] == [said]


# What was written down


def test_plans_of_a_person_begin_with_the_present_one(staff: User, client: Client, alice: User, mallory: User) -> None:
    change_plan(alice, Plan.PRO, at=MEANWHILE)
    change_plan(alice, Plan.MAX, at=MEANWHILE)
    change_plan(mallory, Plan.TEAM, at=MEANWHILE)
    assert [plan for _at, plan in part(person_page(client, alice), "plans")] == ["Max", "Pro", "Free"]


def test_page_of_a_person_has_the_last_of_their_records_and_leads_to_all(
    staff: User,
    client: Client,
    alice: User,
    mallory: User,
    update: PolicyUpdate,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("privacy.admin.people.RECORDS_SHOWN", 3)
    answer_as(alice, Training.ALLOW)
    answer_as(mallory, Training.REFUSE)
    root = person_page(client, alice)
    assert [row[0] for row in part(root, "records")] == ["3", "2", "1"]
    assert "All records of this person" not in root.text

    answer_as(alice, Training.REFUSE, at=MEANWHILE + DAY)
    root = person_page(client, alice)
    last = ConsentRecord.objects.filter(principal=alice.principal).latest("sequence").sequence
    assert last > 3
    assert [row[0] for row in part(root, "records")] == [str(last - number) for number in range(3)]
    (more,) = [link for link in root.all("a") if link.text == "All records of this person"]
    assert more["href"] == f"/admin/privacy/consentrecord/?q={alice.principal}"


def test_page_of_a_person_shows_the_state_that_was_written(
    staff: User, client: Client, alice: User, mallory: User, update: PolicyUpdate
) -> None:
    answer_as(mallory, Training.ALLOW)
    assert "Times put off" not in person_page(client, alice).text
    defer_as(alice)
    text = person_page(client, alice).text
    assert f"Times put off 1 · {update.version}" in text
    assert "Training choice never answered" in text


# The page's fields, and the list


def test_only_three_fields_of_a_person_can_be_set_and_the_others_are_told(
    staff: User, client: Client, alice: User
) -> None:
    form = person_page(client, alice).one("form", id="user_form")
    inputs = {box["name"] for tag in ("input", "select", "textarea") for box in form.all(tag) if "name" in box}
    set_here = {name for name in inputs if not name.startswith(("csrf", "_", "initial-"))}
    assert set_here == {"is_active", "is_staff", "groups"}
    told = {element.text for element in form.all("div", class_="readonly")}
    assert {alice.email, str(alice.principal), "Free", "English"} <= told
    for name in ("created_at", "joined_at", "last_login", "closed_at", "erased_at", "time_zone", "is_persona"):
        assert form.all("div", class_=f"form-row field-{name}"), name


def test_superuser_switches_an_account_off_and_takes_what_made_it_staff(
    staff: User, client: Client, alice: User
) -> None:
    User.objects.filter(pk=alice.pk).update(is_staff=True)
    alice.groups.add(Group.objects.get(name=VIEWER))
    phone = Client()
    phone.force_login(alice)
    UserSession.objects.create(user=alice, session_key=phone.session.session_key, ip="127.0.0.1")
    client.post(
        reverse("admin:accounts_user_change", args=[alice.pk]),
        {"initial-is_active": "True", "initial-is_staff": "True"},
    )
    alice.refresh_from_db()
    assert (alice.is_active, alice.is_staff, list(alice.groups.all())) == (False, False, [])
    User.objects.filter(pk=alice.pk).update(is_active=True)
    assert phone.get(reverse("privacy:settings")).status_code == HTTPStatus.FOUND, "A former session is open again."


def test_page_of_someone_switched_off_says_what_that_means(staff: User, client: Client, alice: User) -> None:
    User.objects.filter(pk=alice.pk).update(is_active=False)
    assert "nothing of it is used for training" in person_page(client, alice).text


def test_form_left_open_switches_nothing_on_again_that_was_switched_off_meanwhile(
    staff: User, client: Client, alice: User
) -> None:
    form = person_page(client, alice).one("form", id="user_form")
    shown = {
        box["name"]: box["value"] for box in form.all("input") if "name" in box and box["name"].startswith("initial-")
    }
    assert shown == {"initial-is_active": "True", "initial-is_staff": "False"}
    User.objects.filter(pk=alice.pk).update(is_active=False)
    viewers = Group.objects.get(name=VIEWER)
    address = reverse("admin:accounts_user_change", args=[alice.pk])
    client.post(address, shown | {"is_active": "on", "is_staff": "on", "groups": viewers.pk})
    alice.refresh_from_db()
    assert (alice.is_active, alice.is_staff, list(alice.groups.all())) == (False, True, [viewers])


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({}, {"staff", "alice", "gone", "persona", "mei"}),
        ({"closed": "no"}, {"staff", "alice", "persona", "mei"}),
        ({"closed": "yes"}, {"gone"}),
        ({"is_staff__exact": "1"}, {"staff"}),
        ({"is_persona__exact": "1"}, {"persona"}),
        ({"plan__exact": "team"}, {"staff"}),
        ({"language__exact": "zh-hans"}, {"mei"}),
    ],
)
def test_people_are_listed_by(query: dict[str, Any], found: set[str], staff: User, client: Client, alice: User) -> None:
    made = {"alice": alice, "staff": staff}
    made["gone"] = make_user("gone@example.com")
    made["persona"] = make_user("persona@example.com", is_persona=True)
    made["mei"] = make_user("mei@example.com", language="zh-hans")
    close_account(made["gone"], at=MEANWHILE)
    response = client.get(PEOPLE, query)
    assert response.status_code == HTTPStatus.OK
    names = {user.pk: name for name, user in made.items()}
    assert {names[user.pk] for user in response.context["cl"].result_list} == found


def test_people_are_listed_the_newest_first(staff: User, client: Client, alice: User, mallory: User) -> None:
    assert list(client.get(PEOPLE).context["cl"].result_list) == [mallory, alice, staff]


def test_people_take_as_many_queries_for_many_as_for_few(
    staff: User, client: Client, update: PolicyUpdate, django_assert_num_queries: Any
) -> None:
    answer_as(make_user("first@example.com"), Training.REFUSE)
    with CaptureQueriesContext(connection) as few:
        client.get(PEOPLE)
    for number in range(3):
        answer_as(make_user(f"{number}@example.com"), Training.REFUSE)
    with django_assert_num_queries(len(few)):
        client.get(PEOPLE)


def test_person_is_told_in_the_list_and_in_its_file(
    staff: User, client: Client, alice: User, update: PolicyUpdate
) -> None:
    answer_as(alice, Training.ALLOW)
    (row,) = page(client.get(PEOPLE, {"q": alice.email})).one("table", id="result_list").one("tbody").all("tr")
    cells = {cell["class"].split()[0]: cell.text for cell in row.children if isinstance(cell, Element)}
    assert cells == {
        "field-email": alice.email,
        "field-plan": "Free",
        "field-language": "English",
        "field-joined_at": "March 3, 2025, 9:00 a.m.",
        "field-choice": "allow",
        "field-is_staff": "",
        "field-closed_at": "-",
    }
    lines = b"".join(client.get(f"{PEOPLE}csv/", {"q": alice.email}).streaming_content).decode()  # type: ignore[attr-defined]  # a stream
    (told,) = csv.DictReader(io.StringIO(lines.removeprefix("\ufeff")))
    assert told == {
        "Principal": str(alice.principal),
        "E-mail address": alice.email,
        "Plan": "free",
        "Language": "en",
        "Joined": "2025-03-03T09:00:00+00:00",
        "Training choice": "allow",
        "Account deleted": "",
        "QA persona": "False",
    }
