"""Whoever changed is noted in the transaction of the change, whatever made it."""

import threading
import uuid
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from django.core.checks import run_checks
from django.core.management import call_command
from django.db import connection, connections, transaction
from django.test import Client

from accounts.actions import change_plan
from accounts.leaving import close_account
from accounts.models import Plan, User
from privacy import noting
from privacy.counting import count_all, count_due
from privacy.figures import counted, rollout_of
from privacy.models import PolicyUpdate, RolloutDue, RolloutPlace, RolloutState, Training
from privacy.tasks import count_rollout
from tests.at_once import at_once
from tests.factories import DEADLINE, MEANWHILE, answer_as, defer_as, make_user, shown_token
from tests.privacy.slow_count import slowly
from tests.privacy.test_figures import plainly

pytestmark = pytest.mark.django_db

ACTS: dict[str, Callable[[User], object]] = {
    "shown": lambda user: shown_token(user, at=MEANWHILE),
    "deferred": defer_as,
    "answered": lambda user: answer_as(user, Training.REFUSE),
    "plan": lambda user: change_plan(user, Plan.TEAM, at=MEANWHILE),
    "language": lambda user: User.objects.filter(pk=user.pk).update(language="zh-hans"),
    "closed": lambda user: close_account(user, at=MEANWHILE),
    "joined": lambda user: User.objects.filter(pk=user.pk).update(joined_at=MEANWHILE),
    "switched off": lambda user: User.objects.filter(pk=user.pk).update(is_active=False),
    "persona": lambda user: User.objects.filter(pk=user.pk).update(is_persona=True),
    "principal": lambda user: User.objects.filter(pk=user.pk).update(principal=uuid.uuid4()),
}


def due() -> set[uuid.UUID]:
    return set(RolloutDue.objects.values_list("principal", flat=True))


@pytest.mark.parametrize("act", ACTS.values(), ids=ACTS)
def test_change_that_counts_is_noted(act: Callable[[User], object], alice: User, update: PolicyUpdate) -> None:
    count_due()
    assert due() == set()
    act(alice)
    alice.refresh_from_db()
    assert due() == {alice.principal}


def test_new_account_is_noted(mallory: User) -> None:
    assert due() == {mallory.principal}


def test_what_counts_for_nothing_is_not_noted(alice: User, client: Client) -> None:
    count_due()
    client.force_login(alice)
    User.objects.filter(pk=alice.pk).update(time_zone="Asia/Shanghai", email="other@example.com")
    assert due() == set()


def test_change_that_is_rolled_back_leaves_no_note(alice: User) -> None:
    count_due()
    with transaction.atomic():
        change_plan(alice, Plan.PRO, at=MEANWHILE)
        transaction.set_rollback(True)
    assert due() == set()


def test_dropped_trigger_is_found_and_made_again_by_migrate() -> None:
    name = next(iter(noting.NOTES.expected(connection)))
    table = "" if connection.vendor == "sqlite" else f" ON {noting.NOTES.expected(connection)[name].table}"
    with connection.cursor() as cursor:
        cursor.execute(f"DROP TRIGGER {name}{table}")
    found = [error.msg for error in run_checks(databases=["default"]) if error.id == "privacy.E003"]
    assert [name in message for message in found] == [True]

    call_command("migrate", verbosity=0)
    assert noting.NOTES.missing(connection) == []


def test_task_counts_until_nobody_is_left(alice: User, mallory: User, update: PolicyUpdate) -> None:
    assert not counted(MEANWHILE).is_complete
    count_rollout.delay()

    assert due() == set()
    assert counted(MEANWHILE).is_complete
    assert rollout_of(update, MEANWHILE).everyone.in_scope == 2


def test_command_counts_everyone_anew_whatever_was_there(alice: User, update: PolicyUpdate, capsys: Any) -> None:
    answer_as(alice, Training.REFUSE)
    count_due()
    RolloutPlace.objects.all().delete()
    with connection.cursor() as cursor:
        cursor.execute("UPDATE privacy_rolloutcell SET people = 77")
    call_command("count_rollout")

    assert "Counted: 1 people." in capsys.readouterr().out
    assert rollout_of(update, MEANWHILE).everyone.refused == 1
    assert counted(MEANWHILE).is_complete


def test_count_that_was_interrupted_says_so_and_goes_on(
    alice: User, mallory: User, update: PolicyUpdate, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("privacy.counting.BATCH", 1)
    assert next(iter(count_all())) == 1
    assert counted(MEANWHILE).is_under_way
    assert RolloutPlace.objects.count() == 1

    assert list(count_all()) == [1]
    assert not counted(MEANWHILE).is_under_way
    assert rollout_of(update, MEANWHILE).everyone.in_scope == 2


def test_two_who_count_everyone_share_the_work(
    alice: User, mallory: User, update: PolicyUpdate, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("privacy.counting.BATCH", 1)
    one, other = iter(count_all()), iter(count_all())
    assert [next(one), next(other)] == [1, 1]
    assert [list(one), list(other)] == [[], []]
    assert not counted(MEANWHILE).is_under_way
    assert rollout_of(update, MEANWHILE).everyone.in_scope == 2


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
def test_everyone_is_counted_right_by_several_at_once_while_people_act(
    update: PolicyUpdate, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two count everyone, one of them anew and killed on the way; two count whoever changes; people act meanwhile."""
    monkeypatch.setattr("privacy.counting.BATCH", 3)
    people = [make_user(f"{number}@example.com") for number in range(30)]
    acts: list[Callable[[], Any]] = [partial(answer_as, user, Training.REFUSE) for user in people[:10]]
    acts += [partial(change_plan, user, Plan.TEAM, at=MEANWHILE) for user in people[10:14]]
    acts += [partial(close_account, user, at=MEANWHILE) for user in people[14:18]]

    def killed() -> None:
        for _counted in zip(range(2), count_all(anew=True), strict=False):
            pass

    at_once(*acts, killed, lambda: list(count_all(anew=True)), lambda: list(count_all()), *[count_rollout] * 2)
    list(count_all())
    count_rollout()

    for at in (MEANWHILE, DEADLINE):
        assert plainly(rollout_of(update, at)) == slowly(update, at)
    assert counted(MEANWHILE).is_complete


@pytest.mark.django_db(transaction=True)
def test_counting_at_once_counts_everyone_once(update: PolicyUpdate) -> None:
    people = [make_user(f"{number}@example.com") for number in range(30)]
    for user in people:
        defer_as(user)
    at_once(*[lambda: count_due(7)] * 6)
    while count_due():
        pass

    rollout = rollout_of(update, MEANWHILE)
    assert (rollout.everyone.in_scope, rollout.deferred) == (30, 30)


@pytest.mark.django_db(transaction=True)
def test_answers_given_while_people_are_counted_are_counted(update: PolicyUpdate) -> None:
    people = [make_user(f"{number}@example.com") for number in range(12)]
    answers = [lambda user=user: answer_as(user, Training.REFUSE) for user in people]
    at_once(*answers, *[lambda: list(map(count_due, [3] * 8))] * 2)
    while count_due():
        pass

    assert rollout_of(update, MEANWHILE).everyone.refused == 12


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
def test_act_waits_for_nobody_who_counts(alice: User, update: PolicyUpdate) -> None:
    """The lock of whoever counts is one that no act takes."""
    count_due()
    done = threading.Event()

    def act() -> None:
        with connection.cursor() as cursor:
            cursor.execute("SET lock_timeout = '3s'")
        answer_as(alice, Training.REFUSE)
        connections.close_all()
        done.set()

    with transaction.atomic():
        RolloutState.objects.select_for_update().get()
        thread = threading.Thread(target=act)
        thread.start()
        thread.join()
    assert done.is_set()
    assert counted(MEANWHILE + timedelta(days=1)).is_complete is False
