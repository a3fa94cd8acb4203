"""Who moves a run, from where to where, and what each move leaves."""

import uuid
from collections.abc import Callable
from datetime import timedelta
from functools import partial

import pytest
from django.contrib.auth.models import Permission
from django.core.exceptions import PermissionDenied

from accounts import journal
from accounts.journal import Behind
from accounts.models import Plan, User
from conversations import actions as conversation_actions
from privacy.models import CoverageReading, Kind, PolicyUpdate, Training
from tests.factories import MEANWHILE, SECOND, answer_as, make_conversation, make_update, make_user
from tests.training.runs import LATER, exported, files, held, make_run, start, texts
from training import actions, filing, problems, shards, store, tasks
from training.models import Purpose, RunMove, State, TrainingRun
from training.verification import differences

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


# From the draft to the end


def test_run_goes_from_draft_to_finished_and_each_move_is_recorded(staff: User, allowing: User) -> None:
    make_conversation(allowing)
    run = make_run(staff, state=State.FINISHED)

    assert [move.state for move in run.moves.all()] == [State.DRAFT, State.PREPARED, State.STARTED, State.FINISHED]
    assert {move.moved_by for move in run.moves.all()} == {staff.principal}
    assert {move.at for move in run.moves.all()} == {LATER}
    assert list(differences(run)) == []


ACTS: dict[State, Callable[..., object]] = {
    State.PREPARED: actions.prepare_run,
    State.STARTED: start,
    State.FINISHED: actions.finish_run,
    State.CANCELLED: actions.cancel_run,
}
ALLOWED = {
    (State.DRAFT, State.PREPARED),
    (State.DRAFT, State.CANCELLED),
    (State.PREPARED, State.STARTED),
    (State.PREPARED, State.CANCELLED),
    (State.STARTED, State.FINISHED),
}


@pytest.mark.parametrize("before", State)
@pytest.mark.parametrize("after", ACTS)
def test_run_is_moved_only_as_the_rules_say(staff: User, allowing: User, before: State, after: State) -> None:
    make_conversation(allowing)
    run = make_run(staff, state=before)
    moves = run.moves.count()

    if (before, after) in ALLOWED:
        ACTS[after](run, staff, at=LATER)
        run.refresh_from_db()
        assert run.state == after
    else:
        with pytest.raises(problems.WrongState):
            ACTS[after](run, staff, at=LATER)
        run.refresh_from_db()
        assert (run.state, run.moves.count()) == (before, moves)


@pytest.mark.parametrize("after", ACTS)
def test_only_staff_with_the_permission_move_a_run(staff: User, alice: User, mallory: User, after: State) -> None:
    before = {State.STARTED: State.PREPARED, State.FINISHED: State.STARTED}.get(after, State.DRAFT)
    run = make_run(staff, state=before)
    may_but_is_no_staff = make_user("trusted@example.com")
    may_but_is_no_staff.user_permissions.add(Permission.objects.get(codename="move_trainingrun"))
    is_staff_but_may_not = make_user("viewer@example.com", is_staff=True)

    for nobody in (mallory, may_but_is_no_staff, is_staff_but_may_not):
        with pytest.raises(PermissionDenied):
            ACTS[after](run, nobody, at=LATER)
        with pytest.raises(PermissionDenied):
            actions.create_run(nobody, Purpose.MODEL_IMPROVEMENT, at=LATER)

    run.refresh_from_db()
    assert run.state == before
    assert TrainingRun.objects.count() == 1


@pytest.mark.parametrize("after", ACTS)
def test_no_run_moves_while_the_database_is_behind_its_journal(staff: User, after: State) -> None:
    before = {State.STARTED: State.PREPARED, State.FINISHED: State.STARTED}.get(after, State.DRAFT)
    run = make_run(staff, state=before)
    journal.append([journal.Line(uuid.uuid4(), "conversation_deleted", uuid.uuid4(), LATER)])

    with pytest.raises(Behind):
        ACTS[after](run, staff, at=LATER)

    run.refresh_from_db()
    assert run.state == before


def test_no_file_is_written_while_the_database_is_behind_its_journal(staff: User, allowing: User) -> None:
    conversation = make_conversation(allowing, at=LATER - SECOND)
    run = actions.create_run(staff, Purpose.MODEL_IMPROVEMENT, at=LATER)
    assert actions.prepare_run(run, staff, at=LATER) == 1
    journal.append([journal.Line(uuid.uuid4(), "conversation_deleted", conversation.pk, LATER)])

    ways: tuple[Callable[[], object], ...] = (
        partial(tasks.write_file, str(run.pk), 0),
        tasks.keep_runs,
        partial(filing.write_files, run),
        partial(shards.write_shard, run, 0),
        partial(filing.file_run, run),
    )
    for write in ways:
        with pytest.raises(Behind):
            write()

    assert run.shards.get().written_at is None
    assert not files(run)


def test_what_comes_to_its_date_while_files_are_written_does_not_start(staff: User, allowing: User) -> None:
    written = make_conversation(allowing, at=LATER - SECOND).expires_at
    assert written
    begun = written - SECOND
    run = make_run(staff, at=begun)
    assert len(exported(run)) == 1
    instants = iter([begun, written, written + SECOND])

    actions.start_run(run, staff, at=lambda: next(instants))

    run.refresh_from_db()
    assert run.state == State.STARTED
    assert exported(run) == []
    assert list(differences(run)) == []
    assert run.moves.get(state=State.STARTED).at == written + SECOND


def test_cancelled_run_leaves_nothing_but_the_record_of_its_moves(staff: User, allowing: User) -> None:
    make_conversation(allowing)
    run = make_run(staff)
    assert files(run)

    actions.cancel_run(run, staff, at=LATER, reason="Not needed.")

    run.refresh_from_db()
    assert not run.rows.exists()
    assert not run.shards.exists()
    assert not files(run)
    assert run.destroyed_at
    assert run.moves.get(state=State.CANCELLED).reason == "Not needed."
    assert list(differences(run)) == []


def test_empty_run_is_a_run(staff: User, update: PolicyUpdate) -> None:
    run = make_run(staff, state=State.STARTED)
    assert exported(run) == []
    assert sorted(files(run)) == ["card.json", "card.md"]
    assert list(differences(run)) == []


# What is in it


def test_run_holds_what_is_eligible_and_nothing_else(staff: User, allowing: User, update: PolicyUpdate) -> None:
    own = make_conversation(allowing)
    make_conversation(make_user("undecided@example.com"))
    refusing = make_user("refusing@example.com")
    answer_as(refusing, Training.REFUSE)
    make_conversation(refusing)
    persona = make_user("persona@example.com", is_persona=True)
    answer_as(persona, Training.ALLOW)
    make_conversation(persona)
    team = make_user("team@example.com", plan=Plan.TEAM)
    make_conversation(team)
    private = conversation_actions.start_conversation(allowing, "Private", at=MEANWHILE, private=True).conversation
    excluded, deleted = make_conversation(allowing), make_conversation(allowing)
    conversation_actions.exclude_conversation(allowing, excluded, at=MEANWHILE)
    conversation_actions.delete_conversation(allowing, deleted, at=MEANWHILE)
    assert private.is_private

    run = make_run(staff)

    assert held(run) == {own}
    assert len(exported(run)) == 1
    assert run.kept_out == {
        "persona": 1,
        "commercial": 1,
        "never_answered": 1,
        "refused": 1,
        "private": 1,
        "excluded": 1,
        "deleted": 1,
    }


def test_row_rests_on_the_answer_in_force(staff: User, alice: User, update: PolicyUpdate) -> None:
    answer_as(alice, Training.ALLOW)
    answer_as(alice, Training.REFUSE, at=MEANWHILE + SECOND)
    answer_as(alice, Training.ALLOW, at=MEANWHILE + 2 * SECOND)
    make_conversation(alice, at=MEANWHILE + 3 * SECOND)

    row = make_run(staff).rows.get()

    assert row.record.kind == Kind.TRAINING_ALLOWED
    assert row.record.occurred_at == MEANWHILE + 2 * SECOND
    assert row.record.principal == alice.principal


def test_what_was_written_under_refuse_is_never_exported(staff: User, alice: User, update: PolicyUpdate) -> None:
    conversation = make_conversation(alice, "before any answer", at=MEANWHILE - DAY)
    for second, training in enumerate((Training.REFUSE, Training.ALLOW)):
        answer_as(alice, training, at=MEANWHILE + 2 * second * SECOND)
        at = MEANWHILE + (2 * second + 1) * SECOND
        message = conversation_actions.write_message(alice, conversation, f"under {training.value}", at=at)
        conversation_actions.save_reply(message, f"reply to {training.value}", at=at)

    run = make_run(staff)

    assert texts(run) == ["before any answer", "reply to allow", "under allow"]
    assert run.rows.get().messages == 3
    assert list(differences(run)) == []


def test_narrower_reading_exports_only_what_was_written_under_an_allow(staff: User, alice: User) -> None:
    make_update(coverage_reading=CoverageReading.MESSAGE)
    conversation = make_conversation(alice, "before any answer", at=MEANWHILE - DAY)
    answer_as(alice, Training.ALLOW)
    conversation_actions.write_message(alice, conversation, "under allow", at=MEANWHILE + SECOND)

    run = make_run(staff)

    assert texts(run) == ["under allow"]
    assert run.rows.get().messages == 1
    assert list(differences(run)) == []


def test_what_is_written_after_the_freeze_is_not_in_the_run(staff: User, allowing: User) -> None:
    conversation = make_conversation(allowing, "before")
    run = actions.create_run(staff, Purpose.MODEL_IMPROVEMENT, at=LATER)
    actions.prepare_run(run, staff, at=LATER)
    conversation_actions.write_message(allowing, conversation, "after", at=LATER + SECOND)
    make_conversation(allowing, "a new one", at=LATER + SECOND)

    start(run, staff, at=LATER + DAY)

    assert texts(run) == ["before"]


def test_files_lead_to_no_account(staff: User, allowing: User) -> None:
    conversation = make_conversation(allowing, "A plan for the weekend")
    run = make_run(staff)

    everything = b"".join(files(run).values()) + repr(exported(run)).encode()

    row = run.rows.get()
    ids = (allowing.principal, conversation.pk, row.record_id, row.record.receipt)
    for trace in (allowing.email, *map(str, ids), *(key.hex for key in ids if key)):
        assert trace.encode() not in everything
    # An instant would tell whose record it is: the day has to do.
    assert row.record.occurred_at.date().isoformat().encode() in everything
    assert row.record.occurred_at.strftime("%Y-%m-%dT%H").encode() not in everything
    assert row.export_id != conversation.pk
    assert row.export_id.version == 4


# Starting


def test_run_whose_file_was_damaged_is_mended_by_the_start(staff: User, allowing: User) -> None:
    make_conversation(allowing, "mine")
    run = make_run(staff)
    before = files(run)
    path = store.path_of(run.shards.get())
    store.write(path, b"not a Parquet file")
    assert list(differences(run))

    start(run, staff)

    assert files(run) == before
    assert list(differences(run)) == []


def test_two_starts_are_one(staff: User, allowing: User) -> None:
    make_conversation(allowing)
    run = make_run(staff)
    stale = TrainingRun.objects.get(pk=run.pk)
    start(run, staff)

    with pytest.raises(problems.WrongState):
        actions.start_run(stale, staff, at=lambda: LATER)

    assert RunMove.objects.filter(state=State.STARTED).count() == 1
