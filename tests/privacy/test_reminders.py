"""Who gets which letter before a deadline, each at most once, and how to stop them."""

import smtplib
import uuid
from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta
from io import StringIO
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from django.core import mail
from django.core.mail import EmailMessage
from django.core.mail.backends.locmem import EmailBackend
from django.core.management import CommandError, call_command
from django.db import IntegrityError
from django.test import Client
from django.utils import timezone, translation

from accounts import journal
from accounts.journal import Line
from accounts.leaving import ACCOUNT_DELETED, close_account
from accounts.models import Plan, User
from privacy.models import ConsentRecord, Letter, PolicyUpdate, ReminderStop, Training, TrainingRefusal
from privacy.publication import move_last_day, raise_rollout
from privacy.reminder_letters import composed, unsubscribe_token
from privacy.reminders import begin, occasions, recipients, resume_reminders, send_letters, stop_reminders, unclear
from privacy.standing import standing_of
from privacy.tasks import send_reminders
from tests.accounts.signing_in import letters
from tests.conftest import MoveClock
from tests.factories import (
    ANNOUNCED,
    DEADLINE,
    LAST_DAY,
    MEANWHILE,
    SECOND,
    answer_as,
    defer_as,
    make_staff,
    make_update,
    make_user,
)
from tests.mail_server import MailServer, mail_server

pytestmark = pytest.mark.django_db

DAY = timedelta(days=1)
FIRST, SECOND_ONE, LAST = (DEADLINE - days * DAY for days in (14, 7, 1))


def send(at: datetime) -> list[tuple[str, int | None]]:
    """Send what is due, and return to whom, and which reminder."""
    before = set(Letter.objects.values_list("pk", flat=True))
    send_letters(now=lambda: at)
    sent = Letter.objects.exclude(pk__in=before).filter(sent_at__isnull=False).select_related("user")
    return sorted((letter.user.email, letter.days) for letter in sent)


# When


@pytest.mark.parametrize(
    ("at", "days"),
    [
        (ANNOUNCED, None),
        (FIRST - SECOND, None),
        (FIRST, 14),
        (SECOND_ONE - SECOND, 14),
        (SECOND_ONE, 7),
        (LAST - SECOND, 7),
        (LAST, 1),
        (DEADLINE - SECOND, 1),
        (DEADLINE, None),
    ],
)
def test_reminder_is_current_from_its_instant_to_the_next(update: PolicyUpdate, at: datetime, days: int | None) -> None:
    assert update.reminder_at(at) == days
    assert [occasion.days for occasion in occasions(at)] == ([days] if days else [])


def test_reminder_due_before_the_announcement_is_none(db: None) -> None:
    update = make_update(announced_at=DEADLINE - 10 * DAY)
    assert update.reminder_at(DEADLINE - 10 * DAY) is None
    assert update.reminder_at(DEADLINE - 7 * DAY) == 7
    update.announced_at = DEADLINE - 7 * DAY
    assert update.reminder_at(DEADLINE - 7 * DAY) == 7


@pytest.mark.parametrize("days", ["", "  "])
def test_update_without_reminders_sends_none(alice: User, days: str) -> None:
    make_update(reminder_days=days)
    assert send(LAST) == []


def test_update_that_asks_nothing_reminds_nobody(alice: User) -> None:
    make_update(is_material=False)
    assert occasions(LAST) == []


# Who


def test_each_reminder_goes_out_once(update: PolicyUpdate, alice: User) -> None:
    for at in (FIRST, FIRST, FIRST + DAY, SECOND_ONE, SECOND_ONE + SECOND, LAST, DEADLINE - SECOND):
        send(at)
    assert list(Letter.objects.order_by("pk").values_list("days", flat=True)) == [14, 7, 1]
    assert [letter.to for letter in letters()] == [[alice.email]] * 3


def outsiders() -> dict[str, User]:
    """Make everyone who is to get no reminder, by why."""
    people = {
        "newcomer": make_user("newcomer@example.com", joined_at=ANNOUNCED),
        "team": make_user("team@example.com", plan=Plan.TEAM),
        "persona": make_user("persona@example.com", is_persona=True),
        "closed": make_user("closed@example.com"),
        "inactive": make_user("inactive@example.com", is_active=False),
        "allowed": make_user("allowed@example.com"),
        "refused": make_user("refused@example.com"),
        "refused alone": make_user("alone@example.com"),
        "stopped": make_user("stopped@example.com"),
        "unconfirmed": make_user("unconfirmed@example.com"),
        "deferred": make_user("deferred@example.com"),
    }
    close_account(people["closed"], at=MEANWHILE)
    answer_as(people["allowed"], Training.ALLOW)
    answer_as(people["refused"], Training.REFUSE)
    answer_as(people["refused alone"], Training.REFUSE, terms=False)
    stop_reminders(people["stopped"], at=MEANWHILE)
    EmailAddress.objects.filter(user=people["unconfirmed"]).update(verified=False)
    defer_as(people["deferred"], at=FIRST - SECOND)
    return people


def test_only_the_undecided_in_scope_are_reminded(update: PolicyUpdate, alice: User) -> None:
    outsiders()
    mail.outbox.clear()
    (occasion,) = occasions(FIRST)
    assert list(recipients(occasion, FIRST)) == [alice], "as a dry run counts them"
    assert send(FIRST) == [(alice.email, 14)]
    assert [letter.to for letter in letters()] == [[alice.email]]


def test_address_is_confirmed_by_its_own_person(update: PolicyUpdate, alice: User) -> None:
    """Another address of theirs says nothing, nor what a stranger says of this one."""
    EmailAddress.objects.filter(user=alice).update(verified=False)
    EmailAddress.objects.create(user=alice, email="other@example.com", verified=True)
    stranger = make_user("stranger@example.com", plan=Plan.TEAM)
    EmailAddress.objects.create(user=stranger, email=alice.email, verified=True)
    assert send(FIRST) == []


def test_who_is_about_to_be_written_to_is_looked_at_again_under_the_lock(update: PolicyUpdate, alice: User) -> None:
    """A list of people is old by the time the last of them gets a letter."""
    (occasion,) = occasions(FIRST)
    for name, person in outsiders().items():
        if name not in {"inactive", "unconfirmed"}:
            assert begin(person, occasion, FIRST) is None, name
    assert begin(alice, occasion, FIRST) is not None
    assert begin(alice, occasion, FIRST) is None


def test_reminder_that_is_no_longer_current_is_not_begun(update: PolicyUpdate, alice: User) -> None:
    (occasion,) = occasions(FIRST)
    assert begin(alice, occasion, SECOND_ONE) is None
    assert begin(alice, occasion, DEADLINE) is None


def test_who_an_update_is_not_rolled_out_to_is_reminded(alice: User) -> None:
    make_update(rollout_percentage=0)
    assert send(FIRST) == [(alice.email, 14)]


def test_reminder_waits_for_the_end_of_a_deferral(update: PolicyUpdate, alice: User) -> None:
    until = defer_as(alice, at=FIRST - SECOND).deferred_until
    assert until == FIRST - SECOND + DAY
    assert send(FIRST) == []
    assert send(until - SECOND) == []
    assert send(until) == [(alice.email, 14)]


def test_reminder_waits_for_no_deferral_of_an_earlier_update(alice: User) -> None:
    make_update("2025-05-01", announced_at=ANNOUNCED - 100 * DAY, last_day=LAST_DAY + 60 * DAY, short_deferral_days=90)
    defer_as(alice, at=ANNOUNCED - DAY)
    make_update()
    assert send(FIRST) == [(alice.email, 14)]


def test_reminder_overtaken_during_a_deferral_is_never_sent(update: PolicyUpdate, alice: User) -> None:
    for at in (FIRST - 2 * DAY, FIRST - DAY, FIRST):
        until = defer_as(alice, at=at).deferred_until
    assert until == SECOND_ONE
    assert send(SECOND_ONE - SECOND) == []
    assert send(SECOND_ONE) == [(alice.email, 7)]
    assert not Letter.objects.filter(days=14).exists()


def test_gated_person_is_not_reminded_of_a_newer_update(alice: User) -> None:
    make_update("2025-05-01", announced_at=ANNOUNCED - 100 * DAY, last_day=LAST_DAY - 60 * DAY)
    make_update()
    assert send(FIRST) == []


def test_who_answered_an_earlier_update_is_reminded_of_this_one(alice: User) -> None:
    make_update("2025-05-01", announced_at=ANNOUNCED - 100 * DAY, last_day=LAST_DAY - 60 * DAY)
    answer_as(alice, Training.ALLOW, at=ANNOUNCED - 99 * DAY)
    make_update()
    assert send(FIRST) == [(alice.email, 14)]
    assert "the choice you made before stands" in letters()[-1].body


def test_each_update_has_reminders_of_its_own(alice: User) -> None:
    former = make_update("2025-05-01", announced_at=ANNOUNCED - 100 * DAY, last_day=LAST_DAY - 60 * DAY)
    assert send(former.deadline - 14 * DAY) == [(alice.email, 14)]
    answer_as(alice, Training.REFUSE, at=former.deadline - 13 * DAY)
    make_update()
    assert send(FIRST) == [(alice.email, 14)]


@pytest.mark.parametrize("published", [True, False])
def test_update_to_come_holds_no_reminder_up(update: PolicyUpdate, alice: User, published: bool) -> None:
    make_update("2025-12-01", announced_at=DEADLINE, last_day=LAST_DAY + 60 * DAY, published=published)
    assert send(LAST) == [(alice.email, 1)]


def test_moved_last_day_moves_the_reminders(update: PolicyUpdate, alice: User) -> None:
    move_last_day(update, LAST_DAY + 10 * DAY, reason="More time.", by=make_staff(), at=MEANWHILE)
    assert (alice.email, 14) not in send(FIRST)
    assert (alice.email, 14) in send(FIRST + 10 * DAY)


# At most once, and not silently lost


def test_killed_process_sends_nothing_twice_and_leaves_what_it_was_about_to_send(
    update: PolicyUpdate, alice: User
) -> None:
    (occasion,) = occasions(FIRST)
    assert begin(alice, occasion, FIRST) is not None
    assert send(FIRST) == []
    assert letters() == []
    assert not unclear().exists(), "another process may still be sending it"
    Letter.objects.update(begun_at=timezone.now() - timedelta(minutes=59))
    assert not unclear().exists()
    Letter.objects.update(begun_at=timezone.now() - timedelta(minutes=61))
    assert [letter.user for letter in unclear()] == [alice]
    out = StringIO()
    call_command("send_reminders", dry_run=True, stdout=out)
    assert "1 letters were begun and are not known to have been sent" in out.getvalue()


def test_letter_that_the_server_took_is_never_unclear(update: PolicyUpdate, alice: User) -> None:
    send(FIRST)
    Letter.objects.update(begun_at=timezone.now() - timedelta(hours=2))
    assert not unclear().exists()


def test_database_refuses_a_second_reminder(update: PolicyUpdate, alice: User) -> None:
    known = {"user": alice, "update": update, "days": 14, "language": "en", "begun_at": FIRST}
    Letter.objects.create(**known)
    with pytest.raises(IntegrityError, match=r"(?i)unique"):
        Letter.objects.create(**known)


class PickyBackend(EmailBackend):
    """A mail server that answers each letter as it is told to."""

    answers: dict[str, Exception] = {}

    def send_messages(self, messages: Any) -> int:
        (message,) = messages
        assert isinstance(message, EmailMessage)
        if error := self.answers.get(message.to[0]):
            raise error
        return super().send_messages(messages)


@pytest.fixture
def picky(settings: Any, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    settings.EMAIL_BACKEND = f"{__name__}.PickyBackend"

    def answer(**answers: Exception) -> None:
        monkeypatch.setattr(PickyBackend, "answers", {f"{name}@example.com": error for name, error in answers.items()})

    return answer


def test_address_that_is_refused_for_good_holds_nobody_up(
    update: PolicyUpdate, alice: User, mallory: User, picky: Callable[..., None]
) -> None:
    picky(alice=smtplib.SMTPRecipientsRefused({alice.email: (550, b"No such user")}))
    assert send(FIRST) == [(mallory.email, 14)]
    assert Letter.objects.get(user=alice).problem == "SMTPRecipientsRefused 550"
    picky()
    assert send(FIRST + DAY) == []
    assert send(SECOND_ONE) == [(alice.email, 7), (mallory.email, 7)]
    picky(mallory=smtplib.SMTPRecipientsRefused({mallory.email: (550, b"No such user")}))
    assert send(LAST) == [(alice.email, 1)]


@pytest.mark.parametrize(
    "error",
    [
        smtplib.SMTPRecipientsRefused({"alice@example.com": (450, b"Later")}),
        smtplib.SMTPDataError(451, b"Later"),
        smtplib.SMTPDataError(499, b"Later"),
    ],
)
def test_letter_that_the_server_puts_off_goes_out_later(
    update: PolicyUpdate, alice: User, mallory: User, picky: Callable[..., None], error: Exception
) -> None:
    picky(alice=error)
    assert send(FIRST) == [(mallory.email, 14)]
    picky()
    assert send(FIRST + DAY) == [(alice.email, 14)]


def test_server_that_takes_nothing_from_us_stops_the_run_and_loses_nothing(
    update: PolicyUpdate, alice: User, mallory: User, picky: Callable[..., None]
) -> None:
    picky(alice=smtplib.SMTPSenderRefused(550, b"Not you", "privacy@example.com"))
    with pytest.raises(smtplib.SMTPSenderRefused):
        send(FIRST)
    assert not Letter.objects.exists()
    picky()
    assert send(FIRST) == [(alice.email, 14), (mallory.email, 14)]


def test_connection_that_breaks_leaves_one_letter_open_and_the_rest_for_later(
    update: PolicyUpdate, alice: User, mallory: User, picky: Callable[..., None], moved_to: MoveClock
) -> None:
    picky(alice=smtplib.SMTPServerDisconnected("Gone"))
    moved_to(FIRST)
    assert send_reminders() == 0
    assert Letter.objects.get().problem == "SMTPServerDisconnected"
    picky()
    assert send(FIRST) == [(mallory.email, 14)]


@pytest.fixture
def server(settings: Any) -> Iterator[MailServer]:
    """Return a mail server that letters really go to."""
    with mail_server() as server:
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", server.port
        settings.EMAIL_USE_TLS = settings.EMAIL_USE_SSL = False
        settings.EMAIL_HOST_USER = settings.EMAIL_HOST_PASSWORD = ""
        yield server


@pytest.mark.parametrize("command", ["RCPT", "DATA"])
def test_server_that_hangs_up_at_the_third_letter_of_five_loses_none(
    update: PolicyUpdate, server: MailServer, command: str
) -> None:
    people = [make_user(f"person{number}@example.com").email for number in range(5)]
    server.hangs_up_at, server.hangs_up_on = command, {people[2]}
    with pytest.raises(smtplib.SMTPException):
        send(FIRST)
    assert server.taken == people[:2]

    server.hangs_up_on = set()
    assert send(FIRST) == [(email, 14) for email in people[2:]]
    assert server.taken == people


def test_server_that_says_nothing_is_not_waited_for(
    update: PolicyUpdate, alice: User, server: MailServer, settings: Any
) -> None:
    assert settings.EMAIL_TIMEOUT
    settings.EMAIL_TIMEOUT, server.is_silent = 0.2, True
    with pytest.raises(OSError, match="timed out"):
        send(FIRST)
    assert not Letter.objects.exists()


def test_run_without_time_leaves_the_rest_to_the_next(update: PolicyUpdate, monkeypatch: pytest.MonkeyPatch) -> None:
    people = [make_user(f"person{number}@example.com") for number in range(5)]
    monkeypatch.setattr("privacy.reminders.BATCH", 2)
    counts = []
    for _run in range(4):
        report = send_letters(seconds=0, now=lambda: FIRST)
        counts.append((report.sent, report.is_done))
    assert counts == [(2, False), (2, False), (1, False), (0, True)]
    assert sorted(letter.to[0] for letter in letters()) == [person.email for person in people]


def test_run_with_time_sends_all_of_it_and_tells_of_each(update: PolicyUpdate, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(5):
        make_user(f"person{number}@example.com")
    monkeypatch.setattr("privacy.reminders.BATCH", 2)
    told: list[int] = []
    report = send_letters(seconds=60, now=lambda: FIRST, on_letter=told.append)
    assert (report.sent, report.is_done, told) == (5, True, [1] * 5)


def test_task_sends_all_of_it(update: PolicyUpdate, monkeypatch: pytest.MonkeyPatch, moved_to: MoveClock) -> None:
    for number in range(5):
        make_user(f"person{number}@example.com")
    monkeypatch.setattr("privacy.reminders.BATCH", 2)
    monkeypatch.setattr("privacy.tasks.SLICE", 0)
    moved_to(FIRST)
    send_reminders.delay()
    assert Letter.objects.filter(sent_at__isnull=False).count() == 5


# The command


def test_dry_run_says_what_is_due_and_sends_nothing(update: PolicyUpdate, alice: User, moved_to: MoveClock) -> None:
    moved_to(FIRST)
    out = StringIO()
    call_command("send_reminders", dry_run=True, stdout=out)
    assert out.getvalue() == "1 letters are due (2025-08-28: 14 days before).\n"
    assert not Letter.objects.exists()
    assert letters() == []


def test_dry_run_names_a_move_of_the_last_day(update: PolicyUpdate, alice: User, moved_to: MoveClock) -> None:
    move_last_day(update, LAST_DAY + DAY, reason="More time.", by=None, at=MEANWHILE, tells_people=True)
    moved_to(MEANWHILE)
    out = StringIO()
    call_command("send_reminders", dry_run=True, stdout=out)
    assert out.getvalue() == "1 letters are due (2025-08-28: the last day has moved).\n"


def test_command_sends_and_says_so(update: PolicyUpdate, alice: User, moved_to: MoveClock) -> None:
    moved_to(FIRST)
    out = StringIO()
    call_command("send_reminders", stdout=out)
    assert "Sent: 1. Not sent: 0." in out.getvalue()
    out = StringIO()
    call_command("send_reminders", dry_run=True, stdout=out)
    assert "0 letters are due" in out.getvalue()


def test_command_says_how_many_were_not_sent(
    update: PolicyUpdate, alice: User, mallory: User, picky: Callable[..., None], moved_to: MoveClock
) -> None:
    refusal = (550, b"No such user")
    picky(
        alice=smtplib.SMTPRecipientsRefused({alice.email: refusal}),
        mallory=smtplib.SMTPRecipientsRefused({mallory.email: refusal}),
    )
    moved_to(FIRST)
    out = StringIO()
    call_command("send_reminders", stdout=out)
    assert "Sent: 0. Not sent: 2." in out.getvalue()


def test_command_fails_while_the_server_is_away(
    update: PolicyUpdate, alice: User, picky: Callable[..., None], moved_to: MoveClock
) -> None:
    moved_to(FIRST)
    picky(alice=smtplib.SMTPServerDisconnected("Gone"))
    with pytest.raises(CommandError, match="The mail server takes nothing"):
        call_command("send_reminders")


def test_nobody_is_written_to_while_a_restored_database_does_not_know_who_has_left(
    update: PolicyUpdate, alice: User, settings: Any, moved_to: MoveClock
) -> None:
    line = Line(uuid.uuid4(), ACCOUNT_DELETED, alice.principal, FIRST)
    (settings.JOURNAL_DIR / "2025-09-15.jsonl").write_text(line.as_json())
    moved_to(FIRST)
    assert send_reminders() == 0
    with pytest.raises(CommandError, match="journal"):
        call_command("send_reminders")
    assert not Letter.objects.exists()
    assert letters() == []


def test_nobody_is_written_to_while_the_journal_is_missing(update: PolicyUpdate, alice: User) -> None:
    answer_as(alice, Training.ALLOW)
    answer_as(alice, Training.REFUSE, at=MEANWHILE + SECOND)
    TrainingRefusal.objects.update(recorded_at=timezone.now() - timedelta(hours=3))
    for path in journal.files():
        path.unlink()
    with pytest.raises(journal.Behind):
        send(FIRST)


@pytest.mark.parametrize("count", [1, 3])
def test_finding_whom_to_write_to_takes_as_many_queries_for_many(
    update: PolicyUpdate, count: int, django_assert_num_queries: Any
) -> None:
    for number in range(count):
        make_user(f"person{number}@example.com")
    (occasion,) = occasions(FIRST)
    with django_assert_num_queries(2):
        assert recipients(occasion, FIRST).count() == count


# The letter


@pytest.mark.parametrize(
    ("language", "zone", "day"),
    [("en", "America/New_York", "September 28, 2025"), ("zh-hans", "Asia/Shanghai", "2025年9月28日")],
)
def test_letter_is_in_its_readers_language_and_names_the_last_day(
    update: PolicyUpdate, language: str, zone: str, day: str
) -> None:
    reader = make_user("reader@example.com", language=language, time_zone=zone)
    with translation.override("en" if language == "zh-hans" else "zh-hans"):
        send(FIRST)
    (letter,) = letters()
    assert day in letter.subject
    assert day in letter.body
    assert "http://127.0.0.1:8000/privacy/question/" in letter.body
    assert f"/privacy/unsubscribe/{unsubscribe_token(reader)}/" in letter.body
    assert ("Yes, allow training" in letter.body) is (language == "en")
    assert Letter.objects.get().language == language


def test_letter_weighs_both_answers_alike_and_presses_nobody(update: PolicyUpdate, alice: User) -> None:
    send(LAST)
    body = letters()[0].body
    assert "Yes, allow training\n  Kept for 5 years after the last message. Used for training." in body
    assert "No, refuse training\n  Kept for 30 days after the last message. Not used for training." in body
    assert "Nothing is chosen until you choose." in body
    for word in ("miss", "help us", "hurry", "soon", "only", "!"):
        assert word not in body.lower()


def test_letter_can_be_stopped_by_one_click(update: PolicyUpdate, alice: User) -> None:
    send(FIRST)
    headers = mail.outbox[0].extra_headers
    address = headers["List-Unsubscribe"].strip("<>")
    assert headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    path = address.removeprefix("http://127.0.0.1:8000")

    response = Client(enforce_csrf_checks=True).post(path, {"List-Unsubscribe": "One-Click"})

    assert response.status_code == 200
    assert ReminderStop.objects.get().user == alice


# The way out, and back


def test_opening_the_link_of_a_letter_stops_nothing(client: Client, update: PolicyUpdate, alice: User) -> None:
    """Programs that look for dangerous links open every one of them."""
    response = client.get(f"/privacy/unsubscribe/{unsubscribe_token(alice)}/")
    assert "Stop reminders?" in response.content.decode()
    assert not ReminderStop.objects.exists()


def test_stopping_touches_no_choice_and_says_so(client: Client, update: PolicyUpdate, alice: User) -> None:
    path = f"/privacy/unsubscribe/{unsubscribe_token(alice)}/"
    for _time in range(2):
        response = client.post(path)
        assert "Your training choice is as it was" in response.content.decode()
    assert ReminderStop.objects.count() == 1
    assert not ConsentRecord.objects.exists()
    assert send(FIRST) == []


@pytest.mark.parametrize("token", ["nonsense", "0" * 32 + ":forged"])
def test_link_that_is_none_of_ours_is_not_found(client: Client, db: None, token: str) -> None:
    assert client.get(f"/privacy/unsubscribe/{token}/").status_code == 404
    assert client.post(f"/privacy/unsubscribe/{token}/").status_code == 404


def test_link_of_an_account_that_is_gone_is_not_found(client: Client, alice: User) -> None:
    close_account(alice, at=MEANWHILE)
    assert client.post(f"/privacy/unsubscribe/{unsubscribe_token(alice)}/").status_code == 404


def test_reminders_can_be_switched_off_and_on_again(
    client: Client, update: PolicyUpdate, alice: User, moved_to: MoveClock
) -> None:
    moved_to(MEANWHILE)
    client.force_login(alice)
    assert "/privacy/reminders/" in client.get("/accounts/preferences/").content.decode()
    assert "You get no reminders." not in client.get("/privacy/reminders/").content.decode()

    response = client.post("/privacy/reminders/stop/", follow=True)
    assert "You get no more reminders" in response.content.decode()
    assert "You get no reminders." in response.content.decode()

    response = client.post("/privacy/reminders/resume/", follow=True)
    assert "You get reminders again" in response.content.decode()
    assert not ReminderStop.objects.exists()
    assert send(FIRST) == [(alice.email, 14)]


def test_page_says_of_oneself_alone_whether_reminders_come(
    client: Client, update: PolicyUpdate, alice: User, mallory: User, moved_to: MoveClock
) -> None:
    moved_to(MEANWHILE)
    stop_reminders(mallory, at=MEANWHILE)
    client.force_login(alice)
    assert "You get no reminders." not in client.get("/privacy/reminders/").content.decode()


def test_letter_refused_for_good_is_not_tried_again(
    update: PolicyUpdate, alice: User, picky: Callable[..., None]
) -> None:
    picky(alice=smtplib.SMTPDataError(500, b"Never"))
    send(FIRST)
    picky()
    assert send(FIRST + DAY) == []


def test_switching_back_on_is_for_oneself_alone(update: PolicyUpdate, alice: User, mallory: User) -> None:
    for user in (alice, mallory):
        stop_reminders(user, at=MEANWHILE)
    resume_reminders(alice)
    assert send(FIRST) == [(alice.email, 14)]


def test_switching_back_on_sends_no_second_letter(update: PolicyUpdate, alice: User) -> None:
    send(FIRST)
    stop_reminders(alice, at=FIRST)
    resume_reminders(alice)
    assert send(FIRST + DAY) == []


# Word that the last day has moved


def test_letter_about_a_move_goes_to_whom_it_concerns_once(update: PolicyUpdate, alice: User) -> None:
    outsiders()
    new = LAST_DAY + 10 * DAY
    staff = make_staff(plan=Plan.TEAM)
    act = move_last_day(update, new, reason="More time.", by=staff, at=FIRST, tells_people=True)
    mail.outbox.clear()
    for at in (FIRST, FIRST, FIRST + DAY):
        send(at)
    assert [letter.to[0] for letter in letters()] == [alice.email, "deferred@example.com"]
    assert "the last day to answer is now October 8, 2025" in letters()[0].subject
    assert "More time" not in letters()[0].body
    assert set(Letter.objects.values_list("act", "days")) == {(act.pk, None)}, "14 days before is not yet"


def test_move_without_letters_writes_to_nobody(update: PolicyUpdate, alice: User) -> None:
    move_last_day(update, LAST_DAY + DAY, reason="More time.", by=make_staff(), at=MEANWHILE)
    assert send(MEANWHILE) == []


def test_released_person_gets_word(update: PolicyUpdate, alice: User) -> None:
    at = DEADLINE + DAY
    move_last_day(update, date(2025, 11, 30), reason="More time.", by=None, at=at, tells_people=True)
    assert send(at) == [(alice.email, None)]


def test_only_the_latest_move_is_told(update: PolicyUpdate, alice: User) -> None:
    for days in (5, 10):
        move_last_day(update, LAST_DAY + days * DAY, reason="More time.", by=None, at=MEANWHILE, tells_people=True)
    send(MEANWHILE)
    (letter,) = letters()
    assert "October 8, 2025" in letter.subject


def test_each_move_is_told(update: PolicyUpdate, alice: User) -> None:
    for days in (5, 10):
        move_last_day(update, LAST_DAY + days * DAY, reason="More time.", by=None, at=MEANWHILE, tells_people=True)
        assert send(MEANWHILE) == [(alice.email, None)]


def test_move_is_told_after_a_wider_roll_out_too(alice: User) -> None:
    update = make_update(rollout_percentage=10)
    move_last_day(update, LAST_DAY + DAY, reason="More time.", by=None, at=MEANWHILE, tells_people=True)
    raise_rollout(update, 20, by=None, at=MEANWHILE)
    assert send(MEANWHILE) == [(alice.email, None)]


def test_move_is_told_until_the_deadline(update: PolicyUpdate) -> None:
    act = move_last_day(update, LAST_DAY + DAY, reason="More time.", by=None, at=MEANWHILE, tells_people=True)
    told = [[occasion.act for occasion in occasions(at)] for at in (DEADLINE + DAY - SECOND, DEADLINE + DAY)]
    assert told == [[act, None], []]


def test_move_before_the_announcement_is_told_to_nobody(alice: User) -> None:
    update = make_update()
    move_last_day(update, LAST_DAY + DAY, reason="Later.", by=None, at=ANNOUNCED - DAY, tells_people=True)
    assert send(MEANWHILE) == []


def test_letter_names_the_day_that_comes_first_where_two_updates_wait(alice: User, update: PolicyUpdate) -> None:
    make_update("2025-09-08", announced_at=MEANWHILE - timedelta(days=1), last_day=LAST_DAY + timedelta(days=60))
    letter = composed(standing_of(alice, MEANWHILE))
    assert letter.subject.endswith("the last day to answer is September 28, 2025")
    assert "The last day to answer is September 28, 2025." in letter.body
    assert "November" not in letter.body
