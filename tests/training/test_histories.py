"""The rules as a state machine: whatever people and runs do, in any order, runs hold what the rules say."""

import uuid
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, invariant, multiple, rule, run_state_machine_as_test

from accounts.models import Plan, User
from conversations.models import Role
from privacy.models import Training
from tests.conftest import REQUIRE_ALL
from tests.conversations.histories import Histories
from tests.factories import make_staff
from tests.training.runs import exported
from training import actions, filing, store
from training.models import Purpose, State, TrainingRun
from training.problems import Overdue
from training.records import Incomplete
from training.verification import differences

pytestmark = pytest.mark.histories
# Small enough that no worker is left with a long one at the end.
SHARDS = 8
# Of any kind, and of one conversation in a run. Two thousand in CI, most of them where they are quickest.
ANY, IN_A_RUN = ((800, 1120) if connection.vendor == "sqlite" else (40, 40)) if REQUIRE_ALL else (240, 120)
MOST_RUNS = 3
ACTS = (
    *("writes", "excludes", "lifts", "deletes", "undoes", "allow", "refuse", "team", "free", "leaves"),
    *("deletes and undoes", "excludes and resumes", "is late and allows", "a month passes", "a deadline comes"),
)


class RunHistories(Histories):
    """What people do with conversations, and staff with training runs. No task runs unless a rule runs it."""

    people, conversations = Histories.people, Histories.conversations
    runs = Bundle("runs")

    def __init__(self) -> None:
        super().__init__()
        self.staff: User = make_staff()
        # What a started run holds, by run; it stays so for good.
        self.started: dict[Any, list[tuple[str, list[str]]]] = {}

    def take_back(self) -> None:
        for run in TrainingRun.objects.all():
            assert list(differences(run)) == [] or run.state == State.PREPARED
            store.destroy(run)
        super().take_back()

    def expected(self, frozen_at: datetime, at: datetime) -> dict[str, list[str]]:
        """Return what the oracle says a run holds: the texts of its owners, by conversation."""
        judged = ((str(key), self.oracles[person]) for key, person in self.owners.items())
        return {
            key: sorted(oracle.exported(key, frozen_at))
            for key, oracle in judged
            if oracle.is_in_run(key, frozen_at, at)
        }

    def rows_of(self, run: TrainingRun) -> set[str]:
        return {str(key) for key in run.rows.values_list("conversation", flat=True)}

    def in_files(self, run: TrainingRun) -> dict[str, list[str]]:
        """Return what the files say, in the same words."""
        names = {str(export_id): str(key) for export_id, key in run.rows.values_list("export_id", "conversation")}
        return {
            names[value["id"]]: sorted(m["text"] for m in value["messages"] if m["role"] == Role.OWNER)
            for value in exported(run)
        }

    @rule(target=runs)
    def prepares(self) -> object:
        if TrainingRun.objects.count() == MOST_RUNS:
            return multiple()
        run = actions.create_run(self.staff, Purpose.MODEL_IMPROVEMENT, at=self.tick())
        actions.prepare_run(run, self.staff, at=self.now)
        run.refresh_from_db()
        assert self.rows_of(run) == set(self.expected(self.now, self.now))
        return run

    @rule(target=conversations, person=people)
    def allows_and_starts(self, person: int) -> object:
        """Come by what runs are about sooner than chance would."""
        self.time_comes_to_an_announcement(0)
        self.answers(person, Training.ALLOW)
        return self.starts(person, private=False)

    def act(self, act: str, conversation: uuid.UUID) -> None:
        person = self.owners[conversation]
        match act:
            case "allow" | "refuse":
                self.answers(person, Training(act))
            case "team" | "free":
                self.changes_plan(person, Plan(act))
            case "leaves":
                self.leaves(person)
            case "deletes and undoes":
                self.deletes(conversation)
                self.undoes(conversation)
            case "excludes and resumes":
                self.excludes(conversation)
                self.lifts(conversation)
                self.writes(conversation)
            case "is late and allows":
                self.time_comes_to_a_deadline(1, timedelta())
                self.answers(person, Training.ALLOW)
            case "a month passes":
                self.time_passes(timedelta(days=29))
            case "a deadline comes":
                self.time_comes_to_a_deadline(1, timedelta())
            case _:
                getattr(self, act)(conversation)

    @rule(run=runs)
    def files_are_written(self, run: TrainingRun) -> None:
        try:
            filing.write_files(run)
        except Incomplete:
            # It stops where something has left storage, and has not been taken out yet.
            stored = {key for key in self.owners if self.oracle(key).is_stored(str(key), self.now)}
            assert not self.rows_of(run) <= {str(key) for key in stored}
            return
        run.refresh_from_db()
        if run.state == State.PREPARED:
            assert run.frozen_at
            oracles = {str(key): self.oracles[person] for key, person in self.owners.items()}
            held = {key: sorted(oracles[key].exported(key, run.frozen_at)) for key in self.rows_of(run)}
            assert self.in_files(run) == held

    @rule(run=runs)
    def what_was_removed_is_taken_out(self, run: TrainingRun) -> None:
        filing.take_out_removed(run)

    @rule(run=runs)
    def run_is_kept(self, run: TrainingRun) -> None:
        filing.take_out_ineligible(run, self.tick())
        run.refresh_from_db()
        if run.state == State.PREPARED:
            assert run.frozen_at
            assert self.rows_of(run) == set(self.expected(run.frozen_at, self.now))

    @rule(run=runs)
    def starts_run(self, run: TrainingRun) -> None:
        run.refresh_from_db()
        if run.state != State.PREPARED:
            return
        waits_since = run.moves.get(state=State.PREPARED).at
        if self.tick() >= waits_since + timedelta(days=30):
            with pytest.raises(Overdue):
                actions.start_run(run, self.staff, at=lambda: self.now)
            return
        actions.start_run(run, self.staff, at=lambda: self.now)
        run.refresh_from_db()
        assert run.frozen_at
        assert self.in_files(run) == self.expected(run.frozen_at, self.now)
        assert self.rows_of(run) == set(self.in_files(run))
        self.started[run.pk] = sorted(self.in_files(run).items())

    @rule(run=runs)
    def cancels_run(self, run: TrainingRun) -> None:
        run.refresh_from_db()
        if run.can_move(State.CANCELLED):
            actions.cancel_run(run, self.staff, at=self.tick())

    @invariant()
    def runs_hold_nothing_they_should_not(self) -> None:
        """Before its start a run may lag, but only until the next look; and it never holds more than it did."""
        for run in TrainingRun.objects.filter(state=State.STARTED):
            assert sorted(self.in_files(run).items()) == self.started[run.pk]


@pytest.mark.parametrize("shard", range(SHARDS))
def test_histories_end_as_the_rules_say(db: None, shard: int) -> None:
    run_state_machine_as_test(
        RunHistories,
        settings=settings(
            max_examples=ANY // SHARDS,
            stateful_step_count=25,
            deadline=None,
            suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
        ),
    )


@pytest.mark.parametrize("shard", range(SHARDS))
@given(
    before=st.lists(st.sampled_from(ACTS), max_size=4), after=st.lists(st.sampled_from(ACTS), min_size=1, max_size=4)
)
@settings(max_examples=IN_A_RUN // SHARDS, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_happens_between_freeze_and_start_the_run_is_right(
    db: None, shard: int, before: list[str], after: list[str]
) -> None:
    """What the machine comes by only now and then: one conversation in a run, and what is done to it."""
    machine = RunHistories()
    try:
        machine.begin()
        conversation: Any = machine.allows_and_starts(next(iter(machine.users)))
        for act in before:
            machine.act(act, conversation)
        run: Any = machine.prepares()
        machine.files_are_written(run)
        for act in after:
            machine.act(act, conversation)
        machine.starts_run(run)
    finally:
        # Of the sets that lists and figures take, which take longest to write, the machine sees to it.
        machine.take_back()
