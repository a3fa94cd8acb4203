"""What acts take out of a run that has not started, whatever comes after them; and what a started run keeps."""

import uuid
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.urls import reverse

from accounts import journal
from accounts.actions import change_plan
from accounts.leaving import close_account, erase
from accounts.models import Plan, User
from conversations import actions as conversation_actions
from conversations.models import Conversation
from privacy.models import CoverageReading, PolicyUpdate, Training
from privacy.publication import move_last_day
from tests.conftest import MoveClock
from tests.factories import MEANWHILE, SECOND, answer_as, make_conversation, make_staff, make_update, make_user
from tests.processes import manage
from tests.training.runs import LATER, exported, files, held, make_run, start, texts
from training import actions, filing, problems, store, tasks
from training.manifest import note_removal
from training.models import Purpose, Removal, State, TrainingRun
from training.verification import differences

pytestmark = pytest.mark.django_db
DAY, HOUR = timedelta(days=1), timedelta(hours=1)


def delete(user: User, conversation: Conversation) -> None:
    conversation_actions.delete_conversation(user, conversation, at=LATER)


def delete_and_undo(user: User, conversation: Conversation) -> None:
    delete(user, conversation)
    conversation_actions.undo_deletion(user, conversation, at=LATER + SECOND)


def exclude(user: User, conversation: Conversation) -> None:
    conversation_actions.exclude_conversation(user, conversation, at=LATER)


def exclude_and_resume(user: User, conversation: Conversation) -> None:
    exclude(user, conversation)
    conversation_actions.lift_exclusion(user, conversation, at=LATER + SECOND)
    conversation_actions.write_message(user, conversation, "Once more", at=LATER + 2 * SECOND)


def refuse(user: User, conversation: Conversation) -> None:
    answer_as(user, Training.REFUSE, at=LATER)


def refuse_and_resume(user: User, conversation: Conversation) -> None:
    refuse(user, conversation)
    answer_as(user, Training.ALLOW, at=LATER + SECOND)
    conversation_actions.write_message(user, conversation, "Once more", at=LATER + 2 * SECOND)


def change_plan_and_back(user: User, conversation: Conversation) -> None:
    change_plan(user, Plan.TEAM, at=LATER)
    change_plan(user, Plan.PRO, at=LATER + SECOND)


def leave(user: User, conversation: Conversation) -> None:
    close_account(user, at=LATER)


def switch_off_and_on(user: User, conversation: Conversation) -> None:
    client, page = Client(), reverse("admin:accounts_user_change", args=[user.pk])
    client.force_login(make_staff("root@example.com"))
    client.post(page, {"initial-is_active": "True"})
    assert not User.objects.get(pk=user.pk).is_active
    client.post(page, {"is_active": "on"})
    assert User.objects.get(pk=user.pk).is_active


OUT = [
    delete,
    delete_and_undo,
    exclude,
    exclude_and_resume,
    refuse,
    refuse_and_resume,
    change_plan_and_back,
    leave,
    switch_off_and_on,
]


@pytest.mark.parametrize("act", OUT, ids=lambda act: act.__name__)
def test_act_takes_out_of_a_prepared_run_for_good(
    staff: User,
    allowing: User,
    act: Callable[..., None],
    django_capture_on_commit_callbacks: Callable[..., AbstractContextManager[Any]],
) -> None:
    conversation = make_conversation(allowing, "mine")
    bob = make_user("bob@example.com")
    answer_as(bob, Training.ALLOW)
    make_conversation(bob, "theirs")
    run = make_run(staff)
    before = files(run)
    shard = run.shards.get()

    with django_capture_on_commit_callbacks(execute=True):
        act(allowing, conversation)

    run.refresh_from_db()
    # At once: neither the row nor the file that held it is there, before anything was written again.
    assert conversation.pk not in set(run.rows.values_list("conversation", flat=True))
    assert store.name_of(shard) not in files(run)
    assert run.filed_at is None
    assert not Removal.objects.exists()
    start(run, staff, at=LATER + DAY)
    assert texts(run) == ["theirs"]
    assert set(files(run)).isdisjoint(set(before) - {"card.json", "card.md"})
    assert list(differences(run)) == []


@pytest.mark.parametrize("act", OUT, ids=lambda act: act.__name__)
def test_act_whose_task_died_is_noticed_by_the_start(staff: User, allowing: User, act: Callable[..., None]) -> None:
    conversation = make_conversation(allowing, "mine")
    run = make_run(staff)

    act(allowing, conversation)  # Nothing runs after the commit here.
    assert Removal.objects.exists()
    start(run, staff, at=LATER + DAY)

    assert exported(run) == []
    assert run.taken_out == 1
    assert list(differences(run)) == []


@pytest.mark.django_db(transaction=True)
def test_act_is_done_while_the_broker_is_down(staff: User, allowing: User) -> None:
    """In a process whose broker refuses connections the act stands, and the start takes out what it names."""
    conversation = make_conversation(allowing, "mine")
    run = make_run(staff)

    delete = DELETE.format(user=allowing.pk, key=str(conversation.pk))
    process = manage("shell", "--no-imports", "-c", delete, CELERY_QUEUE="any", CELERY_BROKER_URL=NO_BROKER)
    out, _err = process.communicate(timeout=120)

    assert process.returncode == 0, out
    assert "Connection refused" in out
    assert Removal.objects.get().conversation == conversation.pk
    assert texts(run) == ["mine"]
    start(run, staff, at=LATER + DAY)
    assert exported(run) == []
    assert list(differences(run)) == []


NO_BROKER = "redis://127.0.0.1:1/0"
DELETE = """
from django.utils import timezone
from accounts.models import User
from conversations.actions import delete_conversation
from conversations.models import Conversation
delete_conversation(User.objects.get(pk={user}), Conversation.objects.get(pk={key!r}), at=timezone.now())
"""


@pytest.mark.parametrize("act", OUT, ids=lambda act: act.__name__)
def test_started_run_keeps_what_it_has(staff: User, allowing: User, act: Callable[..., None]) -> None:
    conversation = make_conversation(allowing, "mine")
    run = make_run(staff, state=State.STARTED)
    before = files(run)

    act(allowing, conversation)

    assert files(run) == before
    assert texts(run) == ["mine"]
    assert not Removal.objects.exists()
    assert list(differences(run)) == []


@pytest.mark.parametrize("late", [timedelta(), SECOND, DAY])
def test_allow_that_is_overdue_and_then_repeated_does_not_come_back(
    staff: User, allowing: User, update: PolicyUpdate, late: timedelta
) -> None:
    make_conversation(allowing, at=MEANWHILE)
    later = make_update("2026-02-10", announced_at=LATER + DAY, last_day=(LATER + 20 * DAY).date())
    run = make_run(staff)

    answer_as(allowing, Training.ALLOW, at=later.deadline + late)
    start(run, staff, at=later.deadline + 2 * DAY)

    assert exported(run) == []


@pytest.mark.parametrize("early", [timedelta(), SECOND])
def test_deadline_that_is_undone_has_taken_out_what_was_overdue(staff: User, allowing: User, early: timedelta) -> None:
    make_conversation(allowing, at=MEANWHILE + SECOND)
    newer = make_update("2025-09-20", announced_at=MEANWHILE + 10 * DAY, last_day=(MEANWHILE + 12 * DAY).date())
    run = make_run(staff, at=MEANWHILE + 11 * DAY)
    assert run.rows.count() == 1

    move_last_day(newer, (MEANWHILE + 40 * DAY).date(), reason="Too short.", by=None, at=newer.deadline - early)
    start(run, staff, at=newer.deadline + SECOND)

    assert Conversation.objects.eligible(newer.deadline + SECOND).exists()
    assert run.rows.exists() is bool(early)


def test_allow_repeated_in_time_stays(staff: User, allowing: User, update: PolicyUpdate) -> None:
    make_conversation(allowing, "mine", at=MEANWHILE)
    later = make_update("2026-02-10", announced_at=LATER + DAY, last_day=(LATER + 20 * DAY).date())
    run = make_run(staff)

    answer_as(allowing, Training.ALLOW, at=later.deadline - SECOND)
    start(run, staff, at=later.deadline + 2 * DAY)

    assert texts(run) == ["mine"]


def test_allow_that_reaches_less_than_the_one_before_takes_out(
    staff: User, allowing: User, update: PolicyUpdate
) -> None:
    make_conversation(allowing, "mine", at=MEANWHILE)
    later = make_update(
        "2026-02-10",
        announced_at=LATER + DAY,
        last_day=(LATER + 20 * DAY).date(),
        coverage_reading=CoverageReading.MESSAGE,
    )
    run = make_run(staff)

    answer_as(allowing, Training.ALLOW, at=later.deadline - SECOND)
    start(run, staff, at=later.deadline + 2 * DAY)

    assert texts(run) == []


@pytest.mark.parametrize("reading", CoverageReading)
def test_allow_that_reaches_no_less_than_the_one_before_stays(
    staff: User, allowing: User, update: PolicyUpdate, reading: CoverageReading
) -> None:
    last_day = (LATER + 20 * DAY).date()
    make_update("2026-01-10", announced_at=MEANWHILE, last_day=last_day, coverage_reading=CoverageReading.MESSAGE)
    answer_as(allowing, Training.ALLOW, at=MEANWHILE + DAY)
    make_conversation(allowing, "mine", at=MEANWHILE + DAY)
    later = make_update("2026-02-10", announced_at=LATER + DAY, last_day=last_day, coverage_reading=reading)
    run = make_run(staff)

    answer_as(allowing, Training.ALLOW, at=later.deadline - SECOND)
    start(run, staff, at=later.deadline)

    assert texts(run) == ["mine"]


@pytest.mark.parametrize(("offset", "stays"), [(-SECOND, True), (timedelta(), False), (SECOND, False)])
def test_start_looks_at_the_retention_date(staff: User, allowing: User, offset: timedelta, *, stays: bool) -> None:
    conversation = make_conversation(allowing)
    assert conversation.expires_at
    run = make_run(staff, at=conversation.expires_at - DAY)

    start(run, staff, at=conversation.expires_at + offset)

    assert bool(exported(run)) is stays


def test_account_erased_before_its_task_ran_is_out_of_the_run(staff: User, allowing: User) -> None:
    """Closed and erased while a start is writing files: its conversations can't be asked any more whose they were."""
    make_conversation(allowing, "mine")
    run = make_run(staff)

    close_account(allowing, at=LATER)
    erase(allowing.principal)
    assert not Conversation.objects.exists()
    filing.take_out_removed(run)

    assert not run.rows.exists()
    assert run.shards.get().version == 1


@pytest.mark.parametrize("is_late", [False, True])
@pytest.mark.parametrize(
    ("act", "reversal"),
    [
        (conversation_actions.DELETED, conversation_actions.DELETION_UNDONE),
        (conversation_actions.EXCLUDED, conversation_actions.EXCLUSION_LIFTED),
    ],
)
def test_act_that_a_backup_does_not_know_takes_out_though_it_was_reversed(
    staff: User, allowing: User, act: str, reversal: str, *, is_late: bool
) -> None:
    """The run was prepared before the backup. The line of an act may have been written after that of its reversal."""
    conversation = make_conversation(allowing, "mine")
    run = make_run(staff)
    lines = [
        journal.Line(uuid.uuid4(), what, conversation.pk, LATER + number * SECOND)
        for number, what in enumerate((act, reversal))
    ]
    journal.append(reversed(lines) if is_late else lines)

    assert len(list(journal.replay())) == len(lines)
    start(run, staff, at=LATER + DAY)

    found = Conversation.objects.get()
    assert (found.deleted_at, found.excluded_at) == (None, None)
    assert exported(run) == []


def test_more_is_taken_out_than_a_statement_can_name(
    staff: User, allowing: User, mallory: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer_as(mallory, Training.ALLOW)
    conversations = [make_conversation(user) for user in (*[allowing] * 4, *[mallory] * 2)]
    run = make_run(staff)
    for conversation in conversations[:3]:
        delete(allowing, conversation)
    close_account(mallory, at=LATER)
    monkeypatch.setattr(filing, "REMOVALS", 2)

    filing.take_out_removed(run)

    assert set(run.rows.values_list("conversation", flat=True)) == {conversations[3].pk}
    assert not run.removals.exists()
    run.refresh_from_db()
    assert run.taken_out == 5


def test_removal_noted_for_a_run_that_is_cancelled_meanwhile_goes(staff: User, allowing: User) -> None:
    run = make_run(staff, state=State.CANCELLED)
    Removal.objects.create(run=run, person=allowing.pk)
    filing.take_out_removed(run)
    assert not Removal.objects.exists()


def test_preparing_again_after_a_kill_forgets_what_was_noted_before(staff: User, allowing: User) -> None:
    conversation = make_conversation(allowing, "mine")
    run = actions.create_run(staff, Purpose.MODEL_IMPROVEMENT, at=LATER)
    # Killed between its two steps: the freeze has begun, and nothing is frozen.
    TrainingRun.objects.filter(pk=run.pk).update(frozen_at=LATER)
    exclude_and_resume(allowing, conversation)
    assert Removal.objects.get().run == run

    actions.prepare_run(run, staff, at=LATER + DAY)

    assert held(run) == {conversation}


def test_act_of_someone_costs_one_query_where_there_is_no_run(
    allowing: User, django_assert_num_queries: Callable[..., AbstractContextManager[Any]]
) -> None:
    with django_assert_num_queries(1):
        assert note_removal(allowing, None) == []


# A freeze that was killed


def begin_freeze(staff: User) -> TrainingRun:
    """Return a draft whose freeze was begun and then killed."""
    run = actions.create_run(staff, Purpose.MODEL_IMPROVEMENT, at=LATER)
    TrainingRun.objects.filter(pk=run.pk).update(frozen_at=LATER)
    return run


@pytest.mark.parametrize(("waited", "is_given_up"), [(HOUR - SECOND, False), (HOUR, True), (HOUR + SECOND, True)])
def test_draft_whose_freeze_was_killed_collects_no_removals_for_ever(
    staff: User, allowing: User, moved_to: MoveClock, waited: timedelta, *, is_given_up: bool
) -> None:
    first, second = make_conversation(allowing), make_conversation(allowing)
    run = begin_freeze(staff)
    delete(allowing, first)
    assert run.removals.count() == 1

    moved_to(LATER + waited)
    tasks.keep_runs.delay()
    delete(allowing, second)

    run.refresh_from_db()
    assert run.removals.count() == (0 if is_given_up else 2)
    assert (run.frozen_at is None) is is_given_up
    actions.prepare_run(run, staff, at=LATER + DAY)
    assert held(run) == set()


@pytest.mark.parametrize("broken", [0, 1])
def test_run_that_can_not_be_kept_keeps_no_other_from_it(
    staff: User,
    allowing: User,
    monkeypatch: pytest.MonkeyPatch,
    moved_to: MoveClock,
    caplog: pytest.LogCaptureFixture,
    broken: int,
) -> None:
    make_conversation(allowing)
    runs = [make_run(staff, at=LATER + number * SECOND) for number in range(2)]
    discard = store.discard_abandoned

    def refuse(run: TrainingRun) -> None:
        if run == runs[broken]:
            raise PermissionError(13, "Permission denied")
        discard(run)

    monkeypatch.setattr(store, "discard_abandoned", refuse)
    moved_to(LATER + 40 * 365 * DAY)  # Past every retention date.
    with pytest.raises(PermissionError):
        tasks.keep_runs()

    assert [run.rows.count() for run in runs] == [int(number == broken) for number in range(2)]
    assert str(runs[broken]) in caplog.text


def test_removals_of_a_prepared_run_stay_however_long_ago_it_was_frozen(staff: User, allowing: User) -> None:
    conversation = make_conversation(allowing)
    run = make_run(staff)
    exclude_and_resume(allowing, conversation)
    actions.give_up_freezes(LATER + DAY)
    run.refresh_from_db()
    assert run.frozen_at == LATER
    assert run.removals.count() == 1


@pytest.mark.parametrize("now", [None, LATER + SECOND])
def test_freeze_that_was_given_up_or_overtaken_freezes_nothing(
    staff: User, allowing: User, now: datetime | None
) -> None:
    """Between its two transactions: what is removed from then on is noted for the other freeze, or not at all."""
    make_conversation(allowing)
    run = actions.create_run(staff, Purpose.MODEL_IMPROVEMENT, at=LATER)
    given_up: list[str] = []

    def around(execute: Callable[..., Any], sql: str, *rest: Any) -> Any:
        result = execute(sql, *rest)
        if 'SET "frozen_at"' in sql and not given_up:
            given_up.append(sql)
            TrainingRun.objects.filter(pk=run.pk).update(frozen_at=now)
        return result

    with connection.execute_wrapper(around), pytest.raises(problems.WrongState):
        actions.prepare_run(run, staff, at=LATER)

    run.refresh_from_db()
    assert (run.state, run.rows.count(), run.shards.count()) == (State.DRAFT, 0, 0)
    assert actions.prepare_run(run, staff, at=LATER) == 1
