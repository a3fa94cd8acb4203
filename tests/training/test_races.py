"""Acts in the same second as a freeze or a start: the order of commits decides, and rows and files agree."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Event
from typing import Any

import pytest
from django.db import connection, transaction

from accounts.actions import change_plan, lock_user
from accounts.leaving import close_account, erase
from accounts.models import Plan, User
from conversations import actions as conversation_actions
from privacy.models import Training
from tests.at_once import at_once
from tests.factories import MEANWHILE, answer_as, make_conversation, make_staff, make_update, make_user, shown_token
from tests.training.runs import LATER, exported, make_run, start, texts
from training import actions, filing, manifest, problems, shards, store
from training.models import Purpose, Removal, State, TrainingRun
from training.verification import differences

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.whole]
ROUNDS = 5
ACTS = ("refuses", "deletes", "excludes", "leaves", "goes commercial")


class Person:
    """Someone with conversations, who does one thing: ready, so that it takes no longer than it has to."""

    def __init__(self, act: str) -> None:
        self.act = act
        self.user = make_user(f"{act.replace(' ', '-')}@example.com")
        answer_as(self.user, Training.ALLOW)
        self.conversations = [make_conversation(self.user, f"{act} {number}") for number in range(3)]
        self.token = shown_token(self.user, at=MEANWHILE)

    def does_it(self) -> None:
        user, first = self.user, self.conversations[0]
        match self.act:
            case "refuses":
                answer_as(user, Training.REFUSE, at=LATER)
            case "deletes":
                conversation_actions.delete_conversation(user, first, at=LATER)
            case "excludes":
                conversation_actions.exclude_conversation(user, first, at=LATER)
            case "leaves":
                close_account(user, at=LATER)
                erase(user.principal)
            case "goes commercial":
                change_plan(user, Plan.TEAM, at=LATER)

    @property
    def texts(self) -> set[str]:
        """Return what the act is about."""
        about = self.conversations[:1] if self.act in {"deletes", "excludes"} else self.conversations
        return {f"{self.act} {number}" for number in range(len(about))}


@pytest.fixture(params=range(ROUNDS))
def people(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> list[Person]:
    monkeypatch.setattr(manifest, "SHARD_SIZE", 6)
    make_update()
    return [Person(act) for act in ACTS]


@pytest.fixture
def mover() -> User:
    return make_staff()


def test_act_at_once_with_the_start_is_out_of_rows_and_files_or_came_after(people: list[Person], mover: User) -> None:
    run = make_run(mover)
    started = Event()
    before: dict[str, bool] = {}

    def start() -> None:
        actions.start_run(run, mover, at=lambda: LATER)
        started.set()

    def doing(person: Person) -> Callable[[], None]:
        def do() -> None:
            person.does_it()
            # Committed, and the start has not come back yet: only then is it sure which came first, and only one way.
            before[person.act] = not TrainingRun.objects.filter(pk=run.pk, state=State.STARTED).exists()

        return do

    at_once(start, *map(doing, people))

    run.refresh_from_db()
    assert run.state == State.STARTED
    assert list(differences(run)) == []
    found = set(texts(run))
    for person in people:
        assert person.texts <= found or not person.texts & found, "taken out as a whole or not at all"
        if before[person.act]:
            assert not person.texts & found, f"{person.act}: committed before the start"
    assert len(exported(run)) == run.rows.count() == 15 - run.taken_out
    assert not Removal.objects.exists()


def test_act_at_once_with_the_freeze_is_not_in_it_or_goes_out_again(people: list[Person], mover: User) -> None:
    run = actions.create_run(mover, Purpose.MODEL_IMPROVEMENT, at=LATER)

    at_once(lambda: actions.prepare_run(run, mover, at=LATER), *(person.does_it for person in people))
    run.refresh_from_db()
    filing.take_out_removed(run)
    filing.write_files(run)

    assert set(texts(run)).isdisjoint(set().union(*(person.texts for person in people)))
    assert list(differences(run)) == []


def test_act_at_once_with_taking_out_what_is_ineligible(people: list[Person], mover: User) -> None:
    """What is counted and what goes must be the same rows, whatever is committed between two statements."""
    run = make_run(mover)

    def look() -> None:
        for _time in range(4):
            filing.take_out_ineligible(run, LATER)

    at_once(look, look, *(person.does_it for person in people))
    filing.write_files(run)

    run.refresh_from_db()
    assert list(differences(run)) == []
    assert run.taken_out == 15 - run.rows.count()
    assert set(texts(run)).isdisjoint(set().union(*(person.texts for person in people)))


def test_workers_and_acts_at_once_end_with_the_files_of_what_is_left(people: list[Person], mover: User) -> None:
    run = actions.create_run(mover, Purpose.MODEL_IMPROVEMENT, at=LATER)
    actions.prepare_run(run, mover, at=LATER)

    def work() -> None:
        for _time in range(3):
            for number in shards.pending(run):
                shards.write_shard(run, number)
            filing.file_run(run)

    at_once(work, work, *(person.does_it for person in people))
    filing.write_files(run)

    run.refresh_from_db()
    assert list(differences(run)) == []
    assert set(texts(run)).isdisjoint(set().union(*(person.texts for person in people)))


def refusing(act: Callable[..., object], *arguments: Any) -> Callable[[], object]:
    """Return what tells that an act was refused."""

    def do() -> object:
        try:
            act(*arguments, at=LATER)
        except problems.NotDone as not_done:
            return type(not_done)
        return act.__name__

    return do


def test_of_two_starts_and_a_cancelling_at_once_one_wins(people: list[Person], mover: User) -> None:
    run = make_run(mover)

    results = at_once(
        refusing(start, run, mover),
        refusing(start, run, mover),
        refusing(actions.cancel_run, run, mover),
        people[0].does_it,
    )

    run.refresh_from_db()
    assert results[:3].count(problems.WrongState) == 2
    won = "cancel_run" if run.state == State.CANCELLED else "start"
    assert won in results
    assert list(differences(run)) == []
    assert run.moves.filter(state__in=[State.STARTED, State.CANCELLED]).count() == 1


def test_files_that_several_destroy_at_once_are_gone(mover: User) -> None:
    run = make_run(mover)
    for number in range(100):
        store.write(f"{store.folder_of(run)}/{number}.json", b"{}")
    at_once(*[lambda: store.destroy(run)] * 4)
    assert store.names_in(run) == set()


def test_of_two_preparings_at_once_one_freezes(people: list[Person], mover: User) -> None:
    run = actions.create_run(mover, Purpose.MODEL_IMPROVEMENT, at=LATER)
    results = at_once(*[refusing(actions.prepare_run, run, mover)] * 2, people[1].does_it)
    assert sorted(map(str, results[:2])) == sorted(map(str, ["prepare_run", problems.WrongState]))
    filing.write_files(run)
    run.refresh_from_db()
    assert list(differences(run)) == []


@pytest.mark.postgresql
def test_who_waits_for_a_run_keeps_nobody_waiting(mover: User) -> None:
    """A freeze takes its time; who asks for it a second time must not hold everyone meanwhile."""
    make_update()
    alice = make_user("alice@example.com")
    run = actions.create_run(mover, Purpose.MODEL_IMPROVEMENT, at=LATER)

    def waiting() -> bool:
        with connection.cursor() as cursor:
            cursor.execute("SELECT COUNT(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'")
            return bool(cursor.fetchone()[0])

    with ThreadPoolExecutor(1) as threads:
        with transaction.atomic():
            TrainingRun.objects.select_for_update(no_key=True).get(pk=run.pk)
            second = threads.submit(at_once, refusing(actions.prepare_run, run, mover))
            while not waiting():
                assert not second.done()
            with connection.cursor() as cursor:
                cursor.execute("SET LOCAL lock_timeout = '10s'")
            assert lock_user(alice) == alice
        assert second.result() == ["prepare_run"]


@pytest.mark.postgresql
def test_freeze_that_goes_on_is_not_given_up(mover: User) -> None:
    run = actions.create_run(mover, Purpose.MODEL_IMPROVEMENT, at=LATER)
    begun = LATER - 2 * actions.GIVEN_UP_AFTER
    TrainingRun.objects.filter(pk=run.pk).update(frozen_at=begun)
    with transaction.atomic():
        TrainingRun.objects.select_for_update(no_key=True).get(pk=run.pk)
        at_once(lambda: actions.give_up_freezes(LATER))
        run.refresh_from_db()
        assert run.frozen_at == begun
    actions.give_up_freezes(LATER)
    run.refresh_from_db()
    assert run.frozen_at is None
