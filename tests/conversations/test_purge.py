"""What is past its date goes, and nothing else: whatever happens meanwhile, and however often it is killed."""

import random
import signal
import time
import uuid
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from io import StringIO
from pathlib import Path
from threading import Event

import pytest
from allauth.usersessions.models import UserSession
from django.contrib.sessions.models import Session
from django.core.management import CommandError, call_command
from django.db import connection
from django.utils import timezone

from accounts.exports import path_of, request_export
from accounts.leaving import accounts_to_erase, close_account
from accounts.models import PlanClass, User
from conversations import actions, purge, tasks
from conversations.models import Conversation, Feedback, FeedbackCopy, Message, Purge, Role, Thumb
from conversations.replies import answer_message
from privacy.drafts import keep_draft
from privacy.models import Draft, PolicyUpdate, Training, TrainingRefusal
from tests.conftest import MoveClock
from tests.conversations.assistants import Echo
from tests.factories import MEANWHILE, SECOND, answer_as, make_conversation, make_user
from tests.processes import manage

DAY = timedelta(days=1)
DATE = MEANWHILE + 30 * DAY


def give_feedback(conversation: Conversation, *, expires_at: datetime = MEANWHILE + 1826 * DAY) -> Feedback:
    """Have the owner rate the reply to their first message."""
    message = conversation.messages.get()
    answer_message(message, Echo(), at=lambda: MEANWHILE)
    copy = FeedbackCopy.objects.create(thumb=Thumb.UP, given_on=MEANWHILE.date(), expires_at=expires_at)
    reply = Message.objects.get(answers=message)
    return Feedback.objects.create(user=conversation.user, message=reply, copy=copy, given_at=MEANWHILE)


@pytest.mark.parametrize(("offset", "is_left"), [(-SECOND, True), (timedelta(), False), (SECOND, False)])
def test_conversation_goes_with_its_messages_at_its_date(alice: User, offset: timedelta, *, is_left: bool) -> None:
    conversation = make_conversation(alice)
    answer_message(conversation.messages.get(), Echo(), at=lambda: MEANWHILE)

    report = purge.purge(DATE + offset)

    assert Conversation.objects.exists() is is_left
    assert Message.objects.count() == (2 if is_left else 0)
    assert report.counts == ({} if is_left else {"expired conversations": 1})


@pytest.mark.parametrize(("offset", "is_left"), [(-SECOND, True), (timedelta(), False)])
def test_deleted_conversation_goes_once_it_can_not_come_back(alice: User, offset: timedelta, *, is_left: bool) -> None:
    conversation = make_conversation(alice)
    actions.delete_conversation(alice, conversation, at=MEANWHILE + DAY)
    at = MEANWHILE + DAY + actions.UNDO + offset

    purge.purge(at)

    assert Conversation.objects.exists() is is_left
    if is_left:
        actions.undo_deletion(alice, conversation, at=at)
    else:
        with pytest.raises(actions.Gone):
            actions.undo_deletion(alice, conversation, at=at)


def test_conversation_without_a_date_stays(alice: User) -> None:
    conversation = make_conversation(alice)
    Conversation.objects.update(has_commercial_message=True, expires_at=None)

    purge.purge(DATE + 3650 * DAY)

    assert Conversation.objects.get() == conversation


def test_feedback_stays_its_persons_when_the_chat_goes_by_its_date(alice: User) -> None:
    feedback = give_feedback(make_conversation(alice))

    purge.purge(DATE)

    assert not Message.objects.exists()
    left = Feedback.objects.get()
    assert (left.user, left.message, left.copy) == (alice, None, feedback.copy)


def test_feedback_is_cut_off_when_its_person_deleted_the_chat(alice: User) -> None:
    conversation = make_conversation(alice)
    copy = give_feedback(conversation).copy
    actions.delete_conversation(alice, conversation, at=MEANWHILE)

    purge.purge(MEANWHILE + DAY)

    assert not Feedback.objects.exists()
    assert FeedbackCopy.objects.get() == copy


@pytest.mark.parametrize("before", [actions.UNDO / 2, actions.UNDO * 3])
def test_feedback_is_cut_off_when_its_person_deleted_the_chat_just_before_its_date(
    alice: User, before: timedelta
) -> None:
    conversation, other = make_conversation(alice), make_conversation(alice, "Left alone")
    give_feedback(conversation)
    kept = give_feedback(other)
    actions.delete_conversation(alice, conversation, at=DATE - before)

    purge.purge(DATE)

    assert not Conversation.objects.exists()
    assert Feedback.objects.get() == kept
    assert FeedbackCopy.objects.count() == 2


def test_copy_of_feedback_goes_at_its_own_date(alice: User) -> None:
    give_feedback(make_conversation(alice), expires_at=MEANWHILE + 5 * DAY)

    assert purge.purge(MEANWHILE + 5 * DAY).counts == {"copies of feedback": 1}

    assert not FeedbackCopy.objects.exists()
    assert not Feedback.objects.exists()
    assert Message.objects.count() == 2


def test_kept_texts_and_sessions_go_at_their_dates(alice: User) -> None:
    keep_draft(alice, "/chats/", "Half a thought", at=MEANWHILE)
    Session.objects.create(session_key="a" * 32, session_data="", expire_date=timezone.now())
    Session.objects.create(session_key="b" * 32, session_data="", expire_date=timezone.now() + DAY)

    assert purge.purge(DATE).counts == {"kept texts": 1, "sessions": 1}

    assert not Draft.objects.exists()
    assert Session.objects.get().session_key == "b" * 32


def test_devices_are_forgotten_once_their_session_is_over(alice: User) -> None:
    seen, lately = timezone.now() - 14 * DAY, timezone.now() - 13 * DAY
    for key, at in (("a", seen), ("b", seen), ("c", lately)):
        UserSession.objects.create(user=alice, session_key=key * 32, ip="192.0.2.1", user_agent="", last_seen_at=at)
    Session.objects.create(session_key="b" * 32, session_data="", expire_date=timezone.now() + DAY)

    assert purge.purge(DATE).counts == {"devices": 1}

    assert set(UserSession.objects.values_list("session_key", flat=True)) == {"b" * 32, "c" * 32}


def test_refusal_that_was_never_applied_is_applied_first(update: PolicyUpdate, alice: User) -> None:
    answer_as(alice, Training.ALLOW)
    make_conversation(alice, at=MEANWHILE + DAY)
    answer_as(alice, Training.REFUSE, at=MEANWHILE + 2 * DAY)
    assert Conversation.objects.get().expires_at == datetime.fromisoformat("2030-09-11T09:00Z")

    purge.purge(MEANWHILE + 3 * DAY)

    assert TrainingRefusal.objects.get().applied_at is not None
    assert Conversation.objects.get().expires_at == MEANWHILE + 32 * DAY

    purge.purge(MEANWHILE + 32 * DAY)

    assert not Conversation.objects.exists()


def test_check_fails_for_a_refusal_whose_time_has_passed_unapplied(update: PolicyUpdate, alice: User) -> None:
    answer_as(alice, Training.ALLOW)
    answer_as(alice, Training.REFUSE, at=MEANWHILE + DAY)

    assert purge.due_at(MEANWHILE + 31 * DAY)["refusals to apply"] == 1
    assert purge.due_at(MEANWHILE + 31 * DAY - SECOND)["refusals to apply"] == 0


def test_report_says_what_went_and_when(alice: User) -> None:
    for _time in range(3):
        make_conversation(alice)

    before = timezone.now()
    purge.purge(DATE)

    report = Purge.objects.get()
    assert report.at == DATE
    assert report.counts == {"expired conversations": 3}
    assert report.finished_at
    assert before <= report.started_at <= report.finished_at <= timezone.now()


def test_purge_takes_a_bounded_batch_at_a_time(alice: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(purge, "BATCH", 2)
    for _time in range(5):
        make_conversation(alice)
    batches: list[int] = []

    purge.purge(DATE, on_batch=batches.append)

    assert batches == [2, 2, 1]
    assert not Message.objects.exists()


def test_purge_ends_where_many_have_the_same_date(alice: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(purge, "BATCH", 3)
    for number in range(10):
        make_conversation(alice, at=MEANWHILE + (number // 7) * DAY)

    assert purge.purge(DATE + DAY).counts == {"expired conversations": 10}


# The command


def test_command_removes_and_says_what(alice: User, moved_to: MoveClock) -> None:
    make_conversation(alice)
    moved_to(DATE)

    assert run() == "Removed: 1 expired conversations.\n"
    assert run() == "Nothing was past its date.\n"
    assert not Conversation.objects.exists()


def test_dry_run_removes_nothing(alice: User, moved_to: MoveClock) -> None:
    make_conversation(alice)
    moved_to(DATE)

    assert run("--dry-run") == "Would remove: 1 expired conversations.\n"
    assert Conversation.objects.exists()
    assert not Purge.objects.exists()


def test_check_fails_until_nothing_is_past_its_date(alice: User, moved_to: MoveClock) -> None:
    make_conversation(alice)
    moved_to(DATE - SECOND)
    assert run("--check") == "Nothing is past its date.\n"

    moved_to(DATE)
    with pytest.raises(CommandError, match="Past its date: 1 expired conversations"):
        run("--check")
    assert Conversation.objects.exists()

    run()
    assert run("--check") == "Nothing is past its date.\n"


def test_task_does_the_same(alice: User, moved_to: MoveClock) -> None:
    make_conversation(alice)
    moved_to(DATE)

    tasks.purge_expired.delay()

    assert not Conversation.objects.exists()


def run(*arguments: str) -> str:
    """Run the command and return what it says."""
    out = StringIO()
    call_command("purge_expired", *arguments, stdout=out, stderr=StringIO())
    return out.getvalue()


# Killed, and raced with


def many(user: User, count: int, *, expires_at: datetime) -> list[uuid.UUID]:
    """Make many conversations with two messages each, quickly."""
    conversations = Conversation.objects.bulk_create(
        Conversation(
            user=user, title="One of many", created_at=MEANWHILE, last_message_at=MEANWHILE, expires_at=expires_at
        )
        for _ in range(count)
    )
    Message.objects.bulk_create(
        Message(conversation=conversation, role=role, text="…", created_at=MEANWHILE, plan_class=PlanClass.CONSUMER)
        for conversation in conversations
        for role in Role
    )
    return [conversation.pk for conversation in conversations]


def left() -> set[uuid.UUID]:
    return set(Conversation.objects.values_list("pk", flat=True))


def orphans() -> Iterable[Message]:
    return Message.objects.exclude(conversation__in=Conversation.objects.all())


@pytest.mark.long
@pytest.mark.django_db(transaction=True)
def test_purge_killed_again_and_again_ends_with_the_right_rows() -> None:
    alice = make_user("alice@example.com")
    many(alice, 3000, expires_at=MEANWHILE)
    kept = set(many(alice, 300, expires_at=timezone.now() + DAY))
    chance = random.Random(7)

    for _time in range(10):
        process = manage("shell", "--no-imports", "-c", SLOWLY)
        assert process.stdout is not None
        process.stdout.readline()  # It has begun.
        time.sleep(chance.uniform(0, 0.4))
        process.send_signal(signal.SIGKILL)
        process.communicate()
        assert kept <= left()
        assert not orphans()

    assert len(left()) < 3300, "nothing was purged before a kill"
    purge.purge(timezone.now())
    assert left() == kept
    assert Message.objects.count() == 2 * len(kept)


# A process that purges in small batches, so that a kill finds it at work.
SLOWLY = """
from django.utils import timezone
from conversations import purge
purge.BATCH = 25
print("begun", flush=True)
purge.purge(timezone.now())
"""


@pytest.mark.django_db(transaction=True)
def test_conversation_resumed_before_its_date_is_never_lost_to_a_purge(monkeypatch: pytest.MonkeyPatch) -> None:
    """Half of many are resumed a moment before their date, while the purge of that date runs."""
    monkeypatch.setattr(purge, "BATCH", 5)
    people = [make_user(f"person-{number}@example.com") for number in range(4)]
    keys = {person: many(person, 60, expires_at=DATE) for person in people}
    resumed: set[uuid.UUID] = set()
    begun = Event()

    def resume(person: User) -> None:
        try:
            for key in keys[person][::2]:
                try:
                    actions.write_message(person, Conversation(pk=key), "Once more", at=DATE - SECOND)
                except actions.Gone:
                    continue
                resumed.add(key)
                begun.set()
        finally:
            begun.set()
            connection.close()

    def purging() -> None:
        # On SQLite one writes at a time, and the first could be the last.
        begun.wait()
        try:
            for _time in range(20):
                purge.purge(DATE)
        finally:
            connection.close()

    with ThreadPoolExecutor(5) as threads:
        done = [threads.submit(purging), *(threads.submit(resume, person) for person in people)]
        for future in done:
            future.result()
    purge.purge(DATE)

    assert resumed
    assert left() == resumed
    assert not orphans()
    assert Message.objects.filter(text="Once more").count() == len(resumed)


# What can't be removed


def file_that_stays(user: User) -> Path:
    """Have someone ask for an export whose file can't be removed: it is a directory."""
    export = request_export(user, at=MEANWHILE)
    path = path_of(export)
    path.unlink(missing_ok=True)
    path.mkdir(parents=True)
    return path


def test_file_that_can_not_be_removed_keeps_nothing_else(
    alice: User, mallory: User, caplog: pytest.LogCaptureFixture
) -> None:
    path = file_that_stays(mallory)
    conversation = make_conversation(mallory)
    close_account(alice, at=MEANWHILE)

    with pytest.raises(CommandError, match="Not all could be removed of: data exports") as refused:
        call_command("purge_expired")

    assert "The log says why" in str(refused.value)
    assert "Is a directory" in caplog.text
    assert not Conversation.objects.filter(pk=conversation.pk).exists()
    assert not accounts_to_erase().exists()
    report = Purge.objects.get()
    assert report.counts == {"expired conversations": 1, "deleted accounts": 1}
    assert report.finished_at is None

    path.rmdir()
    call_command("purge_expired")
    assert Purge.objects.filter(finished_at__isnull=False).count() == 1


def test_account_that_can_not_be_erased_keeps_no_other(
    alice: User, mallory: User, caplog: pytest.LogCaptureFixture
) -> None:
    path = file_that_stays(alice)
    for user in (alice, mallory):
        close_account(user, at=MEANWHILE)

    with pytest.raises(purge.Unfinished, match="deleted accounts"):
        purge.purge(MEANWHILE)

    assert Purge.objects.get().counts == {"deleted accounts": 1}
    assert list(accounts_to_erase()) == [alice]
    assert f"The account {alice.principal} could not be erased" in caplog.text
    path.rmdir()
    assert purge.purge(MEANWHILE).counts == {"deleted accounts": 1}
