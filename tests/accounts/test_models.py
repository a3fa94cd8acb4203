"""People and their plans."""

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from accounts.models import CONSUMER_PLANS, Plan, PlanChange, PlanClass, User, validate_time_zone
from tests.conftest import MoveClock
from tests.factories import LONG_BEFORE, MEANWHILE, make_user


@pytest.mark.parametrize("plan", Plan)
def test_plan_is_of_one_class(plan: Plan) -> None:
    commercial = {Plan.TEAM, Plan.ENTERPRISE, Plan.GOV, Plan.EDUCATION, Plan.API}

    assert (plan.plan_class is PlanClass.COMMERCIAL) is (plan in commercial)
    assert (plan in CONSUMER_PLANS) is (plan not in commercial)


@pytest.mark.parametrize("plan", Plan)
def test_new_account_starts_its_plan(db: None, plan: Plan) -> None:
    user = make_user(plan=plan, joined_at=MEANWHILE)

    assert [(change.plan, change.at) for change in user.plan_changes.all()] == [(plan, MEANWHILE)]
    assert user.joined_at == (MEANWHILE if plan in CONSUMER_PLANS else None)
    assert user.is_consumer is (plan in CONSUMER_PLANS)


def test_new_account_is_created_now_by_the_products_clock(db: None, moved_to: MoveClock) -> None:
    moved_to(MEANWHILE)

    user = User.objects.create_user("someone@example.com")

    assert user.created_at == user.joined_at == MEANWHILE


def test_saving_an_account_again_starts_nothing(alice: User) -> None:
    alice.save()

    assert alice.plan_changes.count() == 1
    assert alice.joined_at == LONG_BEFORE


def test_account_that_can_not_be_saved_leaves_no_plan(alice: User) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        make_user("ALICE@example.com")

    assert PlanChange.objects.count() == 1


def test_address_is_kept_and_found_in_lower_case(db: None) -> None:
    user = User.objects.create_user("Alice@Example.COM")

    assert user.email == "alice@example.com"
    assert User.objects.get_by_natural_key("aLICE@example.com") == user


def test_address_in_capitals_is_refused_by_the_database(alice: User) -> None:
    with pytest.raises(IntegrityError, match="user_email_is_lower_case"), transaction.atomic():
        User.objects.filter(pk=alice.pk).update(email="Alice@example.com")


def test_plan_nobody_knows_is_refused_by_the_database(alice: User) -> None:
    with pytest.raises(IntegrityError, match="user_plan_is_known"), transaction.atomic():
        User.objects.filter(pk=alice.pk).update(plan="gold")


def test_consumer_who_never_joined_is_refused_by_the_database(alice: User) -> None:
    with pytest.raises(IntegrityError, match="user_on_a_consumer_plan_has_joined"), transaction.atomic():
        User.objects.filter(pk=alice.pk).update(joined_at=None)


def test_account_without_a_password_can_not_sign_in_with_one(db: None) -> None:
    assert not User.objects.create_user("someone@example.com").has_usable_password()


def test_principals_are_different_and_say_nothing_of_the_person(alice: User, mallory: User) -> None:
    assert alice.principal != mallory.principal
    assert alice.principal.version == 4


@pytest.mark.parametrize("name", ["UTC", "Europe/Berlin", "Asia/Shanghai", "America/Argentina/Buenos_Aires"])
def test_time_zone_of_the_iana_database_is_known(name: str) -> None:
    validate_time_zone(name)


@pytest.mark.parametrize("name", ["", "Mars/Olympus", "../etc/passwd", "utc\0", "+01:00"])
def test_time_zone_nobody_knows_is_refused(name: str) -> None:
    with pytest.raises(ValidationError):
        validate_time_zone(name)
