"""The lists of evidence, letters and people of the roll-out: what each says of a row, finds, and puts first."""

import csv
import io
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import Any

import pytest
from django.db.models import Model
from django.test import Client

from accounts.models import Plan, User
from privacy import actions
from privacy.counting import count_due
from privacy.models import ConsentRecord, Letter, Method, Notice, PolicyUpdate, RolloutPlace, Surface, Training
from privacy.publication import move_last_day
from privacy.reminders import send_letters
from tests.conftest import MoveClock
from tests.factories import (
    DEADLINE,
    LAST_DAY,
    MEANWHILE,
    VERSION,
    answer_as,
    defer_as,
    make_update,
    make_user,
    shown_token,
)
from tests.pages import Element, page

pytestmark = pytest.mark.django_db

RECORDS, NOTICES = "/admin/privacy/consentrecord/", "/admin/privacy/notice/"
LETTERS, PLACES = "/admin/privacy/letter/", "/admin/privacy/rolloutplace/"
DAY = timedelta(days=1)


def found_by(client: Client, address: str, **query: Any) -> list[Any]:
    response = client.get(address, query)
    assert response.status_code == HTTPStatus.OK, query
    return list(response.context["cl"].result_list)


def rows_of(client: Client, address: str, **query: Any) -> list[dict[str, str]]:
    """Return what a list says of each row, by the names of its columns."""
    table = page(client.get(address, query)).one("table", id="result_list")
    return [
        {
            cell["class"].split()[0].removeprefix("field-"): cell.text
            for cell in row.children
            if isinstance(cell, Element)
        }
        for row in table.one("tbody").all("tr")
    ]


def file_of(client: Client, address: str, **query: Any) -> list[dict[str, str]]:
    """Return the rows of the file of a list, by its heads."""
    text = b"".join(client.get(f"{address}csv/", query).streaming_content).decode()  # type: ignore[attr-defined]  # a stream
    return list(csv.DictReader(io.StringIO(text.removeprefix("\ufeff"))))


# Records


def test_record_is_told_in_the_list_and_in_full_in_its_file(
    staff: User, client: Client, alice: User, update: PolicyUpdate
) -> None:
    answer_as(alice, Training.ALLOW)
    answer_as(alice, Training.REFUSE, at=MEANWHILE + DAY, language="zh-hans")
    record = ConsentRecord.objects.get(kind="training_withdrawn")

    (told,) = rows_of(client, RECORDS, q=str(record.pk))
    assert told.pop("recorded_at")
    assert told == {
        "kind": "permission withdrawn",
        "surface": "settings",
        "language": "Simplified Chinese",
        "method": "button",
        "version": VERSION,
        "principal": str(alice.principal),
        "receipt": str(record.receipt),
    }
    (row,) = file_of(client, RECORDS, q=str(record.pk))
    assert row == {
        "Recorded": record.recorded_at.isoformat(timespec="seconds"),
        "Kind": "training_withdrawn",
        "Policy update": VERSION,
        "Surface": "settings",
        "Language": "zh-hans",
        "Method": "button",
        "Previous value": "allow",
        "New value": "refuse",
        "Principal": str(alice.principal),
        "Number": str(record.sequence),
        "Receipt": str(record.receipt),
        "Happened": record.occurred_at.isoformat(timespec="seconds"),
        "Who acted": str(alice.principal),
        "Global Privacy Control": "False",
        "Notice": record.notice_id,
        "Id": str(record.pk),
        "Hash before": record.previous_hash,
        "Hash": record.hash,
    }


def test_records_are_listed_by_what_they_are(staff: User, client: Client, alice: User, mallory: User) -> None:
    make_update()
    make_update("2025-09-05", announced_at=MEANWHILE - DAY)
    later = make_update("2025-09-20", announced_at=MEANWHILE + 5 * DAY)
    defer_as(alice)
    answer_as(mallory, Training.REFUSE, surface=Surface.SETTINGS, language="zh-hans")
    answer_as(alice, Training.ALLOW, at=MEANWHILE + 6 * DAY)
    filters = {
        "kind__exact": ("kind", "deferred"),
        "surface__exact": ("surface", Surface.SETTINGS),
        "method__exact": ("method", Method.BUTTON),
        "language": ("language", "zh-hans"),
        "update__version__exact": ("update_id", later.pk),
    }
    for name, (column, value) in filters.items():
        wanted = set(ConsentRecord.objects.filter(**{column: value}))
        assert 0 < len(wanted) < ConsentRecord.objects.count()
        assert set(found_by(client, RECORDS, **{name: value})) == wanted, name
    offered = page(client.get(RECORDS)).one(id="changelist-filter").text
    for name in ("kind", "surface", "method", "Global Privacy Control", "language", "policy update"):
        assert f"By {name}" in offered


@pytest.mark.parametrize("address", [RECORDS, LETTERS])
def test_latest_stands_first(staff: User, client: Client, address: str, update: PolicyUpdate) -> None:
    rows: type[Model] = ConsentRecord if address == RECORDS else Letter
    for number in range(4):
        user = make_user(f"{number}@example.com")
        answer_as(user, Training.REFUSE)
        for days, at in ((14, MEANWHILE + number * DAY), (7, MEANWHILE)):
            Letter.objects.create(user=user, update=update, days=days, language="en", begun_at=at)
    column = "recorded_at" if address == RECORDS else "begun_at"
    wanted = sorted(rows._default_manager.all(), key=lambda row: (getattr(row, column), row.pk), reverse=True)
    assert found_by(client, address) == wanted


@pytest.mark.parametrize("address", [RECORDS, LETTERS, PLACES])
def test_search_for_nobody_finds_nothing(
    staff: User, client: Client, alice: User, update: PolicyUpdate, address: str
) -> None:
    answer_as(alice, Training.REFUSE)
    send_letters(now=lambda: DEADLINE - 14 * DAY)
    Letter.objects.create(user=alice, update=update, days=1, language="en", begun_at=MEANWHILE)
    count_due()
    assert found_by(client, address) != []
    for term in ("nobody@example.com", "alice", "00000000-0000-0000-0000-000000000000", "ice@example.com"):
        assert found_by(client, address, q=term) == [], term


@pytest.mark.parametrize(
    ("address", "says"),
    [
        (RECORDS, "A principal, an exact e-mail address, or the id of a receipt or of a record."),
        (NOTICES, "A hash, whole."),
        (LETTERS, "A principal, or an exact e-mail address."),
        (PLACES, "An exact e-mail address or a principal."),
    ],
)
def test_list_says_what_it_can_be_searched_for(staff: User, client: Client, address: str, says: str) -> None:
    root = page(client.get(address))
    assert root.one("input", name="q")["type"] == "text"
    assert says in root.text
    # Of notices there are few: they may be counted, where somebody asks.
    assert ("Show counts" in root.text) is (address == NOTICES)


# Notices


def test_notice_is_found_by_its_whole_hash_however_it_is_written(
    staff: User, client: Client, alice: User, update: PolicyUpdate
) -> None:
    shown_token(alice, at=MEANWHILE)
    shown_token(alice, at=MEANWHILE, surface=Surface.SETTINGS)
    notice = Notice.objects.get(surface=Surface.SETTINGS)
    for term in (notice.sha256, notice.sha256.upper()):
        assert found_by(client, NOTICES, q=term) == [notice]
    assert found_by(client, NOTICES, q=notice.sha256[:-1]) == []


def test_notices_are_listed_by_what_they_are_and_in_order(
    staff: User, client: Client, alice: User, update: PolicyUpdate
) -> None:
    for language in ("zh-hans", "en"):
        for surface in (Surface.SETTINGS, Surface.GATE, Surface.POP_UP):
            shown_token(alice, at=MEANWHILE, surface=surface, language=language)
    make_update("2025-08-01", announced_at=MEANWHILE - DAY)
    shown_token(alice, at=MEANWHILE, surface=Surface.GATE)
    assert [(row["version"], row["surface"], row["language"]) for row in rows_of(client, NOTICES)] == [
        ("2025-08-01", "gate", "English"),
        *(
            (VERSION, surface, name)
            for surface in ("gate", "pop-up", "settings")
            for name in ("English", "Simplified Chinese")
        ),
    ]
    assert {row["sha256"] for row in rows_of(client, NOTICES)} == set(Notice.objects.values_list("pk", flat=True))
    for name, value, count in (
        ("surface__exact", "gate", 3),
        ("language__exact", "zh-hans", 3),
        ("update__version__exact", "2025-08-01", 1),
    ):
        assert len(found_by(client, NOTICES, **{name: value})) == count, name


# Letters


def test_letter_is_told_with_why_it_went_out(
    staff: User, client: Client, alice: User, update: PolicyUpdate, moved_to: MoveClock
) -> None:
    send_letters(now=lambda: DEADLINE - DAY)
    move_last_day(update, LAST_DAY + 20 * DAY, reason="More time.", by=staff, at=DEADLINE - DAY, tells_people=True)
    send_letters(now=lambda: DEADLINE - DAY / 2)
    of_move, reminder = Letter.objects.order_by("-pk")
    assert reminder.sent_at is not None

    said = [
        {name: row[name] for name in row if name not in {"begun_at", "sent_at"}} for row in rows_of(client, LETTERS)
    ]
    common = {"version": VERSION, "language": "English", "principal": str(alice.principal), "problem": "-"}
    assert said == [{**common, "occasion": "the last day has moved"}, {**common, "occasion": "1 day before"}]
    assert {"begun_at", "sent_at"} <= set(rows_of(client, LETTERS)[0])

    row = file_of(client, LETTERS)[1]
    assert row == {
        "Begun": reminder.begun_at.isoformat(timespec="seconds"),
        "Sent": reminder.sent_at.isoformat(timespec="seconds"),
        "Policy update": VERSION,
        "Occasion": "1 day before",
        "Language": "en",
        "Principal": str(alice.principal),
        "Problem": "",
        "ID": str(reminder.pk),
    }
    shown = page(client.get(f"{LETTERS}{of_move.pk}/change/"))
    names = {"begun_at", "sent_at", "update", "occasion", "language", "principal", "problem"}
    assert {name for name in names if not shown.all("div", class_=f"form-row field-{name}")} == set()


def test_letters_are_listed_by_what_they_are(
    staff: User, client: Client, alice: User, mallory: User, update: PolicyUpdate
) -> None:
    other = make_update("2025-09-05", announced_at=MEANWHILE - DAY)
    common = {"days": 14, "begun_at": MEANWHILE}
    sent = Letter.objects.create(user=alice, update=update, language="en", sent_at=MEANWHILE, **common)
    lost = Letter.objects.create(user=mallory, update=other, language="zh-hans", **common)
    for query, found in (
        ({"sent": "yes"}, sent),
        ({"sent": "no"}, lost),
        ({"language__exact": "en"}, sent),
        ({"language__exact": "zh-hans"}, lost),
        ({"update__version__exact": other.pk}, lost),
        ({"q": "Mallory@example.com"}, lost),
    ):
        assert found_by(client, LETTERS, **query) == [found], query


# The people of the roll-out


def counted(client: Client, **query: Any) -> list[RolloutPlace]:
    while count_due():
        pass
    return found_by(client, PLACES, **query)


def test_person_in_the_roll_out_is_told_with_what_they_did(
    staff: User, client: Client, alice: User, update: PolicyUpdate
) -> None:
    User.objects.filter(pk=alice.pk).update(plan=Plan.PRO, language="zh-hans")
    for days in (12, 10, 8, 0.5):
        defer_as(alice, at=MEANWHILE - days * DAY)
    answer_as(alice, Training.ALLOW)
    answer_as(alice, Training.REFUSE, at=MEANWHILE + DAY)
    while count_due():
        pass

    (scope,) = rows_of(client, PLACES, q=alice.email)
    (towards,) = rows_of(client, PLACES, q=alice.email, version=VERSION)
    person = {"person": alice.email, "plan": "Pro", "language": "Simplified Chinese", "update": VERSION}
    assert scope == {
        **person,
        "shown": "",
        "deferrals": "0",
        "answer": "-",
        "answered_on": "-",
        "surface": "-",
        "deferred_until": "-",
    }
    assert towards == {
        **person,
        "shown": "",
        "deferrals": "≥ 4",
        "answer": "refuse",
        "answered_on": "September 10, 2025",
        "surface": "pop-up",
        "deferred_until": "-",
    }
    (of_scope,) = file_of(client, PLACES, q=str(alice.principal))
    (row,) = file_of(client, PLACES, q=str(alice.principal), version=VERSION)
    assert row == {
        "Principal": str(alice.principal),
        "Plan": "Pro",
        "Language": "Simplified Chinese",
        "Policy update": VERSION,
        "Shown": "True",
        "Times put off": "≥ 4",
        "First answer": "allow",
        "Surface of the first answer": "pop-up",
        "Answer": "refuse",
        "Mind changed": "Yes",
        "First answered on": "2025-09-10",
        "Put off until": "",
    }
    assert (of_scope["Shown"], of_scope["Mind changed"]) == ("True", "No")


def test_person_in_the_roll_out_who_did_nothing_is_told_so(
    staff: User, client: Client, alice: User, mallory: User, update: PolicyUpdate
) -> None:
    for number in range(3):
        defer_as(mallory, at=MEANWHILE - 8 * DAY + number * 2 * DAY)
    while count_due():
        pass
    (row,) = file_of(client, PLACES, q=alice.email)
    assert (row["Policy update"], row["Shown"], row["Times put off"], row["Answer"]) == ("", "False", "0", "")
    (towards,) = file_of(client, PLACES, q=mallory.email, version=VERSION)
    assert (towards["Times put off"], towards["Shown"], towards["Mind changed"]) == ("3", "True", "No")
    link = page(client.get(PLACES, {"q": alice.email})).one("table", id="result_list").one("a")
    assert (link["href"], link.text) == (f"/admin/accounts/user/{alice.pk}/change/", alice.email)


def test_people_of_the_roll_out_stand_in_the_order_of_the_index_that_finds_them(
    staff: User, client: Client, update: PolicyUpdate
) -> None:
    people = [
        make_user(
            f"{number}@example.com", language=["zh-hans", "en"][number % 2], plan=[Plan.FREE, Plan.PRO][number // 3]
        )
        for number in range(6)
    ]
    for number, user in enumerate(people):
        shown_token(user, at=MEANWHILE - DAY * [3, 1, 2, 1, 3, 2][number])
        at = MEANWHILE - timedelta(hours=[5, 30, 3, 29, 1, 28][number])
        if number < 4:
            answer_as(user, Training.REFUSE, at=at)
        else:
            defer_as(user, at=MEANWHILE - timedelta(hours=[0, 0, 0, 0, 1, 2][number]))
    everyone = counted(client, version=VERSION)
    assert len(everyone) == 6

    def by(*names: str, **query: Any) -> None:
        found = found_by(client, PLACES, version=VERSION, **query)
        assert len(found) > 1
        assert found == sorted(found, key=lambda place: tuple(getattr(place, name) for name in names)), query

    by("cell_id", "user_id")
    by("answered_on", "user_id", day="2025-09-09/2025-09-10")
    by("deferred_until", "user_id", deferred="now")
    for speed in {place.speed for place in everyone if place.speed is not None}:
        found = found_by(client, PLACES, version=VERSION, speed=speed)
        assert found == sorted(found, key=lambda place: place.user_id)


def test_people_of_the_roll_out_are_listed_by_days(staff: User, client: Client, update: PolicyUpdate) -> None:
    made = {}
    for number in range(8, 13):
        made[number] = make_user(f"{number}@example.com")
        answer_as(made[number], Training.ALLOW, at=datetime(2025, 9, number, 23, 59, 59, tzinfo=UTC))
    while count_due():
        pass
    for days, found in (
        ("2025-09-10", {10}),
        ("2025-09-09/2025-09-11", {9, 10, 11}),
        ("2025-09-11/..", {11, 12}),
        ("2025-09-07", set()),
    ):
        places = found_by(client, PLACES, version=VERSION, day=days)
        assert {place.user_id for place in places} == {made[number].pk for number in found}, days


def test_record_with_the_signal_is_told_in_the_file(
    staff: User, client: Client, alice: User, update: PolicyUpdate
) -> None:
    token = shown_token(alice, at=MEANWHILE)
    actions.answer(alice, token, terms=True, training=Training.REFUSE, gpc=True, at=MEANWHILE)
    said = {row["Kind"]: row["Global Privacy Control"] for row in file_of(client, RECORDS)}
    assert said == {"shown": "False", "terms_accepted": "True", "training_refused": "True"}
