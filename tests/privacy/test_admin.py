"""What staff see of people, records and the roll-out, and what they can't do."""

import re
from datetime import date, timedelta
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.contrib.auth.models import Group
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.actions import change_plan
from accounts.leaving import close_account
from accounts.models import Plan, User
from privacy.counting import count_due
from privacy.models import ConsentRecord, ConsentState, Letter, PolicyUpdate, RolloutDue, Training
from privacy.reminders import send_letters
from tests.accounts.test_staff_lists import with_permissions
from tests.conftest import MoveClock
from tests.factories import (
    ANNOUNCED,
    DEADLINE,
    MEANWHILE,
    answer_as,
    defer_as,
    make_conversation,
    make_update,
    make_user,
    shown_token,
)

pytestmark = pytest.mark.django_db

ROLLOUT = "/admin/privacy/rolloutcell/"
PLACES = "/admin/privacy/rolloutplace/"
LETTERS = "/admin/privacy/letter/"
SECRET = "Words of a conversation"


def person_page(user: User) -> str:
    return reverse("admin:accounts_user_change", args=[user.pk])


# People


def test_page_of_a_person_shows_plans_standing_state_and_records(
    staff: User, client: Client, alice: User, update: PolicyUpdate
) -> None:
    defer_as(alice)
    receipt = answer_as(alice, Training.REFUSE)
    change_plan(alice, Plan.MAX, at=MEANWHILE)
    make_conversation(alice, SECRET)
    page = client.get(person_page(alice)).content.decode()

    for text in ("Max", "Answered.", "Terms accepted.", "refuse", str(receipt), "put off", str(alice.principal)):
        assert text in page
    assert SECRET not in page
    assert alice.password not in page


@pytest.mark.parametrize(
    ("at", "line"), [(MEANWHILE, "The pop-up asks."), (DEADLINE, "Gated: nothing else is possible before an answer.")]
)
def test_page_of_a_person_says_how_the_question_comes(
    at: Any, line: str, staff: User, client: Client, alice: User, update: PolicyUpdate, moved_to: MoveClock
) -> None:
    moved_to(at)
    assert line in client.get(person_page(alice)).content.decode()


def test_nothing_that_lets_staff_become_a_person_can_be_set(
    staff: User, client: Client, alice: User, update: PolicyUpdate
) -> None:
    answer_as(alice, Training.REFUSE)
    before = User.objects.filter(pk=alice.pk).values().get()
    sent = {
        "email": "mallory@example.com",
        "password": "x",
        "principal": str(staff.principal),
        "plan": "team",
        "is_superuser": "on",
        "training": "allow",
        "is_active": "on",
        "is_persona": "on",
    }
    response = client.post(person_page(alice), sent)

    assert response.status_code == HTTPStatus.FOUND
    assert User.objects.filter(pk=alice.pk).values().get() == before
    assert ConsentState.objects.get(user=alice).training == Training.REFUSE
    assert client.get(f"/admin/accounts/user/{alice.pk}/password/").status_code in {302, 404}


def test_superuser_says_who_is_staff(staff: User, client: Client, alice: User) -> None:
    auditors = Group.objects.create(name="Those who audit")
    client.post(person_page(alice), {"is_active": "on", "is_staff": "on", "groups": [auditors.pk]})
    alice.refresh_from_db()
    assert (alice.is_staff, list(alice.groups.all())) == (True, [auditors])


def test_nobody_else_does(client: Client, alice: User) -> None:
    viewer = with_permissions("accounts.view_user", "accounts.change_user")
    client.force_login(viewer)
    response = client.post(person_page(viewer), {"is_active": "on", "is_staff": "on", "is_superuser": "on"})
    assert response.status_code == HTTPStatus.FORBIDDEN
    assert client.get(person_page(alice)).status_code == HTTPStatus.OK


def test_deleted_account_is_only_read(staff: User, client: Client, alice: User) -> None:
    close_account(alice, at=MEANWHILE)
    assert client.post(person_page(alice), {"is_active": "on"}).status_code == HTTPStatus.FORBIDDEN
    assert "The account is deleted." in client.get(person_page(alice)).content.decode()


# Records


def test_record_is_read_and_never_changed(staff: User, client: Client, alice: User, update: PolicyUpdate) -> None:
    answer_as(alice, Training.ALLOW)
    record = ConsentRecord.objects.get(kind="training_allowed")
    page = reverse("admin:privacy_consentrecord_change", args=[record.pk])
    assert record.hash in client.get(page).content.decode()
    for address in (page, page.replace("change", "delete"), "/admin/privacy/consentrecord/add/"):
        assert client.post(address, {"kind": "shown"}).status_code == HTTPStatus.FORBIDDEN
    assert ConsentRecord.objects.get(pk=record.pk).kind == "training_allowed"


def test_record_leads_to_its_person_and_to_nothing_that_is_not_there(
    staff: User, client: Client, alice: User, update: PolicyUpdate
) -> None:
    answer_as(alice, Training.ALLOW)
    record = ConsentRecord.objects.get(kind="training_allowed")
    page = client.get(reverse("admin:privacy_consentrecord_change", args=[record.pk])).content.decode()
    assert f'"/admin/privacy/consentrecord/?q={alice.principal}"' in page
    assert f'"/admin/accounts/user/?q={alice.principal}"' in page
    assert "<h1>Consent record</h1>" in page
    # The receipt is its person's page (rule G3), and nothing here changes, so neither has a link.
    assert "/admin/r/" not in page
    assert "/history/" not in page


@pytest.mark.parametrize("by", ["email", "principal", "receipt", "id"])
def test_records_are_found(
    by: str, staff: User, client: Client, alice: User, mallory: User, update: PolicyUpdate
) -> None:
    receipt = answer_as(alice, Training.ALLOW)
    answer_as(mallory, Training.ALLOW)
    record = ConsentRecord.objects.get(receipt=receipt, kind="terms_accepted")
    term = {"email": alice.email, "principal": alice.principal, "receipt": receipt, "id": record.pk}[by]
    page = client.get("/admin/privacy/consentrecord/", {"q": str(term)}).content.decode()

    assert page.count(f'<td class="field-principal">{alice.principal}') == {"id": 1, "receipt": 2}.get(by, 3)
    assert str(mallory.principal) not in page


# The roll-out page


def shown_numbers(page: str) -> list[tuple[int, str]]:
    """Return the numbers on the page that lead to a list, with their addresses."""
    found = re.findall(r'<a href="(/admin/privacy/rolloutplace/[^"]*)">([\d,]+)</a>', page)
    return [(int(number.replace(",", "")), address.replace("&amp;", "&")) for address, number in found]


def fill() -> None:
    """Have people do one of everything."""
    for number in range(14):
        user = make_user(
            f"{number}@example.com",
            plan=[Plan.FREE, Plan.PRO, Plan.MAX][number % 3],
            language=["en", "zh-hans"][number % 2],
            joined_at=MEANWHILE if number % 7 == 6 else ANNOUNCED.replace(month=1),
        )
        if number % 7 < 2:
            shown_token(user, at=ANNOUNCED)
        if number % 7 in {2, 3}:
            defer_as(user, at=MEANWHILE)
        if number % 7 in {3, 4, 5}:
            answer_as(user, [Training.ALLOW, Training.REFUSE][number % 2], at=MEANWHILE)
        if number % 7 == 5:
            answer_as(user, Training.REFUSE, terms=False, at=MEANWHILE)


@pytest.mark.long
@pytest.mark.parametrize("at", [MEANWHILE, DEADLINE])
def test_every_number_leads_to_as_many_people(
    at: Any, staff: User, client: Client, update: PolicyUpdate, moved_to: MoveClock
) -> None:
    fill()
    moved_to(at)
    numbers = shown_numbers(client.get(ROLLOUT).content.decode())
    assert len(numbers) > 60
    assert {"standing", "day", "speed", "plan", "answer", "changed", "put_off", "deferred"} <= {
        name for _number, address in numbers for name in parse_qs(urlsplit(address).query)
    }
    for number, address in numbers:
        found = client.get(address)
        assert found.status_code == HTTPStatus.OK, address
        assert found.context["cl"].result_count == number, address


@pytest.mark.long
def test_every_number_of_every_update_leads_to_as_many_people(
    staff: User, client: Client, update: PolicyUpdate, moved_to: MoveClock
) -> None:
    """Of one that is superseded, one that is asked and one to come: whoever answered which."""
    fill()
    later = make_update("2025-10-01", announced_at=DEADLINE, last_day=date(2025, 11, 1))
    make_update("2025-12-01", announced_at=DEADLINE + timedelta(days=60), last_day=date(2025, 12, 24))
    for number in (2, 3, 4, 11):
        answer_as(User.objects.get(email=f"{number}@example.com"), Training.ALLOW, at=DEADLINE + timedelta(days=40))
    answer_as(User.objects.get(email="3@example.com"), Training.REFUSE, at=DEADLINE + timedelta(days=41))
    for email, plan in (("4@example.com", Plan.TEAM), ("11@example.com", Plan.PRO)):
        change_plan(User.objects.get(email=email), plan, at=DEADLINE + timedelta(days=42))
    close_account(User.objects.get(email="5@example.com"), at=DEADLINE)
    moved_to(DEADLINE + timedelta(days=45))

    for version in (update.version, later.version, "2025-12-01"):
        page = client.get(ROLLOUT, {"update": version}).content.decode()
        bare = re.findall(r'<td class="number">\s*([\d,]+)\s*</td>', page)
        assert bare == [], f"numbers of {version} that lead nowhere"
        numbers = shown_numbers(page)
        assert len(numbers) > 50
        for number, address in numbers:
            assert client.get(address).context["cl"].result_count == number, address


def test_page_counts_a_small_rest_and_says_of_when_it_is(
    staff: User, client: Client, alice: User, update: PolicyUpdate, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("privacy.admin.rollout.count_due", lambda: count_due(1))
    assert "some changes since then are still to be counted" in client.get(ROLLOUT).content.decode()
    assert "As of September 10, 2025" in client.get(ROLLOUT).content.decode()
    assert not RolloutDue.objects.exists()


def test_page_is_of_the_latest_announced_update_and_of_others_by_name(
    staff: User, client: Client, update: PolicyUpdate
) -> None:
    assert client.get(ROLLOUT).context["update"] == update
    make_update("2025-12-01", announced_at=DEADLINE, last_day=DEADLINE.date().replace(month=12))
    assert client.get(ROLLOUT).context["update"] == update
    page = client.get(ROLLOUT, {"update": "2025-12-01"})
    assert page.context["update"].version == "2025-12-01"
    assert "not the one that is asked now" in page.content.decode()
    assert client.get(ROLLOUT, {"update": "none"}).status_code == HTTPStatus.NOT_FOUND


def test_page_before_any_update_says_so(staff: User, client: Client) -> None:
    assert "has been published yet" in client.get(ROLLOUT).content.decode()


def test_allow_and_refuse_stand_in_the_same_form(
    staff: User, client: Client, alice: User, update: PolicyUpdate
) -> None:
    answer_as(alice, Training.ALLOW)
    page = client.get(ROLLOUT).content.decode()
    allow, refuse = (part.partition("</div>")[0] for part in page.split('<div class="answer">')[1:])
    shape = re.compile(r"key-\d|fill-\d|answer=\w+|[\d.]+|Allow|Refuse")
    assert shape.sub("", allow) == shape.sub("", refuse)
    assert "target" not in page.lower().partition('class="rollout-page"')[2].partition("<footer")[0]


def test_page_has_no_inline_style_or_script_of_its_own(staff: User, client: Client, update: PolicyUpdate) -> None:
    fill()
    page = client.get(ROLLOUT).content.decode().partition('class="rollout-page"')[2]
    assert " style=" not in page
    assert "<style" not in page


def test_page_takes_as_many_queries_for_many_people_as_for_few(
    staff: User, client: Client, alice: User, update: PolicyUpdate
) -> None:
    defer_as(alice)
    few = queries_of_page(client)
    fill()
    assert queries_of_page(client) == few


def queries_of_page(client: Client) -> int:
    client.get(ROLLOUT)
    with CaptureQueriesContext(connection) as queries:
        client.get(ROLLOUT)
    return len(queries)


@pytest.mark.parametrize(
    ("permissions", "page", "links"),
    [
        ((), HTTPStatus.FORBIDDEN, 0),
        (("privacy.view_rolloutcell",), HTTPStatus.OK, 0),
        (("privacy.view_rolloutcell", "privacy.view_rolloutplace"), HTTPStatus.OK, 1),
    ],
)
def test_page_and_links_need_their_permissions(
    permissions: tuple[str, ...], page: HTTPStatus, links: int, client: Client, update: PolicyUpdate
) -> None:
    client.force_login(with_permissions(*permissions))
    response = client.get(ROLLOUT)
    assert response.status_code == page
    assert bool(shown_numbers(response.content.decode())) == bool(links)


@pytest.mark.parametrize(
    "query",
    [
        *("answer=maybe", "day=soon", "day=2025-13-45", "day=2025-09-10/x", "speed=99", "standing=odd", "nonsense=1"),
        *("deferred=then", "no_answer=none", "version=nonsense", "shown=2", "cell=1"),
    ],
)
def test_filter_of_people_that_means_nothing_is_taken_back(
    query: str, staff: User, client: Client, update: PolicyUpdate
) -> None:
    response = client.get(f"{PLACES}?version={update.version}&{query}", follow=True)
    assert response.redirect_chain == [(f"{PLACES}?e=1", HTTPStatus.FOUND)]
    assert "the whole list is shown" in response.content.decode()


# Letters


def test_letters_are_found_by_whom_they_went_to(
    staff: User, client: Client, alice: User, mallory: User, update: PolicyUpdate
) -> None:
    send_letters(now=lambda: DEADLINE - timedelta(days=14))
    row = Letter.objects.get(user=alice)
    for term in (alice.email, str(alice.principal)):
        shown = client.get(LETTERS, {"q": term}).content.decode()
        assert shown.count('<td class="field-principal">') == 1
        assert f'<td class="field-principal">{alice.principal}' in shown
        assert "14 days before" in shown
    assert alice.email not in client.get(LETTERS).content.decode()

    assert f'href="{LETTERS}?q={alice.principal}"' in client.get(person_page(alice)).content.decode()

    page = reverse("admin:privacy_letter_change", args=[row.pk])
    assert str(alice.principal) in client.get(page).content.decode()
    for address in (page, page.replace("change", "delete"), f"{LETTERS}add/"):
        assert client.post(address, {"problem": "None."}).status_code == HTTPStatus.FORBIDDEN
    assert Letter.objects.get(pk=row.pk).sent_at == row.sent_at


def test_letters_that_may_not_have_arrived_are_a_list(
    staff: User, client: Client, alice: User, mallory: User, update: PolicyUpdate
) -> None:
    send_letters(now=lambda: DEADLINE - timedelta(days=14))
    Letter.objects.filter(user=mallory).update(sent_at=None, problem="SMTPServerDisconnected")
    shown = client.get(LETTERS, {"sent": "no"}).content.decode()
    assert "SMTPServerDisconnected" in shown
    assert str(alice.principal) not in shown
    assert str(mallory.principal) not in client.get(LETTERS, {"sent": "yes"}).content.decode()


def test_letters_take_as_many_queries_for_many_as_for_one(
    staff: User, client: Client, alice: User, update: PolicyUpdate, django_assert_num_queries: Any
) -> None:
    send_letters(now=lambda: DEADLINE - timedelta(days=14))
    with CaptureQueriesContext(connection) as one:
        client.get(LETTERS)
    for number in range(3):
        make_user(f"person{number}@example.com")
    send_letters(now=lambda: DEADLINE - timedelta(days=14))
    with django_assert_num_queries(len(one)):
        client.get(LETTERS)
