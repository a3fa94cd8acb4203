"""Everything that is held of a person is known: it can be taken, and it goes (rules D3 and D5)."""

import uuid
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django.apps import apps
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.auth.models import Group
from django.contrib.contenttypes.models import ContentType
from django.db import connection
from django.db.models import Model
from django.test import Client

from accounts import exports, journal, personal_data
from accounts.actions import AccountClosed, change_plan
from accounts.leaving import close_account, erase
from accounts.models import DataExport, ListDownload, Plan, User
from conversations import actions
from conversations.feedback import give_feedback, preview
from conversations.models import ConversationKind, FeedbackCopy, FeedbackReading, Message, Thumb
from conversations.replies import answer_message
from privacy.actions import answer
from privacy.counting import count_due
from privacy.drafts import keep_draft
from privacy.models import PolicyUpdate, Training
from privacy.publication import publish
from privacy.reminders import send_letters, stop_reminders
from privacy.verification import verify
from tests.accounts.signing_in import prove_again, sign_in
from tests.conversations.assistants import Echo
from tests.factories import (
    ANNOUNCED,
    DEADLINE,
    MEANWHILE,
    VERSION,
    answer_as,
    defer_as,
    make_conversation,
    make_staff,
    make_update,
    make_user,
    shown_token,
)
from tests.training.runs import make_run
from training.models import State

REMINDED = DEADLINE - timedelta(days=14)
PRINCIPALS = {"principal", "actor", "moved_by", "asked_by", "subject"}


def leads_to_a_person(model: type[Model], seen: frozenset[type[Model]] = frozenset()) -> bool:
    """Return whether a row of a model is about someone: by a key, through another row, or by a principal."""
    if model is User or PRINCIPALS & {field.name for field in model._meta.get_fields()}:
        return True
    related = {field.related_model for field in model._meta.concrete_fields if field.related_model}
    return any(leads_to_a_person(other, seen | {model}) for other in related if other not in seen | {model})


def every_model() -> Iterator[type[Model]]:
    yield from apps.get_models(include_auto_created=True)


def test_every_model_that_leads_to_a_person_is_held_by_an_app() -> None:
    held = {model for holding in personal_data.HOLDINGS for model in holding.models}
    about_people = {model for model in every_model() if leads_to_a_person(model)}

    assert about_people - held == set()
    # What is held beyond that: no key leads from it, but someone's does to it.
    assert {model._meta.label for model in held - about_people} == {
        "sessions.Session",
        "conversations.FeedbackCopy",
        "privacy.Notice",
        "training.Removal",
    }


def test_every_holding_has_a_name_of_its_own() -> None:
    names = [holding.name for holding in personal_data.HOLDINGS]
    assert len(set(names)) == len(names)


# A whole person

ADDRESS, LOCAL_PART = "zacharias.quill@example.org", "zacharias"
TEXTS = ("Xylophone lessons", "zither-workspace", "Quokka comment", "Half a numbat", "Wombat title", "Dugong diff")
AGENT = "Mozilla/5.0 (Windows NT 10.0) Firefox/140.0 Platypus"
IP = "203.0.113.77"


@pytest.fixture
def whole_person(update: PolicyUpdate) -> User:
    """Make someone of whom everything there is is held."""
    user = make_user(ADDRESS, language="zh-hans", time_zone="Pacific/Chatham", is_staff=True)
    browser = Client(headers={"user-agent": AGENT}, REMOTE_ADDR=IP)
    send_letters(now=lambda: REMINDED)
    defer_as(user)
    sign_in(browser, user)
    prove_again(browser)
    answer_as(user, Training.ALLOW, language="zh-hans")
    make_conversation(user, TEXTS[0])
    make_run(make_staff(), state=State.STARTED)
    answer_as(user, Training.REFUSE, language="zh-hans", at=MEANWHILE + timedelta(days=1))
    chat = make_conversation(user, TEXTS[0])
    answer_message(chat.messages.get(), Echo(), at=lambda: MEANWHILE)
    coding = actions.start_conversation(
        user, TEXTS[5], at=MEANWHILE, kind=ConversationKind.CODING_SESSION, workspace=TEXTS[1], private=True
    ).conversation
    actions.rename_conversation(coding, TEXTS[4])
    reply = Message.objects.get(answers__conversation=chat)
    for text in (TEXTS[2],):
        shown = preview(user, reply, Thumb.UP, text, at=MEANWHILE)
        give_feedback(user, reply, Thumb.UP, text, token=shown.token(user, reply), at=MEANWHILE)
    stop_reminders(user, at=MEANWHILE)
    keep_draft(user, f"/chats/{coding.pk}/", TEXTS[3], at=MEANWHILE)
    Authenticator.objects.create(user=user, type=Authenticator.Type.TOTP, data={"secret": "of-zacharias"})
    user.groups.add(Group.objects.create(name="Auditors"))
    LogEntry.objects.create(
        user=user,
        content_type=ContentType.objects.get_for_model(User),
        object_id=str(user.pk),
        object_repr=str(user),
        action_flag=CHANGE,
        change_message=f"Changed {ADDRESS}",
    )
    exports.write_export(exports.request_export(user, at=MEANWHILE).pk)
    ListDownload.objects.create(actor=user.principal, list="accounts.user", rows=3, at=MEANWHILE)
    FeedbackReading.objects.create(copy=uuid.uuid4(), actor=user.principal, at=MEANWHILE)
    count_due()
    return user


def traces(*needles: str) -> list[str]:
    """Return where in the database any of some texts stands: every column of every table is read."""
    found = []
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f'SELECT * FROM "{table}"')
            columns = [column[0] for column in cursor.description]
            for row in cursor.fetchall():
                for column, value in zip(columns, row, strict=True):
                    text = str(value).lower()
                    found += [f"{table}.{column}: {needle}" for needle in needles if needle.lower() in text]
    return found


@pytest.mark.django_db(transaction=True)
def test_erased_person_leaves_no_trace(whole_person: User) -> None:
    user = User.objects.get(pk=whole_person.pk)
    needles = (ADDRESS, LOCAL_PART, *TEXTS, IP, "Platypus", "Chatham", "of-zacharias", user.password)
    assert {needle for needle in needles if not traces(needle)} == set(), "each of them stands somewhere before"
    file = exports.path_of(DataExport.objects.get())

    close_account(user, at=MEANWHILE)
    erase(user.principal)

    # Rule D6: what was said of a reply stays, and nothing leads from it to anyone.
    left = [trace for trace in traces(*needles) if not trace.startswith("conversations_feedbackcopy.")]
    assert left == []
    assert not file.exists()
    assert FeedbackCopy.objects.count() == 1
    assert verify().first is None
    assert not journal.is_behind(), "what is erased must not look like what a backup never had"


def test_log_of_someone_else_is_neither_erased_nor_given_away(update: PolicyUpdate) -> None:
    alice, malice = make_user("alice@example.com", is_staff=True), make_user("malice@example.com")
    people = ContentType.objects.get_for_model(User)
    for about in (alice, malice):
        LogEntry.objects.create(
            user=alice, content_type=people, object_id=str(about.pk), object_repr=str(about), action_flag=CHANGE
        )
    (log,) = [holding for holding in personal_data.HOLDINGS if holding.name == "staff_log"]

    assert "malice" not in str(list(log.export(alice)))
    assert [entry["by_you"] for entry in log.export(malice)] == [False]
    log.erase(alice)

    assert set(LogEntry.objects.values_list("object_repr", flat=True)) == {str(alice.principal), "malice@example.com"}


def test_log_about_who_had_an_address_before_stays_theirs(update: PolicyUpdate) -> None:
    alice, staff = make_user("shared@example.com"), make_staff()
    people = ContentType.objects.get_for_model(User)
    entry: dict[str, Any] = {"user": staff, "object_repr": "shared@example.com", "action_flag": CHANGE}
    LogEntry.objects.create(content_type=people, object_id=str(alice.pk), **entry)
    User.objects.filter(pk=alice.pk).update(email="alice@example.com")
    EmailAddress.objects.filter(user=alice).update(email="alice@example.com")
    alice.refresh_from_db()
    mallory = make_user("shared@example.com")
    addresses = ContentType.objects.get_for_model(EmailAddress)
    LogEntry.objects.create(content_type=addresses, object_id="1", **entry)
    LogEntry.objects.create(content_type=None, **entry)
    (log,) = [holding for holding in personal_data.HOLDINGS if holding.name == "staff_log"]

    assert log.count(alice) == 1
    assert log.count(mallory) == 2
    log.erase(mallory)

    assert LogEntry.objects.filter(object_repr="shared@example.com").get().object_id == str(alice.pk)


def test_nothing_is_written_for_an_account_that_is_closed(update: PolicyUpdate) -> None:
    """A request that was signed in before may still be under way."""
    alice = make_user("alice@example.com")
    token = shown_token(alice, at=MEANWHILE)
    conversation = make_conversation(alice)
    close_account(User.objects.get(pk=alice.pk), at=MEANWHILE)
    acts = (
        lambda: make_conversation(alice),
        lambda: actions.write_message(alice, conversation, "Late", at=MEANWHILE),
        lambda: keep_draft(alice, "/chats/", "Late", at=MEANWHILE),
        lambda: exports.request_export(alice, at=MEANWHILE),
        lambda: change_plan(alice, Plan.PRO, at=MEANWHILE),
        lambda: answer(alice, token, terms=True, training=Training.ALLOW, gpc=False, at=MEANWHILE),
    )

    for act in acts:
        with pytest.raises(AccountClosed):
            act()


def exported(user: User, name: str) -> list[dict[str, Any]]:
    """Return the items of one list of someone's export, and check that they were counted."""
    (holding,) = [holding for holding in personal_data.HOLDINGS if holding.name == name]
    items = list(holding.export(user))
    assert holding.count(user) == len(items)
    return items


def test_keys_have_their_names_in_the_export_and_nothing_else(alice: User) -> None:
    data = {"name": "Grandma's phone", "credential": {"id": "its-credential"}}
    Authenticator.objects.create(user=alice, type=Authenticator.Type.WEBAUTHN, data=data)

    (key,) = exported(alice, "ways_to_sign_in")

    assert key["name"] == "Grandma's phone"
    assert "its-credential" not in str(key)


def test_what_staff_changed_of_someone_is_told_to_them_alone(alice: User) -> None:
    staff = make_staff()
    people = ContentType.objects.get_for_model(User)
    message = [{"changed": {"fields": ["staff"]}}]
    LogEntry.objects.log_actions(staff.pk, [alice], CHANGE, message, single_object=True)
    assert LogEntry.objects.get().content_type == people

    assert [entry["changes"] for entry in exported(alice, "staff_log")] == ["Changed staff."]
    assert [entry["changes"] for entry in exported(staff, "staff_log")] == [""]


def test_staff_can_take_what_they_did_along(alice: User) -> None:
    staff = make_staff()
    update = make_update(published=False)
    publish(update, by=staff, at=ANNOUNCED)
    run = make_run(staff)

    (act,) = exported(staff, "acts_on_updates")
    assert (act["policy_update"], act["act"]) == (VERSION, "published")
    moves = exported(staff, "moves_of_training_runs")
    assert {move["run"] for move in moves} == {str(run.pk)}
    assert [move["moved_to"] for move in moves if "moved_to" in move] == ["draft", "prepared"]
    assert exported(alice, "acts_on_updates") == exported(alice, "moves_of_training_runs") == []


def test_state_says_which_update_was_put_off(update: PolicyUpdate, alice: User) -> None:
    defer_as(alice)

    (state,) = exported(alice, "consent_state")

    assert state["deferral_update_id"] == VERSION


def test_each_text_is_exported_once(whole_person: User) -> None:
    exported = {holding.name: str(list(holding.export(whole_person))) for holding in personal_data.HOLDINGS}

    for text, name in zip(TEXTS, ("conversations", "conversations", "feedback", "kept_texts"), strict=False):
        assert text in exported[name]
    assert sum(told.count(TEXTS[3]) for told in exported.values()) == 1
    assert sum(told.count(TEXTS[4]) for told in exported.values()) == 1


def test_erasing_can_be_stopped_after_any_holding_and_run_again(whole_person: User) -> None:
    user = User.objects.get(pk=whole_person.pk)
    close_account(user, at=MEANWHILE)
    for count in range(len(personal_data.HOLDINGS)):
        for holding in list(reversed(personal_data.HOLDINGS))[: count + 1]:
            holding.erase(User.objects.get(pk=user.pk))

    erase(user.principal)

    assert not [trace for trace in traces(LOCAL_PART, *TEXTS) if not trace.startswith("conversations_feedbackcopy.")]
    assert User.objects.get(pk=user.pk).erased_at is not None


def test_export_counts_what_it_yields(whole_person: User) -> None:
    counts: dict[str, tuple[int, int]] = {}
    for holding in personal_data.HOLDINGS:
        counts[holding.name] = (holding.count(whole_person), len(list(holding.export(whole_person))))

    assert {name: pair for name, pair in counts.items() if pair[0] != pair[1]} == {}
    assert not {name for name, pair in counts.items() if not pair[0]} - {
        "journal",
        "acts_on_updates",
        "moves_of_training_runs",
    }


def test_copy_of_feedback_leads_to_nobody_once_it_is_cut_off(whole_person: User) -> None:
    (copy,) = FeedbackCopy.objects.all()
    ids = {str(copy.pk), copy.pk.hex}
    close_account(whole_person, at=MEANWHILE)
    erase(whole_person.principal)

    elsewhere = [trace for trace in traces(*ids) if not trace.startswith("conversations_feedbackcopy.id")]
    assert elsewhere == []
    assert copy.given_on == MEANWHILE.date()
    assert copy.expires_at.hour == copy.expires_at.minute == 0
