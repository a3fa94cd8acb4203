"""What was deleted stays deleted, whatever backup is restored (rule D7)."""

import uuid
from datetime import timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command
from django.db import transaction
from django.test import Client
from django.utils import timezone

from accounts import journal
from accounts.checks import check_journal
from accounts.leaving import close_account
from accounts.models import JournalEntry, User
from conversations import actions
from conversations.eligibility import Reason
from conversations.feedback import delete_feedback
from conversations.models import Conversation, Feedback, FeedbackCopy, Thumb
from privacy.models import ConsentRecord, ConsentState, Method, PolicyUpdate, Training, TrainingRefusal
from privacy.verification import verify
from tests.factories import MEANWHILE, SECOND, answer_as, make_conversation, make_user

DAY = timedelta(days=1)

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _first_day(_own_files: None) -> None:
    """Begin where there is no journal yet."""
    (settings.JOURNAL_DIR / "2025-01-01.jsonl").unlink()
    settings.JOURNAL_DIR.rmdir()


def lines() -> list[journal.Line]:
    return [line for path in journal.files() for line in journal.lines_of(path)]


def forget(*models: Any) -> None:
    """Let the database be as old as a backup made before some rows."""
    for model in models:
        model.objects.all().delete()


def replayed() -> str:
    out = StringIO()
    call_command("replay_journal", stdout=out, stderr=StringIO())
    return out.getvalue()


# Writing


def test_act_is_a_line_once_it_is_committed_and_not_before(alice: User) -> None:
    conversation = make_conversation(alice)
    with transaction.atomic():
        actions.delete_conversation(alice, conversation, at=MEANWHILE)
        assert lines() == []

    entry = JournalEntry.objects.get()
    assert lines() == [journal.Line(entry.pk, "conversation_deleted", conversation.pk, MEANWHILE)]


def test_act_that_was_rolled_back_is_no_line(alice: User) -> None:
    conversation = make_conversation(alice)
    with transaction.atomic():
        actions.delete_conversation(alice, conversation, at=MEANWHILE)
        transaction.set_rollback(True)

    assert lines() == []
    assert not JournalEntry.objects.exists()


def test_line_holds_ids_and_an_instant_and_nothing_else(update: PolicyUpdate, alice: User) -> None:
    conversation = make_conversation(alice, "Only between us")
    actions.exclude_conversation(alice, conversation, at=MEANWHILE)
    answer_as(alice, Training.ALLOW)
    answer_as(alice, Training.REFUSE, at=MEANWHILE + DAY)
    close_account(alice, at=MEANWHILE + 2 * DAY)

    assert [line.act for line in lines()] == ["conversation_excluded", "training_refused", "account_deleted"]
    assert {line.subject for line in lines()} == {conversation.pk, alice.principal}
    (path,) = journal.files()
    assert path.name == f"{timezone.now():%Y-%m-%d}.jsonl"
    assert "Only" not in path.read_text()
    assert "alice" not in path.read_text()


def test_line_that_could_not_be_written_is_written_later(
    alice: User, caplog: pytest.LogCaptureFixture, settings: Any
) -> None:
    directory: Path = settings.JOURNAL_DIR
    directory.parent.mkdir(parents=True, exist_ok=True)
    directory.write_text("in the way")
    actions.delete_conversation(alice, make_conversation(alice), at=MEANWHILE)
    assert "The journal can't be written" in caplog.text
    directory.unlink()

    assert journal.complete() == 1

    assert [line.entry for line in lines()] == [JournalEntry.objects.get().pk]
    assert journal.complete() == 0


def test_line_that_was_replayed_is_not_written_again(alice: User) -> None:
    conversation = make_conversation(alice)
    actions.delete_conversation(alice, conversation, at=MEANWHILE)
    (path,) = journal.files()
    path.rename(path.with_name("2025-09-10.jsonl"))
    forget(JournalEntry)
    Conversation.objects.update(deleted_at=None)
    replayed()
    assert Conversation.objects.get().deleted_at == MEANWHILE

    assert journal.complete() == 0
    assert len(lines()) == 1


def test_line_in_the_middle_of_many_is_written_later(alice: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(journal, "LOOKED_FOR", 2)
    for _number in range(5):
        actions.delete_conversation(alice, make_conversation(alice), at=MEANWHILE)
    (path,) = journal.files()
    written = path.read_text().splitlines(keepends=True)
    path.write_text("".join([*written[:2], *written[3:]]))

    assert journal.complete() == 1

    assert {line.entry for line in lines()} == set(JournalEntry.objects.values_list("pk", flat=True))


def test_line_of_a_refusal_that_could_not_be_written_is_written_later(
    update: PolicyUpdate, alice: User, settings: Any
) -> None:
    settings.JOURNAL_DIR.write_text("in the way")
    answer_as(alice, Training.REFUSE, at=MEANWHILE + DAY)
    settings.JOURNAL_DIR.unlink()

    assert journal.complete() == 1

    refusal = TrainingRefusal.objects.get()
    assert lines() == [journal.Line(refusal.pk, "training_refused", alice.principal, MEANWHILE + DAY)]


def test_line_that_a_crash_cut_short_does_not_swallow_the_next(alice: User) -> None:
    first, second = make_conversation(alice), make_conversation(alice)
    actions.delete_conversation(alice, first, at=MEANWHILE)
    (path,) = journal.files()
    path.write_bytes(path.read_bytes()[:-20])

    actions.delete_conversation(alice, second, at=MEANWHILE)

    assert [line.subject for line in lines()] == [second.pk]
    assert journal.complete() == 1
    assert {line.subject for line in lines()} == {first.pk, second.pk}


# A database that is older


def test_site_does_not_serve_until_the_journal_is_replayed(client: Client, alice: User) -> None:
    assert client.get("/").status_code == 200
    actions.delete_conversation(alice, make_conversation(alice), at=MEANWHILE)
    assert Client().get("/").status_code == 200
    forget(JournalEntry)
    Conversation.objects.update(deleted_at=None)

    fresh = Client()  # As of a process that has just been started.
    response = fresh.get("/", headers={"accept-language": "zh-hans"})
    assert response.status_code == 503
    assert response["Retry-After"] == "60"
    assert response["Content-Language"] == "zh-hans"
    assert fresh.get("/chats/", headers={"accept": "application/json"}).json()["code"] == "being_restored"
    assert fresh.get("/health/").status_code == 503
    assert fresh.get("/health/").json() == {"status": "unavailable", "database": True, "journal": False}
    assert [error.id for error in check_journal(databases=["default"])] == ["accounts.W001"]
    with pytest.raises(CommandError, match="older than the journal"):
        call_command("replay_journal", "--check")

    assert replayed() == "Done again: 1 × conversation_deleted.\n"

    assert Conversation.objects.get().deleted_at == MEANWHILE
    assert fresh.get("/").status_code == 200
    assert fresh.get("/health/").status_code == 200
    assert check_journal(databases=["default"]) == []
    assert replayed() == "There was nothing to do again.\n"


def test_database_without_any_act_is_not_behind(db: None) -> None:
    assert not journal.is_behind()
    assert not Path(settings.JOURNAL_DIR).exists()


def test_replay_can_be_killed_after_any_act(alice: User) -> None:
    for _time in range(3):
        actions.delete_conversation(alice, make_conversation(alice), at=MEANWHILE)
    forget(JournalEntry)
    Conversation.objects.update(deleted_at=None)

    next(journal.replay())

    assert Conversation.objects.filter(deleted_at=None).count() == 2
    assert journal.is_behind()
    assert replayed() == "Done again: 2 × conversation_deleted.\n"
    assert not journal.is_behind()


def test_acts_on_what_the_backup_never_had_are_remembered(alice: User) -> None:
    conversation = make_conversation(alice)
    actions.exclude_conversation(alice, conversation, at=MEANWHILE)
    actions.delete_conversation(alice, conversation, at=MEANWHILE)
    close_account(alice, at=MEANWHILE)
    forget(JournalEntry, Conversation)
    User.objects.filter(pk=alice.pk).update(principal=uuid.uuid4())

    replayed()

    assert not journal.is_behind()
    assert JournalEntry.objects.count() == 3


def test_database_whose_journal_is_missing_does_not_serve(alice: User) -> None:
    actions.delete_conversation(alice, make_conversation(alice), at=MEANWHILE)
    for path in journal.files():
        path.unlink()
    assert Client().get("/").status_code == 200, "its line may still be on the way"
    JournalEntry.objects.update(recorded_at=timezone.now() - timedelta(hours=3))

    assert Client().get("/").status_code == 503
    assert Client().get("/health/").json()["journal"] is False
    with pytest.raises(CommandError, match="--anew"):
        replayed()

    call_command("replay_journal", "--anew", stdout=StringIO())

    assert Client().get("/").status_code == 200
    assert len(lines()) == 1


@pytest.mark.parametrize("left", ["nothing", "a file of another day", "a file with one line of two"])
def test_what_is_lost_of_the_journal_is_written_again_however_old_it_is(
    alice: User, update: PolicyUpdate, left: str
) -> None:
    """A backup may be as old; what was done since must not come back with it."""
    answer_as(alice, Training.ALLOW)
    answer_as(alice, Training.REFUSE, at=MEANWHILE + SECOND)
    actions.delete_conversation(alice, make_conversation(alice), at=MEANWHILE)
    before = lines()
    recorded = timezone.now() - timedelta(days=29)
    for model in (JournalEntry, TrainingRefusal):
        model.objects.update(recorded_at=recorded)
    (path,) = journal.files()
    if left == "a file with one line of two":
        path.write_text(path.read_text().splitlines(keepends=True)[1])
    else:
        path.unlink()
    if left == "a file of another day":
        path.with_name("2025-09-10.jsonl").touch()

    replayed_anew = StringIO()
    call_command("replay_journal", "--anew", stdout=replayed_anew)

    assert sorted(lines(), key=str) == sorted(before, key=str)
    written = 1 if left == "a file with one line of two" else 2
    assert replayed_anew.getvalue().endswith(f"Lines that had not been written: {written}.\n")


def test_what_is_written_again_never_hides_that_the_database_is_behind(
    alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(journal, "LATEST", 2)
    for _number in range(3):
        actions.delete_conversation(alice, make_conversation(alice), at=MEANWHILE)
    (path,) = journal.files()
    path.unlink()
    unknown = journal.Line(uuid.uuid4(), "act_of_newer_code", uuid.uuid4(), MEANWHILE)
    journal.append([unknown])

    with pytest.raises(CommandError, match="newer code"):
        call_command("replay_journal", "--anew", stdout=StringIO())

    assert journal.is_to_be_replayed()


def test_line_that_was_written_late_is_done_again_at_its_instant(update: PolicyUpdate, alice: User) -> None:
    """An exclusion ended coverage before the refusal did, so it says until when the conversation is kept (D1)."""
    answer_as(alice, Training.ALLOW)
    conversation = make_conversation(alice, at=MEANWHILE + SECOND)
    refused = journal.Line(uuid.uuid4(), "training_refused", alice.principal, MEANWHILE + 9 * DAY)
    excluded = journal.Line(uuid.uuid4(), "conversation_excluded", conversation.pk, MEANWHILE + DAY)
    journal.append([refused, excluded])

    replayed()

    assert Conversation.objects.get().expires_at == excluded.at + 30 * DAY
    assert ConsentState.objects.get().training == Training.REFUSE


@pytest.mark.parametrize("refusals", [1, 3])
def test_missing_lines_are_looked_for_by_one_query_for_each_kind_of_row(
    update: PolicyUpdate, django_assert_num_queries: Any, refusals: int
) -> None:
    for number in range(refusals):
        user = make_user(f"person-{number}@example.com")
        answer_as(user, Training.ALLOW)
        answer_as(user, Training.REFUSE, at=MEANWHILE + SECOND)
    assert len(lines()) == refusals
    with django_assert_num_queries(len(journal.PROOFS)):
        assert journal.complete() == 0


def test_lines_follow_those_that_a_clock_which_was_ahead_has_left(alice: User, monkeypatch: pytest.MonkeyPatch) -> None:
    ahead = settings.JOURNAL_DIR / "2099-01-01.jsonl"
    settings.JOURNAL_DIR.mkdir()
    ahead.touch()
    monkeypatch.setattr(journal, "LATEST", 2)
    for _number in range(3):
        actions.delete_conversation(alice, make_conversation(alice), at=MEANWHILE)

    assert journal.files() == [ahead]
    assert journal.latest() == lines()[-2:]


def test_refusal_tells_too_that_the_journal_is_missing(alice: User, update: PolicyUpdate) -> None:
    answer_as(alice, Training.ALLOW)
    answer_as(alice, Training.REFUSE, at=MEANWHILE + SECOND)
    TrainingRefusal.objects.update(recorded_at=timezone.now() - timedelta(hours=3))
    assert not journal.is_lost()

    for path in journal.files():
        path.unlink()

    assert not JournalEntry.objects.exists()
    assert journal.is_lost()


@pytest.mark.parametrize("instead", [(), ("--check",), ("--dry-run",)])
def test_restored_database_is_neither_purged_nor_said_to_be_clean_before_the_replay(
    alice: User, instead: tuple[str, ...]
) -> None:
    conversation = make_conversation(alice)
    actions.delete_conversation(alice, conversation, at=MEANWHILE)
    deleted = list(JournalEntry.objects.all())
    actions.undo_deletion(alice, conversation, at=MEANWHILE + SECOND)
    JournalEntry.objects.exclude(pk=deleted[0].pk).delete()
    Conversation.objects.update(deleted_at=MEANWHILE)

    with pytest.raises(CommandError, match="older than the journal"):
        call_command("purge_expired", *instead, stdout=StringIO(), stderr=StringIO())

    replayed()
    assert Conversation.objects.get().deleted_at is None


def test_line_that_was_written_late_does_not_undo_what_came_after_it(alice: User) -> None:
    conversation = make_conversation(alice)
    deleted = journal.Line(uuid.uuid4(), actions.DELETED, conversation.pk, MEANWHILE)
    undone = journal.Line(uuid.uuid4(), actions.DELETION_UNDONE, conversation.pk, MEANWHILE + SECOND)
    excluded = journal.Line(uuid.uuid4(), actions.EXCLUDED, conversation.pk, MEANWHILE)
    lifted = journal.Line(uuid.uuid4(), actions.EXCLUSION_LIFTED, conversation.pk, MEANWHILE + SECOND)
    journal.append([undone, lifted, deleted, excluded])

    replayed()

    found = Conversation.objects.get()
    assert (found.deleted_at, found.excluded_at) == (None, None)


@pytest.mark.parametrize(
    ("act", "reverse", "field"),
    [
        (actions.DELETED, actions.DELETION_UNDONE, "deleted_at"),
        (actions.EXCLUDED, actions.EXCLUSION_LIFTED, "excluded_at"),
    ],
)
def test_reversal_that_was_written_late_does_not_undo_what_was_done_again(
    alice: User, act: str, reverse: str, field: str
) -> None:
    """The backup was made after the first time, and the line of what reversed that came last."""
    conversation = make_conversation(alice)
    Conversation.objects.update(**{field: MEANWHILE})
    reversed_ = journal.Line(uuid.uuid4(), reverse, conversation.pk, MEANWHILE + SECOND)
    again = journal.Line(uuid.uuid4(), act, conversation.pk, MEANWHILE + 2 * SECOND)
    journal.append([again, reversed_])

    replayed()

    assert getattr(Conversation.objects.get(), field) is not None


def test_line_that_was_written_late_still_ends_coverage(update: PolicyUpdate, alice: User) -> None:
    answer_as(alice, Training.ALLOW)
    conversation = make_conversation(alice, at=MEANWHILE + SECOND)
    assert Conversation.objects.eligible(MEANWHILE + DAY).exists()
    excluded = journal.Line(uuid.uuid4(), actions.EXCLUDED, conversation.pk, MEANWHILE + DAY)
    lifted = journal.Line(uuid.uuid4(), actions.EXCLUSION_LIFTED, conversation.pk, MEANWHILE + DAY + SECOND)
    journal.append([lifted, excluded])

    replayed()

    found = Conversation.objects.with_reason(MEANWHILE + 2 * DAY).get()
    assert (found.excluded_at, found.reason) == (None, Reason.NOT_RESUMED)


@pytest.mark.parametrize(
    "text", ['{"entry": 5}', "[]", "nonsense", '{"entry": "x", "act": "y", "subject": "z", "at": "never"}', "\xff"]
)
def test_line_that_can_not_be_read_is_said_and_passed_over(
    alice: User, caplog: pytest.LogCaptureFixture, text: str
) -> None:
    actions.delete_conversation(alice, make_conversation(alice), at=MEANWHILE)
    (path,) = journal.files()
    path.write_text(f"{text}\n{path.read_text()}", encoding="latin-1")

    assert not journal.is_behind()
    assert len(lines()) == 1
    assert "can't be read" in caplog.text


def test_looking_at_the_latest_lines_begins_with_a_whole_one(
    alice: User, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    for _number in range(4):
        actions.delete_conversation(alice, make_conversation(alice), at=MEANWHILE)
    monkeypatch.setattr(journal, "LATEST", 2)

    assert [line.entry for line in journal.latest()] == [line.entry for line in lines()[-2:]]
    assert "can't be read" not in caplog.text


def test_act_of_newer_code_stops_the_replay() -> None:
    journal.append([journal.Line(uuid.uuid4(), "run_started", uuid.uuid4(), MEANWHILE)])

    with pytest.raises(CommandError, match="run_started"):
        replayed()
    assert journal.is_behind()


# What is done again


def test_undone_deletion_stays_undone(alice: User) -> None:
    conversation = make_conversation(alice)
    actions.delete_conversation(alice, conversation, at=MEANWHILE)
    actions.undo_deletion(alice, conversation, at=MEANWHILE + SECOND)
    forget(JournalEntry)

    replayed()

    assert Conversation.objects.get().deleted_at is None


def test_exclusion_holds_again_and_ends_coverage_when_it_did(update: PolicyUpdate, alice: User) -> None:
    answer_as(alice, Training.ALLOW)
    conversation = make_conversation(alice, at=MEANWHILE + SECOND)
    before = Conversation.objects.values().get()
    actions.exclude_conversation(alice, conversation, at=MEANWHILE + DAY)
    excluded = Conversation.objects.values().get()
    forget(JournalEntry)
    Conversation.objects.update(**before)

    replayed()

    assert Conversation.objects.values().get() == excluded
    assert excluded["expires_at"] == MEANWHILE + 31 * DAY


def test_exclusion_done_again_keeps_what_a_waiting_refusal_says(update: PolicyUpdate, alice: User) -> None:
    answer_as(alice, Training.ALLOW)
    conversation = make_conversation(alice, at=MEANWHILE + SECOND)
    answer_as(alice, Training.REFUSE, at=MEANWHILE + DAY)
    TrainingRefusal.objects.update(applied_at=None)
    Conversation.objects.update(expires_at=MEANWHILE.replace(year=2030))
    journal.append([journal.Line(uuid.uuid4(), actions.EXCLUDED, conversation.pk, MEANWHILE + 2 * DAY)])

    replayed()

    assert Conversation.objects.get().expires_at == MEANWHILE + 31 * DAY


def test_lifted_exclusion_stays_lifted(alice: User) -> None:
    conversation = make_conversation(alice)
    actions.exclude_conversation(alice, conversation, at=MEANWHILE)
    forget(JournalEntry)
    actions.lift_exclusion(alice, conversation, at=MEANWHILE + DAY)
    forget(JournalEntry)

    replayed()

    assert Conversation.objects.get().excluded_at is None


def test_deleted_feedback_stays_deleted(alice: User) -> None:
    copy = FeedbackCopy.objects.create(thumb=Thumb.UP, given_on=MEANWHILE.date(), expires_at=MEANWHILE + 99 * DAY)
    given = Feedback.objects.create(user=alice, copy=copy, given_at=MEANWHILE)
    delete_feedback(given, at=MEANWHILE)
    forget(JournalEntry)
    copy.save(force_insert=True)

    replayed()

    assert not FeedbackCopy.objects.exists()


def test_refusal_holds_again_with_honest_evidence(update: PolicyUpdate, alice: User) -> None:
    answer_as(alice, Training.ALLOW)
    make_conversation(alice, at=MEANWHILE + SECOND)
    line = journal.Line(uuid.uuid4(), "training_refused", alice.principal, MEANWHILE + DAY)
    journal.append([line])  # Made after the backup.

    replayed()

    state = ConsentState.objects.get()
    assert (state.training, state.allowed_since, state.last_receipt) == (Training.REFUSE, None, line.entry)
    record = ConsentRecord.objects.order_by("sequence").last()
    assert record is not None
    assert (record.kind, record.method, record.occurred_at) == ("training_withdrawn", Method.REPLAY, line.at)
    assert TrainingRefusal.objects.get().pk == line.entry
    assert verify().first is None
    assert Conversation.objects.get().expires_at == line.at + 30 * DAY
    assert not journal.is_behind()


def test_refusal_before_the_present_allow_changes_nothing(update: PolicyUpdate, alice: User) -> None:
    answer_as(alice, Training.ALLOW, at=MEANWHILE + DAY)
    journal.append([journal.Line(uuid.uuid4(), "training_refused", alice.principal, MEANWHILE)])

    replayed()

    assert ConsentState.objects.get().training == Training.ALLOW
    assert not journal.is_behind()


def test_deleted_account_is_deleted_again() -> None:
    alice = make_user("alice@example.com")
    journal.append([journal.Line(uuid.uuid4(), "account_deleted", alice.principal, MEANWHILE)])

    replayed()

    alice.refresh_from_db()
    assert (alice.closed_at, alice.is_active) == (MEANWHILE, False)
