"""The lists that staff read: cheap, read-only, exact in what they find, and safe as a file."""

import csv
import io
import re
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any

import pytest
from django.contrib import admin
from django.contrib.admin.options import ShowFacets
from django.contrib.admin.utils import label_for_field
from django.contrib.auth.models import Permission
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import translation

from accounts import list_files, staff_lists
from accounts.list_files import as_cell
from accounts.models import ListDownload, Plan, User
from accounts.staff_lists import StaffList
from conversations.models import FeedbackCopy, FeedbackReading, Purge
from privacy.counting import count_due
from privacy.models import ConsentRecord, Letter, PolicyUpdate, Surface, Training
from tests.conftest import MoveClock
from tests.factories import LONG_BEFORE, MEANWHILE, answer_as, defer_as, make_staff, make_user
from training.models import Purpose, TrainingRun

pytestmark = pytest.mark.django_db

PEOPLE = "/admin/accounts/user/"


@pytest.fixture
def staff(client: Client) -> User:
    """Return someone signed in who may do everything in the admin."""
    user = make_staff(language="en")
    client.force_login(user)
    return user


def with_permissions(*names: str, email: str = "viewer@example.com") -> User:
    """Return a member of staff with some permissions and no others."""
    user = make_user(email, is_staff=True)
    for name in names:
        label, codename = name.split(".")
        user.user_permissions.add(Permission.objects.get(content_type__app_label=label, codename=codename))
    return user


def rows_of(response: Any) -> list[list[str]]:
    text = b"".join(response.streaming_content).decode()
    assert text.startswith("\ufeff"), "Excel needs it to take the file for UTF-8"
    return list(csv.reader(io.StringIO(text.removeprefix("\ufeff"))))


# What nobody does here


def every_list() -> list[StaffList]:
    return [found for found in admin.site._registry.values() if isinstance(found, StaffList)]


def every_file() -> list[StaffList]:
    """Return the lists that can be taken along."""
    return [found for found in every_list() if found.csv_columns]


def test_lists_are_changed_by_nobody_but_who_is_staff(staff: User, rf: Any) -> None:
    request = rf.get("/")
    request.user = staff
    may = {
        found.opts.label_lower
        for found in every_list()
        if found.has_add_permission(request)
        or found.has_change_permission(request)
        or found.has_delete_permission(request)
    }
    # Who is staff is said there, and runs are made there: by forms of their own.
    assert may == {"accounts.user", "training.trainingrun"}
    assert len(every_list()) >= 8


@pytest.mark.parametrize("found", every_list(), ids=lambda found: found.opts.label_lower)
def test_list_opens_and_is_never_counted_to_its_end(found: StaffList, staff: User, client: Client) -> None:
    with CaptureQueriesContext(connection) as queries:
        response = client.get(reverse(f"admin:{found.opts.app_label}_{found.opts.model_name}_changelist"))
    assert response.status_code == HTTPStatus.OK
    # Short lists may count for their facets, if asked; none does by itself.
    # A run of the list says how many files it has: that is no count of the list.
    sqls = (query["sql"] for query in queries)
    counts = [sql for sql in sqls if sql.startswith("SELECT COUNT(") and "LIMIT" not in sql]
    assert counts == []
    if found.show_facets is ShowFacets.NEVER:
        assert [query["sql"] for query in queries if "DISTINCT" in query["sql"]] == [], "that reads every row"


# Pages


def test_title_of_a_list_is_its_name(staff: User, client: Client) -> None:
    assert "<h1>People</h1>" in client.get(PEOPLE).content.decode()


def test_pages_go_on_for_a_bounded_number_of_rows(staff: User, client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(staff_lists, "MOST_ROWS", 3)
    for number in range(6):
        make_user(f"{number}@example.com")
    page = client.get(PEOPLE)

    assert "There are more: pages go on for 3 rows." in page.content.decode()


def test_date_hierarchy_names_the_dates_there_are(staff: User, client: Client) -> None:
    for number, joined in enumerate((LONG_BEFORE, datetime(2024, 2, 29, 23, tzinfo=UTC), LONG_BEFORE)):
        make_user(f"{number}@example.com", joined_at=joined)
    years = client.get(PEOPLE).content.decode()
    assert "?joined_at__year=2024" in years
    assert "?joined_at__year=2025" in years

    months = client.get(f"{PEOPLE}?joined_at__year=2024").content.decode()
    assert "February 2024" in months
    assert "January 2024" not in months
    assert "0@example.com" not in months


def test_every_page_names_the_zone_of_its_times(staff: User, client: Client) -> None:
    User.objects.filter(pk=staff.pk).update(time_zone="Asia/Shanghai")
    paths = [
        "/admin/",
        "/admin/privacy/",
        "/admin/privacy/policyupdate/add/",
        f"/admin/accounts/user/{staff.pk}/change/",
    ]
    paths += ["/admin/auth/group/", "/admin/training/trainingrun/", "/admin/privacy/rolloutcell/"]
    paths += [reverse(f"admin:{found.opts.app_label}_{found.opts.model_name}_changelist") for found in every_list()]
    for path in paths:
        assert client.get(path).content.decode().count("Times are in this zone: Asia/Shanghai.") == 1, path


def test_chinese_day_is_named_without_leading_zeros(staff: User, client: Client) -> None:
    make_user(joined_at=datetime(2024, 3, 9, 12, tzinfo=UTC))
    User.objects.filter(pk=staff.pk).update(language="zh-hans")
    days = client.get(f"{PEOPLE}?joined_at__year=2024&joined_at__month=3").content.decode()
    assert ">3月9日<" in "".join(days.split())


# Searching


def test_search_finds_an_exact_address_and_no_part_of_one(staff: User, client: Client, alice: User) -> None:
    assert "alice@example.com" in client.get(f"{PEOPLE}?q=ALICE@example.com").content.decode()
    for term in ("alice", "example.com", "lice@example.com", "%", "no-uuid"):
        assert "alice@example.com</a>" not in client.get(PEOPLE, {"q": term}).content.decode()


def test_search_finds_a_person_by_principal_and_by_receipt(
    staff: User, client: Client, alice: User, mallory: User, update: PolicyUpdate
) -> None:
    receipt = answer_as(alice, Training.REFUSE)
    for number in range(3):
        answer_as(make_user(f"{number}@example.com"), Training.REFUSE)
    for term in (alice.principal, receipt):
        page = client.get(PEOPLE, {"q": str(term)}).content.decode()
        assert "alice@example.com</a>" in page
        assert "mallory@example.com" not in page


# Taking a list out


def test_csv_has_the_rows_of_the_filter_and_is_recorded(staff: User, client: Client) -> None:
    make_user("mei@example.com", language="zh-hans", plan=Plan.PRO)
    make_user("ben@example.com", plan=Plan.PRO)
    response = client.get(f"{PEOPLE}csv/?language__exact=zh-hans&plan__exact=pro")
    heads, *rows = rows_of(response)

    assert response["Content-Type"] == "text/csv; charset=utf-8"
    assert heads[:3] == ["Principal", "E-mail address", "Plan"]
    assert [row[1] for row in rows] == ["mei@example.com"]
    (download,) = ListDownload.objects.all()
    assert (download.actor, download.list, download.rows) == (staff.principal, "accounts.user", 1)
    assert download.filters == "language__exact=zh-hans&plan__exact=pro"
    assert download.ended_at is not None


@pytest.mark.usefixtures("staff")
def test_csv_of_records_names_update_and_notice_as_the_pages_do(client: Client, update: PolicyUpdate) -> None:
    answer_as(make_user("ben@example.com"), Training.ALLOW)
    heads, row, *_rest = rows_of(client.get("/admin/privacy/consentrecord/csv/"))
    said = dict(zip(heads, row, strict=True))
    assert said["Policy update"] == update.version
    assert said["Notice"] == ConsentRecord.objects.latest("recorded_at").notice_id


def test_csv_is_chinese_for_who_reads_chinese(staff: User, client: Client) -> None:
    User.objects.filter(pk=staff.pk).update(language="zh-hans")
    (heads, *_rows) = rows_of(client.get(f"{PEOPLE}csv/"))
    assert any("\u4e00" <= sign <= "\u9fff" for sign in "".join(heads))


def test_record_of_a_download_holds_no_address(staff: User, client: Client, alice: User) -> None:
    rows_of(client.get(f"{PEOPLE}csv/", {"q": "Alice@example.com"}))
    (download,) = ListDownload.objects.all()
    assert download.filters == f"q={alice.principal}"


def test_download_that_is_broken_off_says_how_far_it_came(staff: User, client: Client) -> None:
    for number in range(5):
        make_user(f"{number}@example.com")
    response = client.get(f"{PEOPLE}csv/")
    lines = iter(response)
    for _line in range(3):
        next(lines)
    response._iterator.close()  # type: ignore[attr-defined]  # what a server does when a browser has gone

    assert ListDownload.objects.get().rows == 2


def test_csv_reads_a_batch_at_a_time(staff: User, client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(list_files, "BATCH", 2)
    for number in range(5):
        make_user(f"{number}@example.com")
    with CaptureQueriesContext(connection) as queries:
        rows = rows_of(client.get(f"{PEOPLE}csv/"))
    assert len(rows) == 1 + 6
    assert sum(sql["sql"].rstrip().endswith("LIMIT 2") for sql in queries) == 4


@pytest.mark.parametrize("found", every_file(), ids=lambda found: found.opts.label_lower)
def test_csv_has_the_order_of_its_list_whatever_the_batches(
    found: StaffList,
    staff: User,
    client: Client,
    update: PolicyUpdate,
    monkeypatch: pytest.MonkeyPatch,
    moved_to: MoveClock,
) -> None:
    moved_to(MEANWHILE)
    monkeypatch.setattr(list_files, "BATCH", 2)
    fill_every_list(staff)
    address = reverse(f"admin:{found.opts.app_label}_{found.opts.model_name}_changelist")
    for query in ("", *ORDERED_OTHERWISE.get(found.opts.label_lower, ())):
        listed = list(client.get(f"{address}?{query}").context["cl"].result_list)
        _heads, *rows = rows_of(client.get(f"{address}csv/?{query}"))
        # The list of downloads has the one being made, too.
        expected = [[as_cell(value) for value in found.values_of(row)] for row in listed]
        assert len(rows) >= 3, "nothing to be put in order"
        assert [row for row in rows if row in expected] == expected, query


ORDERED_OTHERWISE = {
    "privacy.rolloutplace": (
        "version=2025-08-28",
        "version=2025-08-28&day=2025-09-10",
        "version=2025-08-28&speed=0",
        "version=2025-08-28&deferred=now",
    ),
    "privacy.consentrecord": ("surface__exact=pop_up", "gpc__exact=0"),
}


def fill_every_list(staff: User) -> None:
    """Have at least three rows in every list, some of them alike in what the list is ordered by first."""
    at = MEANWHILE
    for number in range(5):
        answer_as(make_user(f"{number}@example.com"), Training.REFUSE, at=at, language=["en", "zh-hans"][number % 2])
        defer_as(make_user(f"later-{number}@example.com"), at=at)
        Letter.objects.create(
            user=User.objects.get(email=f"later-{number}@example.com"),
            update=PolicyUpdate.objects.get(),
            days=14,
            begun_at=at,
        )
        answer_as(make_user(f"allows-{number}@example.com"), Training.ALLOW, at=at, surface=Surface.SETTINGS)
        copy = FeedbackCopy.objects.create(
            thumb="up", excerpt=[], filter_version="1", given_on=at.date(), expires_at=at.replace(year=2030)
        )
        FeedbackReading.objects.create(copy=copy.pk, actor=staff.principal, at=at)
        Purge.objects.create(at=at, started_at=at)
        TrainingRun.objects.create(purpose=Purpose.MODEL_IMPROVEMENT, created_at=at)
        ListDownload.objects.create(actor=staff.principal, list="accounts.user", at=at)
    while count_due():
        pass


def test_values_of_a_csv_are_in_the_language_of_its_heads(staff: User, client: Client, update: PolicyUpdate) -> None:
    """A server sends the lines after the request, and with it its language, has ended."""
    User.objects.filter(pk=staff.pk).update(language="zh-hans")
    answer_as(make_user("mei@example.com"), Training.REFUSE)
    with translation.override("en"):
        _heads, *rows = rows_of(client.get(f"{PEOPLE}csv/?q=mei@example.com"))
    assert rows[0][5] == translation_of("refuse")


def translation_of(text: str) -> str:
    with translation.override("zh-hans"):
        return translation.gettext(text)


def test_heads_of_a_csv_are_all_different(staff: User) -> None:
    for language in ("en", "zh-hans"):
        with translation.override(language):
            for found in every_file():
                heads = [str(label_for_field(column, found.model, found)) for column in found.csv_columns]
                assert len(set(heads)) == len(heads) > 0, (found, heads)


def test_page_of_a_list_says_nothing_of_its_file(staff: User, client: Client) -> None:
    for number in range(101):
        make_user(f"{number}@example.com")
    page = client.get(f"{PEOPLE}?p=2&plan__exact=free&o=3").content.decode()
    assert '"csv/?plan__exact=free"' in page
    assert len(rows_of(client.get(f"{PEOPLE}csv/?p=99&plan__exact=free&o=3"))) == 1 + 102
    assert ListDownload.objects.get().filters == "plan__exact=free"


@pytest.mark.parametrize("before", ["", " ", "\u3000", "\xa0", "\ufeff", "\u200b", "\x0b", "\r\n ", "\t"])
@pytest.mark.parametrize("sign", ["=", "+", "-", "@", "＝", "＋", "－", "＠"])
def test_cell_is_no_formula(sign: str, before: str) -> None:
    assert as_cell(f"{before}{sign}cmd|' /C calc'!A0").startswith("'")


@pytest.mark.parametrize("sign", ["\t", "\r", "\n"])
def test_cell_begins_with_no_break(sign: str) -> None:
    assert as_cell(f"{sign}text") == f"'{sign}text"


@pytest.mark.parametrize("between", [";", "; ", ";\u3000", "\n", "\r\n", "\t"])
def test_no_formula_begins_where_a_cell_is_split(between: str) -> None:
    """Where a comma is part of numbers, a spreadsheet splits lines at semicolons, and loses count of the quotes."""
    text = as_cell(f'"a{between}=1+1"@example.com')
    assert [part.lstrip()[:1] for part in re.split("[;\t\r\n]", text) if part] == ['"', "'"]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, ""),
        ("同意", "同意"),
        (7, "7"),
        (datetime(2025, 9, 10, 9, tzinfo=UTC), "2025-09-10T09:00:00+00:00"),
        (datetime(2025, 9, 10, tzinfo=UTC).date(), "2025-09-10"),
    ],
)
def test_cell_is_the_plain_value(value: Any, text: str) -> None:
    assert as_cell(value) == text


@pytest.mark.parametrize(
    ("permissions", "status"),
    [
        ((), HTTPStatus.FORBIDDEN),
        (("accounts.view_user",), HTTPStatus.FORBIDDEN),
        (("accounts.download_csv",), HTTPStatus.FORBIDDEN),
        (("accounts.view_user", "accounts.download_csv"), HTTPStatus.OK),
    ],
)
def test_csv_needs_both_permissions(permissions: tuple[str, ...], status: HTTPStatus, client: Client) -> None:
    client.force_login(with_permissions(*permissions))
    assert client.get(f"{PEOPLE}csv/").status_code == status
    assert ListDownload.objects.count() == (status == HTTPStatus.OK)


def test_filter_that_means_nothing_is_taken_back(staff: User, client: Client) -> None:
    assert client.get(f"{PEOPLE}csv/?nonsense=1").status_code == HTTPStatus.FOUND


@pytest.mark.parametrize("zone", ["UTC", "Asia/Shanghai", "Pacific/Honolulu"])
@pytest.mark.parametrize("date", [(9999,), (9999, 12), (9999, 12, 31), (1,), (1, 1), (1, 1, 1), (0,), (99999,)])
def test_date_at_the_end_of_calendars_is_no_error(
    staff: User, client: Client, zone: str, date: tuple[int, ...]
) -> None:
    User.objects.filter(pk=staff.pk).update(time_zone=zone)
    names = ("joined_at__year", "joined_at__month", "joined_at__day")
    query = dict(zip(names, map(str, date), strict=False))
    for address in (PEOPLE, f"{PEOPLE}csv/"):
        assert client.get(address, query).status_code in {HTTPStatus.OK, HTTPStatus.FOUND}
