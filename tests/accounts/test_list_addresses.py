"""Whatever stands in the address of a list of staff: it answers, and looks for nothing that it does not offer."""

from collections.abc import Iterator
from datetime import UTC, datetime
from http import HTTPStatus
from itertools import cycle, product
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils.http import urlencode

from accounts.models import User
from accounts.staff_lists import StaffList
from conversations.models import FeedbackCopy
from privacy.counting import count_due
from privacy.models import PolicyUpdate, Training
from tests.accounts.test_staff_lists import every_list, with_permissions
from tests.factories import answer_as, make_staff

# They try much, and come by little that no other test does: measured, they would take twice as long.
pytestmark = [pytest.mark.django_db, pytest.mark.no_cover]

LONG_AFTER = datetime(2030, 1, 1, tzinfo=UTC)
ANSWERS = {HTTPStatus.OK, HTTPStatus.FOUND, HTTPStatus.BAD_REQUEST}
ODD = (
    *("", "nonsense", "a\0b", "\ud800", "%", "x" * 4000, "9" * 40, "-1", "9999", "٣"),
    *("2025-13-45", "10000-01-01", "2025-W37-3", "' OR 1=1 --", "a@b\0"),
)
COMMON = ("p", "o", "q", "e", "all", "_facets", "_popup", "_to_field", "nonsense", "pk", "id__in", "update", "user")


def address_of(found: StaffList) -> str:
    return reverse(f"admin:{found.opts.app_label}_{found.opts.model_name}_changelist")


def parameters_of(found: StaffList) -> Iterator[tuple[str, str]]:
    """Yield everything that a list takes from its address with each odd value, and with some what it does not take."""
    offered: list[Any] = list(COMMON)
    refused: list[str] = []
    for item in found.list_filter:
        name = (
            item
            if isinstance(item, str)
            else getattr(item, "parameter_name", item[0] if isinstance(item, tuple) else "")
        )
        offered += [name, f"{name}__exact", f"{name}__isnull"]
        refused += [f"{name}__isempty", f"{name}__in"]
    if found.date_hierarchy:
        offered += [f"{found.date_hierarchy}__{part}" for part in ("year", "month", "day")]
        refused.append(f"{found.date_hierarchy}__gte")
    yield from product(dict.fromkeys(offered), ODD)
    yield from product(refused, ("", "1", "a\0b"))


@pytest.mark.parametrize("found", every_list(), ids=lambda found: found.opts.label_lower)
def test_list_answers_whatever_its_address_says(
    found: StaffList, client: Client, alice: User, update: PolicyUpdate
) -> None:
    client.force_login(make_staff(language="en"))
    answer_as(alice, Training.REFUSE)
    count_due()
    client.raise_request_exception = False
    bad, addresses = [], [address_of(found), *([f"{address_of(found)}csv/"] if found.csv_columns else [])]
    # The list and its CSV read their address alike: they take turns, so that each name and each value comes to both.
    for (name, value), address in zip(parameters_of(found), cycle(addresses), strict=False):
        query = urlencode({name: value.encode("utf-8", "surrogatepass")})
        response = client.get(f"{address}?{query}")
        if response.status_code not in ANSWERS:
            bad.append(f"{response.status_code} {address}?{query[:80]}")
    assert bad == []


@pytest.mark.parametrize(
    "query",
    [
        "password__startswith=argon2",
        "password__isnull=0",
        "email__contains=alice",
        "last_login__gte=2025-01-01",
        "joined_at__month=3",
    ],
)
def test_list_of_people_filters_by_nothing_that_it_does_not_offer(query: str, client: Client, alice: User) -> None:
    client.force_login(with_permissions("accounts.view_user", "accounts.download_csv"))
    response = client.get(f"/admin/accounts/user/?{query}", follow=True)
    page = response.content.decode()
    assert response.redirect_chain, "it was filtered by"
    assert "the whole list is shown" in page
    assert "alice@example.com" in page
    assert client.get(f"/admin/accounts/user/csv/?{query}").status_code == HTTPStatus.FOUND


@pytest.mark.parametrize("query", ["comment__contains=secret", "excerpt__icontains=secret", "comment__startswith=s"])
def test_text_of_feedback_is_told_by_no_filter(query: str, client: Client) -> None:
    """Reading it has a permission of its own, and each reading is recorded (rule G3)."""
    FeedbackCopy.objects.create(
        thumb="up", comment="a secret", excerpt=[], filter_version="1", given_on="2025-09-10", expires_at=LONG_AFTER
    )
    client.force_login(with_permissions("conversations.view_feedbackcopy"))
    for word in (query, query.replace("=s", "=zzz")):
        assert client.get(f"/admin/conversations/feedbackcopy/?{word}").status_code == HTTPStatus.FOUND


@pytest.mark.parametrize("found", every_list(), ids=lambda found: found.opts.label_lower)
def test_list_has_its_own_order_whatever_its_address_says(found: StaffList, rf: Any, client: Client) -> None:
    client.force_login(make_staff())
    own = client.get(address_of(found)).context["cl"].queryset.query.order_by
    for order in ("1", "-2", "3.1", "99", "x"):
        assert client.get(f"{address_of(found)}?o={order}").context["cl"].queryset.query.order_by == own
    assert own == tuple(found.get_ordering(rf.get("/")))


def test_error_of_an_address_is_taken_for_no_broken_database(client: Client) -> None:
    client.force_login(make_staff())
    response = client.get("/admin/accounts/user/?nonsense=1&e=1", follow=True)
    assert response.redirect_chain[-1] == ("/admin/accounts/user/?e=1", HTTPStatus.FOUND)
    assert "the whole list is shown" in response.content.decode()
