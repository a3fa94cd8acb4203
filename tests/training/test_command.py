"""`manage.py training_run`: the whole way of a run, and what it says when something can't be done."""

import uuid
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from pytest_django import Settings

from accounts import journal
from accounts.models import User
from consent_site.celery import app
from conversations.models import Conversation
from tests.conftest import MoveClock
from tests.factories import make_conversation, make_user
from tests.training.runs import LATER, files, texts
from training import actions, filing, problems, store
from training.models import Purpose, State, TrainingRun
from training.records import Incomplete
from training.verification import differences

pytestmark = pytest.mark.django_db


def run_command(*arguments: str) -> str:
    out = StringIO()
    call_command("training_run", *arguments, stdout=out)
    return out.getvalue().strip()


def test_command_takes_a_run_from_its_draft_to_its_end(staff: User, allowing: User, moved_to: MoveClock) -> None:
    moved_to(LATER)
    make_conversation(allowing)
    make_conversation(make_user("undecided@example.com"))
    by = ("--by", staff.email, "--reason", "The autumn model.")

    dry = run_command("dry-run")
    assert "Conversations that would be in it: 1." in dry
    assert any(line.split() == ["1", "never_answered"] for line in dry.splitlines())

    key = run_command("create", "--purpose", "safety_classifiers", *by)
    run = TrainingRun.objects.get(pk=key)
    assert run.purpose == "safety_classifiers"
    assert "Conversations in the run: 1." in run_command("prepare", key, *by)
    assert "as they should be" in run_command("verify", key)
    assert "has started" in run_command("start", key, *by)
    assert "finished" in run_command("finish", key, *by)
    run.refresh_from_db()
    assert run.state == State.FINISHED
    assert {move.reason for move in run.moves.all()} == {"The autumn model."}
    assert {move.moved_by for move in run.moves.all()} == {staff.principal}


def test_command_cancels(staff: User, allowing: User, moved_to: MoveClock) -> None:
    moved_to(LATER)
    make_conversation(allowing)
    key = run_command("create", "--by", staff.email)
    run_command("prepare", key, "--by", staff.email)
    run = TrainingRun.objects.get(pk=key)
    assert files(run)
    run_command("cancel", key, "--by", staff.email)
    assert not files(run)


def test_prepare_goes_on_where_it_was(staff: User, allowing: User, moved_to: MoveClock) -> None:
    moved_to(LATER)
    make_conversation(allowing)
    key = run_command("create", "--by", staff.email)
    run_command("prepare", key, "--by", staff.email)
    run = TrainingRun.objects.get(pk=key)
    before = files(run)
    store.destroy(run)
    run.shards.update(written_at=None, sha256="")

    assert "written" in run_command("prepare", key, "--by", staff.email)

    assert files(run) == before


def test_prepare_says_what_has_left_storage_and_goes_on_without_it(
    staff: User, allowing: User, moved_to: MoveClock
) -> None:
    moved_to(LATER)
    make_conversation(allowing, "kept")
    gone = make_conversation(allowing, "gone")
    key = run_command("create", "--by", staff.email)
    run = TrainingRun.objects.get(pk=key)
    actions.prepare_run(run, staff, at=LATER)
    Conversation.objects.filter(pk=gone.pk).delete()  # As the purge does.
    with pytest.raises(Incomplete):
        filing.write_files(run)
    run.refresh_from_db()
    assert "has left storage" in problems.in_words(run.problem)

    assert "written" in run_command("prepare", key, "--by", staff.email)

    run.refresh_from_db()
    assert (texts(run), run.problem) == (["kept"], "")
    assert list(differences(run)) == []


def behind_the_journal() -> None:
    journal.append([journal.Line(uuid.uuid4(), "conversation_deleted", uuid.uuid4(), LATER)])


@pytest.fixture
def unwritten(staff: User, allowing: User, moved_to: MoveClock) -> TrainingRun:
    """Return a prepared run whose file is missing."""
    moved_to(LATER)
    make_conversation(allowing)
    run = actions.create_run(staff, Purpose.MODEL_IMPROVEMENT, at=LATER)
    actions.prepare_run(run, staff, at=LATER)
    return run


def test_prepare_writes_nothing_while_the_database_is_behind_its_journal(unwritten: TrainingRun, staff: User) -> None:
    behind_the_journal()
    with pytest.raises(CommandError, match="replay_journal"):
        run_command("prepare", str(unwritten.pk), "--by", staff.email)
    assert not files(unwritten)


def test_prepare_does_not_wait_for_workers_of_a_database_that_is_behind(
    unwritten: TrainingRun, staff: User, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    # As where a broker is: that a worker refuses is said in its log alone.
    settings.CELERY_BROKER_URL = "redis://localhost:1"
    monkeypatch.setitem(app.conf, "task_eager_propagates", False)
    monkeypatch.setattr("time.sleep", lambda _seconds: pytest.fail("it waits"))
    behind_the_journal()
    with pytest.raises(CommandError, match="replay_journal"):
        run_command("prepare", str(unwritten.pk), "--by", staff.email)


@pytest.mark.parametrize(("address", "said"), [("mallory@example.com", "Only staff"), ("no@example.com", "no account")])
def test_prepare_writes_nothing_by_the_name_of_who_may_not(
    unwritten: TrainingRun, mallory: User, address: str, said: str
) -> None:
    with pytest.raises(CommandError, match=said):
        run_command("prepare", str(unwritten.pk), "--by", address)
    assert not files(unwritten)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["start", "{run}", "--by", "{staff}"], "can’t be moved there.* It is draft"),
        (["finish", "{run}", "--by", "{staff}"], "can’t be moved there.* It is draft"),
        (["prepare", "{run}", "--by", "{nobody}"], "Only staff"),
        (["create", "--by", "{nobody}"], "Only staff"),
        (["prepare", "{run}", "--by", "stranger@example.com"], "no account"),
        (["prepare", str(uuid.uuid4()), "--by", "{staff}"], "There is no run"),
        (["verify", "not an id"], "not an id is no id of a run"),
    ],
)
def test_command_says_what_can_not_be_done(
    staff: User, mallory: User, moved_to: MoveClock, arguments: list[str], said: str
) -> None:
    moved_to(LATER)
    run = TrainingRun.objects.get(pk=run_command("create", "--by", staff.email))
    known = {"run": run.pk, "staff": staff.email, "nobody": mallory.email}
    with pytest.raises(CommandError, match=said):
        run_command(*(argument.format(**known) for argument in arguments))
    run.refresh_from_db()
    assert run.state == State.DRAFT


def test_verify_names_the_first_difference(staff: User, allowing: User, moved_to: MoveClock) -> None:
    moved_to(LATER)
    make_conversation(allowing)
    key = run_command("create", "--by", staff.email)
    run_command("prepare", key, "--by", staff.email)
    store.discard(store.path_of(TrainingRun.objects.get(pk=key).shards.get()))
    with pytest.raises(CommandError, match=r"shard-00000\.parquet is missing"):
        run_command("verify", key)
