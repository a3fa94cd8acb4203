"""Auditors ask for records by what was pressed and by the browser's signal, and no such list reads every record."""

import pytest
from django.db import connection
from django.test import Client

from accounts.models import User
from privacy import actions
from privacy.models import ConsentRecord, Method, PolicyUpdate, Training
from tests.factories import MEANWHILE, answer_as, defer_as, make_staff, make_user, shown_token

pytestmark = pytest.mark.django_db

RECORDS = "/admin/privacy/consentrecord/"


@pytest.fixture
def staff(client: Client) -> User:
    """Return a superuser who is signed in."""
    user = make_staff(language="en")
    client.force_login(user)
    return user


def found_by(client: Client, query: str) -> set[ConsentRecord]:
    return set(client.get(f"{RECORDS}?{query}").context["cl"].result_list)


def test_records_are_listed_by_method(staff: User, client: Client, alice: User, update: PolicyUpdate) -> None:
    defer_as(alice, method=Method.ESC)
    answer_as(alice, Training.REFUSE)
    for method in Method.values:
        assert found_by(client, f"method__exact={method}") == set(ConsentRecord.objects.filter(method=method))
    assert [record.kind for record in found_by(client, "method__exact=esc")] == ["deferred"]


def test_records_are_listed_by_the_signal(staff: User, client: Client, alice: User, update: PolicyUpdate) -> None:
    answer_as(alice, Training.REFUSE)
    other = make_user("other@example.com")
    token = shown_token(other, at=MEANWHILE)
    actions.answer(other, token, terms=True, training=Training.REFUSE, gpc=True, at=MEANWHILE)

    assert {record.principal for record in found_by(client, "gpc__exact=1")} == {other.principal}
    assert len(found_by(client, "gpc__exact=1")) == 2
    assert found_by(client, "gpc__exact=0") == set(ConsentRecord.objects.filter(gpc=False))


@pytest.mark.postgresql
@pytest.mark.parametrize(
    ("query", "index"),
    [
        ("kind__exact=deferred", "record_by_kind"),
        ("surface__exact=api", "record_by_surface"),
        ("method__exact=undo", "record_by_method"),
        ("gpc__exact=1", "record_by_signal"),
        ("language=zh-hans", "record_by_language"),
    ],
)
def test_list_of_what_is_rare_has_an_index(query: str, index: str, staff: User, client: Client) -> None:
    """Where nothing else is left to it, the database takes the index: it is one that the filter can use."""
    found = client.get(f"{RECORDS}?{query}").context["cl"].queryset[:100]
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute("DROP INDEX record_by_time")
    assert index in found.explain()
