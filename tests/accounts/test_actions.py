"""What changes an account."""

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from accounts.actions import change_plan, lock_user
from accounts.models import Plan, PlanClass, User
from tests.factories import AFTERWARDS, LONG_BEFORE, MEANWHILE, make_user


@pytest.mark.django_db(transaction=True)
def test_lock_needs_a_transaction() -> None:
    alice = make_user("alice@example.com")

    with pytest.raises(transaction.TransactionManagementError):
        lock_user(alice)


def test_lock_reads_the_account_afresh(alice: User) -> None:
    User.objects.filter(pk=alice.pk).update(plan=Plan.TEAM)

    with transaction.atomic(), CaptureQueriesContext(connection) as captured:
        locked = lock_user(alice)

    assert (alice.plan, locked.plan) == (Plan.FREE, Plan.TEAM)
    if connection.vendor == "postgresql":
        assert "FOR NO KEY UPDATE" in captured[-1]["sql"]


def test_lock_of_who_has_gone_says_so(alice: User) -> None:
    gone = User(pk=alice.pk + 1000)

    with transaction.atomic(), pytest.raises(User.DoesNotExist):
        lock_user(gone)


def test_changing_the_plan_keeps_when_it_began(alice: User) -> None:
    change = change_plan(alice, Plan.TEAM, at=MEANWHILE)

    assert (change.plan, change.at) == (Plan.TEAM, MEANWHILE)
    assert [row.plan for row in alice.plan_changes.order_by("at")] == [Plan.FREE, Plan.TEAM]
    assert alice.plan_class is PlanClass.COMMERCIAL
    alice.refresh_from_db()
    assert alice.plan == Plan.TEAM


def test_joining_is_the_first_instant_on_a_consumer_plan_and_no_later_one(db: None) -> None:
    tara = make_user("tara@example.com", plan=Plan.TEAM, joined_at=LONG_BEFORE)
    assert tara.joined_at is None

    change_plan(tara, Plan.PRO, at=MEANWHILE)
    assert tara.joined_at == MEANWHILE
    change_plan(tara, Plan.API, at=AFTERWARDS)
    change_plan(tara, Plan.FREE, at=AFTERWARDS)

    tara.refresh_from_db()
    assert tara.joined_at == MEANWHILE
