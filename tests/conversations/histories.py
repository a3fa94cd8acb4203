"""What people do with conversations, as a state machine: whatever they do, the product says what the rules say.

`tests/training/test_histories.py` runs it, with training runs.
"""

import uuid
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.db import connection, transaction
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    initialize,
    invariant,
    multiple,
    rule,
)

from accounts import journal
from accounts.actions import AccountClosed, change_plan
from accounts.leaving import close_account, erase
from accounts.models import Plan, User
from conversations import actions
from conversations.eligibility import Reason, answers_that_stand
from conversations.models import Conversation
from conversations.purge import due_at, purge
from conversations.replies import answer_message
from privacy.models import CoverageReading, Training
from privacy.standing import standing_of
from tests.conversations.assistants import Echo
from tests.conversations.oracle import Person, Update
from tests.factories import SECOND, answer_as, defer_as, make_update, make_user

BEGIN = datetime(2025, 8, 1, 9, tzinfo=UTC)
UPDATES: tuple[dict[str, Any], ...] = (
    {"version": "2025-08-28", "announced_at": datetime(2025, 8, 28, 16, tzinfo=UTC), "last_day": date(2025, 9, 28)},
    {
        "version": "2026-02-10",
        "announced_at": datetime(2026, 2, 10, 9, tzinfo=UTC),
        "last_day": date(2026, 3, 10),
        "allow_retention_years": 3,
        "refuse_retention_days": 14,
        "coverage_reading": CoverageReading.MESSAGE,
    },
)
DAY = timedelta(days=1)
STEPS = st.sampled_from([SECOND, timedelta(minutes=9), timedelta(minutes=11), DAY, 13 * DAY, 29 * DAY, 200 * DAY])


# The statement that judges everything, by the answers that stand; what stands for the instant is `None`.
STATEMENTS: dict[tuple[str, ...], tuple[str, list[Any]]] = {}


def judged(at: datetime) -> dict[uuid.UUID, Conversation]:
    """Return all that is stored, with reason and date at an instant, as `with_reason` does.

    After each of many thousand steps Django would take longer to write that statement than the database to answer it.
    """
    standing, instant = tuple(answers_that_stand(at)), connection.ops.adapt_datetimefield_value(at)
    if standing not in STATEMENTS:
        statement, given = Conversation.objects.with_reason(at).order_by().query.sql_with_params()
        STATEMENTS[standing] = statement, [None if value == instant else value for value in given]
    sql, values = STATEMENTS[standing]
    found = {
        row.pk: row for row in Conversation.objects.raw(sql, [instant if value is None else value for value in values])
    }
    for row in found.values():
        written: Any = row.kept_until
        if isinstance(written, str):  # As SQLite has it.
            row.kept_until = datetime.fromisoformat(written).replace(tzinfo=UTC)
    return found


class Histories(RuleBasedStateMachine):
    """Two people and what they do. Between any two acts at least a second passes."""

    people = Bundle("people")
    conversations = Bundle("conversations")

    def __init__(self) -> None:
        super().__init__()
        # Each history is rolled back, inside the transaction of its test.
        self.transaction = transaction.atomic()
        self.transaction.__enter__()
        self.now = BEGIN
        self.oracles: dict[int, Person] = {}
        self.users: dict[int, User] = {}
        self.owners: dict[uuid.UUID, int] = {}
        self.texts = 0

    def teardown(self) -> None:
        self.sets_are_what_the_rows_say()
        self.take_back()

    def take_back(self) -> None:
        """Leave nothing of this history to the next one."""
        transaction.set_rollback(True)
        self.transaction.__exit__(None, None, None)
        # The purge has written lines of acts that are rolled back: to the next history they would be of its future.
        for path in journal.files():
            path.write_text("")

    @initialize(target=people)
    def begin(self) -> object:
        published = [make_update(**fields) for fields in UPDATES]
        self.updates = [
            Update(
                u.version,
                u.announced_at,
                u.deadline,
                u.allow_retention_years,
                u.refuse_retention_days,
                u.coverage_reading == CoverageReading.MESSAGE,
            )
            for u in published
        ]
        return multiple(*(self.join(f"person-{number}@example.com") for number in range(2)))

    def join(self, email: str) -> int:
        user = make_user(email, joined_at=BEGIN)
        self.users[user.pk], self.oracles[user.pk] = user, Person(list(self.updates))
        self.oracles[user.pk].add("plan", self.now, value=user.plan)
        return user.pk

    def has_left(self, person: int) -> bool:
        return any(event.what == "left" for event in self.oracles[person].history)

    def tick(self) -> datetime:
        self.now += SECOND
        return self.now

    # Time

    @rule(step=STEPS)
    def time_passes(self, step: timedelta) -> None:
        self.now += step

    @rule(conversation=conversations, offset=st.sampled_from([-SECOND, timedelta(), SECOND]))
    def time_comes_to_a_retention_date(self, conversation: uuid.UUID, offset: timedelta) -> None:
        date = self.oracle(conversation).retention_date(str(conversation), self.now)
        if date and date + offset > self.now:
            self.now = date + offset

    @rule(which=st.integers(0, 1), offset=st.sampled_from([-SECOND, timedelta(), SECOND]))
    def time_comes_to_a_deadline(self, which: int, offset: timedelta) -> None:
        self.now = max(self.now, self.updates[which].deadline + offset)

    @rule(which=st.integers(0, 1))
    def time_comes_to_an_announcement(self, which: int) -> None:
        self.now = max(self.now, self.updates[which].announced_at)

    # What a person does

    @rule(person=people, training=st.sampled_from(Training))
    def answers(self, person: int, training: Training) -> None:
        user, oracle, at = self.users[person], self.oracles[person], self.tick()
        asked = standing_of(user, at)
        is_withdrawal = training is Training.REFUSE and oracle.choice(at) == "allow"
        if self.has_left(person) or asked.update is None or not (asked.is_asked or is_withdrawal):
            return
        answer_as(user, training, terms=asked.is_asked and not asked.has_accepted_terms, at=at)
        oracle.add(training.value, at, value=asked.update.version)

    @rule(person=people)
    def defers(self, person: int) -> None:
        at = self.tick()
        if not self.has_left(person) and standing_of(self.users[person], at).can_defer:
            defer_as(self.users[person], at=at)

    @rule(person=people, plan=st.sampled_from(Plan))
    def changes_plan(self, person: int, plan: Plan) -> None:
        if not self.has_left(person):
            change_plan(self.users[person], plan, at=self.tick())
            self.oracles[person].add("plan", self.now, value=plan.value)

    @rule(person=people)
    def leaves(self, person: int) -> None:
        close_account(self.users[person], at=self.tick())
        if not self.has_left(person):
            self.oracles[person].add("left", self.now)

    @rule(person=people)
    def is_erased(self, person: int) -> None:
        erase(self.users[person].principal)
        if self.has_left(person):
            self.oracles[person].add("erased", self.tick())

    @rule(target=conversations, person=people, private=st.booleans())
    def starts(self, person: int, private: bool) -> object:
        if self.has_left(person):
            return multiple()
        text = self.text()
        message = actions.start_conversation(self.users[person], text, at=self.tick(), private=private)
        answer_message(message, Echo(), at=lambda: self.now)
        key = message.conversation_id
        self.owners[key] = person
        self.oracles[person].add("started private" if private else "started", self.now, str(key), text)
        return key

    def text(self) -> str:
        """Return a text that nothing else in this history has."""
        self.texts += 1
        return f"text {self.texts}"

    # What they do with a conversation

    def oracle(self, conversation: uuid.UUID) -> Person:
        return self.oracles[self.owners[conversation]]

    def known(self, conversation: uuid.UUID) -> tuple[User, Conversation]:
        """Return what a page that was opened before would know: its owner, and its id."""
        return self.users[self.owners[conversation]], Conversation(pk=conversation)

    def tries(self, conversation: uuid.UUID) -> type[Exception] | None:
        """Return what keeps an act on a conversation from being possible now, if anything does."""
        self.tick()
        if self.has_left(self.owners[conversation]):
            return AccountClosed
        return None if self.oracle(conversation).is_there(str(conversation), self.now) else actions.Gone

    @rule(conversation=conversations)
    def writes(self, conversation: uuid.UUID) -> None:
        user, known = self.known(conversation)
        text = self.text()
        if refused := self.tries(conversation):
            with pytest.raises(refused):
                actions.write_message(user, known, text, at=self.now)
            return
        actions.write_message(user, known, text, at=self.now)
        self.oracle(conversation).add("wrote", self.now, str(conversation), text)

    @rule(conversation=conversations)
    def asks_again(self, conversation: uuid.UUID) -> None:
        """A reply moves no date."""
        stored = Conversation.objects.filter(pk=conversation).first()
        message = stored and actions.unanswered(stored)
        if message and self.oracle(conversation).is_there(str(conversation), self.now):
            answer_message(message, Echo(), at=lambda: self.now)

    @rule(conversation=conversations)
    def excludes(self, conversation: uuid.UUID) -> None:
        user, known = self.known(conversation)
        if refused := self.tries(conversation):
            with pytest.raises(refused):
                actions.exclude_conversation(user, known, at=self.now)
            return
        actions.exclude_conversation(user, known, at=self.now)
        if not self.oracle(conversation).is_excluded(str(conversation), self.now):
            self.oracle(conversation).add("excluded", self.now, str(conversation))

    @rule(conversation=conversations)
    def lifts(self, conversation: uuid.UUID) -> None:
        user, known = self.known(conversation)
        if refused := self.tries(conversation):
            with pytest.raises(refused):
                actions.lift_exclusion(user, known, at=self.now)
            return
        actions.lift_exclusion(user, known, at=self.now)
        if self.oracle(conversation).is_excluded(str(conversation), self.now):
            self.oracle(conversation).add("lifted", self.now, str(conversation))

    @rule(conversation=conversations)
    def deletes(self, conversation: uuid.UUID) -> None:
        user, known = self.known(conversation)
        if self.tries(conversation) is AccountClosed:
            with pytest.raises(AccountClosed):
                actions.delete_conversation(user, known, at=self.now)
            return
        actions.delete_conversation(user, known, at=self.now)
        if not self.oracle(conversation).is_deleted(str(conversation), self.now):
            self.oracle(conversation).add("deleted", self.now, str(conversation))

    @rule(conversation=conversations)
    def undoes(self, conversation: uuid.UUID) -> None:
        user, known = self.known(conversation)
        refused = self.tries(conversation)
        oracle, key, at = self.oracle(conversation), str(conversation), self.now
        if refused is not None and (refused is AccountClosed or not oracle.can_be_undone(key, at)):
            with pytest.raises(refused):
                actions.undo_deletion(user, known, at=at)
            return
        actions.undo_deletion(user, known, at=at)
        if oracle.is_deleted(key, at):
            oracle.add("undone", at, key)

    # What runs by itself

    @rule()
    def tasks_run(self) -> None:
        for refusal in actions.refusals_to_apply():
            actions.apply_refusal(refusal.pk)

    @rule()
    def purge_runs(self) -> None:
        # What it has overlooked the rows show; that its check overlooks nothing shows where something was due.
        if purge(self.tick()).counts:
            assert not any(count for name, count in due_at(self.now).items() if name != "sessions")
        for person, oracle in self.oracles.items():
            oracle.add("purged", self.now)
            if self.has_left(person):
                oracle.add("erased", self.now)

    # What must hold

    @invariant()
    def everything_is_as_the_rules_say(self) -> None:
        stored = judged(self.now)
        for key, person in self.owners.items():
            oracle, name = self.oracles[person], str(key)
            assert (key in stored) == oracle.is_stored(name, self.now)
            assert (key in stored and self.is_there(stored[key])) == oracle.is_there(name, self.now)
            if key in stored:
                assert stored[key].kept_until == oracle.retention_date(name, self.now)
                assert stored[key].reason == oracle.reason(name, self.now)

    def is_there(self, row: Conversation) -> bool:
        return row.deleted_at is None and (row.kept_until is None or row.kept_until > self.now)

    def sets_are_what_the_rows_say(self) -> None:
        """The sets that runs, lists and figures take are made of the same reasons and dates."""
        found = {row.pk: row for row in Conversation.objects.with_reason(self.now)}
        assert {key: (row.reason, row.kept_until) for key, row in found.items()} == {
            key: (row.reason, row.kept_until) for key, row in judged(self.now).items()
        }
        eligible = set(Conversation.objects.eligible(self.now).values_list("pk", flat=True))
        assert eligible == {key for key, row in found.items() if row.reason == Reason.NONE}
        assert eligible <= set(Conversation.objects.covered().values_list("pk", flat=True))
        there = set(Conversation.objects.there(self.now).values_list("pk", flat=True))
        assert there == {key for key, row in found.items() if self.is_there(row)}
        for person, user in self.users.items():
            own = set(Conversation.objects.for_user(user, self.now).values_list("pk", flat=True))
            assert own == {key for key in there if self.owners[key] == person}
