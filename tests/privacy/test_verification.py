import hashlib
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext
from pytest_django import Settings

from accounts.models import Plan, User
from privacy import triggers
from privacy.heads import write_heads
from privacy.ledger import digest
from privacy.models import ConsentRecord, ConsentState, Kind, Notice, PolicyUpdate, Training
from privacy.verification import Rank, Report, snapshot, verify
from tests.factories import AFTERWARDS, MEANWHILE, answer_as, defer_as, make_update, make_user

pytestmark = pytest.mark.django_db

DAY = timedelta(days=1)
OTHER_TEXT = "update: 2025-08-28\nlanguage: en\nsurface: gate\nAnother notice.\n"
OTHER_NOTICE = hashlib.sha256(OTHER_TEXT.encode()).hexdigest()


@pytest.fixture(autouse=True)
def heads_dir(settings: Settings, tmp_path: Path) -> Path:
    settings.LEDGER_HEADS_DIR = tmp_path / "heads"
    return tmp_path / "heads"


@pytest.fixture
def history(alice: User, mallory: User, update: PolicyUpdate) -> None:
    """Leave alice put off twice, then allowing, then withdrawing; and mallory refusing alone."""
    defer_as(alice, at=MEANWHILE)
    defer_as(alice, at=MEANWHILE + DAY)
    answer_as(alice, Training.ALLOW, at=MEANWHILE + 2 * DAY)
    answer_as(alice, Training.REFUSE, terms=False, at=MEANWHILE + 3 * DAY)
    answer_as(mallory, Training.REFUSE, terms=False)


@pytest.fixture
def unprotected(history: None) -> Iterator[None]:
    """Take the triggers away, and the checks and keys with them, as someone who owns the database can."""
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            for trigger in triggers.sqlite_triggers():
                cursor.execute(f"DROP TRIGGER {trigger.name}")
            cursor.execute("PRAGMA ignore_check_constraints = ON")
            cursor.execute("PRAGMA defer_foreign_keys = ON")
        else:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
            cursor.execute("SET session_replication_role = replica")
            cursor.execute(
                "SELECT conname FROM pg_constraint WHERE conrelid = 'privacy_consentrecord'::regclass AND contype = 'c'"
            )
            for (name,) in cursor.fetchall():
                cursor.execute(f"ALTER TABLE privacy_consentrecord DROP CONSTRAINT {name}")
    yield
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute("PRAGMA ignore_check_constraints = OFF")
        else:
            cursor.execute("SET session_replication_role = origin")


def execute(sql: str, parameters: list[Any] | None = None) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters or [])


def record_of(user: User, sequence: int) -> ConsentRecord:
    return ConsentRecord.objects.get(principal=user.principal, sequence=sequence)


def row(record: ConsentRecord) -> str:
    return f"consent record {record.pk}, number {record.sequence} of {record.principal}"


def first(report: Report) -> tuple[Rank, str, str]:
    assert report.first is not None, "nothing was found"
    return report.first.rank, report.first.row, report.first.problem


def rehash(user: User) -> None:
    """Make someone's chain fit together again, as a forger who knows how it is made would."""
    head = "0" * 64
    for record in ConsentRecord.objects.filter(principal=user.principal).order_by("sequence"):
        record.previous_hash = head
        record.hash = head = digest(record)
        record.save()


# What is whole


def test_empty_ledger_verifies(db: None) -> None:
    assert verify() == Report()


def test_good_history_verifies(history: None) -> None:
    write_heads(MEANWHILE.date())
    report = verify()
    assert report.first is None
    # Alice: shown in two places, put off twice, terms and training together, withdrawn. Mallory: shown, refused.
    assert (report.records, report.people, report.heads) == (9, 2, 2)
    assert report.notices == Notice.objects.count() == 2


def test_heads_of_every_day_are_verified(history: None, alice: User) -> None:
    write_heads(MEANWHILE.date())
    answer_as(alice, Training.ALLOW, terms=False, at=MEANWHILE + 4 * DAY)
    write_heads(MEANWHILE.date() + DAY)
    report = verify()
    assert (report.first, report.heads) == (None, 3)


def test_history_over_two_updates_and_an_undo_verifies(history: None, alice: User) -> None:
    answer_as(alice, Training.ALLOW, terms=False, at=MEANWHILE + 4 * DAY)
    make_update("2025-10-01", announced_at=AFTERWARDS, last_day=(AFTERWARDS + 30 * DAY).date())
    defer_as(alice, at=AFTERWARDS)
    answer_as(alice, Training.ALLOW, at=AFTERWARDS + DAY, language="zh-hans")
    state = ConsentState.objects.get(user=alice)
    assert (state.deferrals, state.allowed_since) == (1, MEANWHILE + 4 * DAY)
    assert verify().first is None


def test_deferral_cut_short_by_the_deadline_verifies(alice: User, update: PolicyUpdate) -> None:
    state = defer_as(alice, at=update.deadline - timedelta(hours=1))
    assert state.deferred_until == update.deadline
    assert verify().first is None


def test_command_says_what_it_verified(history: None, capsys: pytest.CaptureFixture[str]) -> None:
    write_heads(MEANWHILE.date())
    call_command("verify_ledger")
    out = capsys.readouterr().out
    assert "Verified. People: 2, records: 9, notices: 2, heads: 2." in out
    assert "2025-09-10.jsonl has the SHA-256" in out


def test_command_names_the_first_broken_row(unprotected: None, mallory: User) -> None:
    record = record_of(mallory, 2)
    ConsentRecord.objects.filter(pk=record.pk).update(new_value=Training.ALLOW)
    with pytest.raises(CommandError) as refusal:
        call_command("verify_ledger")
    assert refusal.value.returncode == 1
    assert f"BROKEN: {row(record)}: its content does not match its hash" in str(refusal.value)


# One column of one record changed

# Two values for each column, since one of them may be there already.
CHANGES: dict[str, tuple[Any, Any]] = {
    "id": ("0" * 32, None),
    "principal": ("0" * 32, None),
    "sequence": (2**20, None),
    "kind": ("deferred", "training_refused"),
    "update_id": ("2025-08-29", None),
    "notice_id": (OTHER_NOTICE, None),
    "receipt": ("0" * 32, None),
    "language": ("zh-hans", None),
    "surface": ("gate", None),
    "method": ("esc", None),
    "previous_value": ("refuse", None),
    "new_value": ("allow", "refuse"),
    "occurred_at": ("2025-09-10 09:00:00.000001", None),
    "recorded_at": ("2025-09-10 09:00:00.000001", None),
    "actor": ("0" * 32, None),
    "gpc": (True, None),
    "previous_hash": ("0" * 64, "1" * 64),
    "hash": ("0" * 64, None),
}
COLUMNS = [field.column for field in ConsentRecord._meta.concrete_fields]


def test_every_column_is_changed_in_a_test() -> None:
    assert list(CHANGES) == COLUMNS


@pytest.fixture
def elsewhere(update: PolicyUpdate) -> None:
    """Leave another update and another notice for a changed record to point to."""
    make_update("2025-08-29", is_material=False)
    Notice.objects.create(sha256=OTHER_NOTICE, update=update, language="en", surface="gate", text=OTHER_TEXT)


@pytest.mark.parametrize("sequence", [1, 3, 4, 5, 7])
@pytest.mark.parametrize("column", COLUMNS)
def test_changed_column_names_exactly_that_record(
    column: str, sequence: int, elsewhere: None, unprotected: None, alice: User
) -> None:
    record = record_of(alice, sequence)
    value, other = CHANGES[column]
    changed_to = other if getattr(record, column) == value else value
    execute(
        f"UPDATE privacy_consentrecord SET {column} = %s WHERE previous_hash = %s AND hash = %s",
        [changed_to, record.previous_hash, record.hash],
    )
    changed = ConsentRecord.objects.get(pk=changed_to if column == "id" else record.pk)
    assert first(verify()) == (Rank.CONTENT, row(changed), "its content does not match its hash")


def test_changed_record_says_nothing_against_those_after_it(unprotected: None, alice: User) -> None:
    """What was shown changes nothing in where a person stands, so the record is all there is to find."""
    for found, sequence in enumerate((6, 1), start=1):
        record = record_of(alice, sequence)
        assert record.kind == Kind.SHOWN
        execute("UPDATE privacy_consentrecord SET gpc = %s WHERE hash = %s", [True, record.hash])
        assert verify().findings == found


@pytest.mark.sqlite
@pytest.mark.parametrize("column", ["id", "principal", "receipt", "actor"])
def test_record_that_can_not_be_read_is_named(column: str, unprotected: None, alice: User) -> None:
    record = record_of(alice, 4)
    execute(f"UPDATE privacy_consentrecord SET {column} = 'x' WHERE hash = %s", [record.hash])
    rank, name, problem = first(verify())
    assert rank is Rank.CONTENT
    assert problem.startswith("it can’t be read")
    assert "number 4" in name


# Rows taken away, put elsewhere, or put in


def test_record_taken_from_the_middle_names_the_next_one(unprotected: None, alice: User) -> None:
    record_of(alice, 4).delete()
    assert first(verify()) == (
        Rank.CHAIN,
        row(record_of(alice, 5)),
        "the chain is broken before it: it follows number 3",
    )


def test_record_taken_from_the_start_names_the_next_one(unprotected: None, alice: User) -> None:
    record_of(alice, 1).delete()
    assert first(verify()) == (
        Rank.CHAIN,
        row(record_of(alice, 2)),
        "the chain is broken before it: the chain starts with it",
    )


def test_first_record_that_names_one_before_it_is_found(unprotected: None, alice: User) -> None:
    record = record_of(alice, 1)
    record.previous_hash = "1" * 64
    record.hash = digest(record)
    record.save()
    assert first(verify()) == (
        Rank.CHAIN,
        row(record),
        "the chain is broken before it: it names a hash before the first",
    )


def test_reordered_records_are_found(unprotected: None, alice: User) -> None:
    execute("UPDATE privacy_consentrecord SET sequence = 100 WHERE hash = %s", [record_of(alice, 2).hash])
    execute("UPDATE privacy_consentrecord SET sequence = 2 WHERE hash = %s", [record_of(alice, 3).hash])
    execute("UPDATE privacy_consentrecord SET sequence = 3 WHERE sequence = 100")
    assert first(verify()) == (Rank.CONTENT, row(record_of(alice, 2)), "its content does not match its hash")


def test_record_hashed_anew_is_found_by_the_next_one(unprotected: None, alice: User) -> None:
    record = record_of(alice, 2)
    record.gpc = True
    record.hash = digest(record)
    record.save()
    assert first(verify()) == (
        Rank.CHAIN,
        row(record_of(alice, 3)),
        "the chain is broken before it: its previous hash is not that of number 2",
    )


def test_chain_hashed_anew_is_found_by_the_state(unprotected: None, alice: User) -> None:
    record = record_of(alice, 2)
    record.gpc = True
    record.save()
    rehash(alice)
    rank, name, problem = first(verify())
    assert (rank, name) == (Rank.STATE, f"consent state of {alice.principal}")
    assert problem.startswith("chain_head is ")


def test_chain_and_state_made_anew_are_found_by_the_heads(unprotected: None, alice: User) -> None:
    write_heads(MEANWHILE.date())
    record = record_of(alice, 2)
    record.gpc = True
    record.save()
    rehash(alice)
    ConsentState.objects.filter(user=alice).update(chain_head=record_of(alice, 7).hash)
    assert first(verify()) == (
        Rank.HEADS,
        f"consent record number 7 of {alice.principal}",
        "it is another one than 2025-09-10.jsonl names",
    )


def test_forged_record_whose_previous_value_is_made_up_is_found(unprotected: None, alice: User) -> None:
    record = record_of(alice, 5)
    record.previous_value = Training.REFUSE
    record.save()
    rehash(alice)
    rank, name, problem = first(verify())
    assert (rank, name) == (Rank.CHAIN, row(record_of(alice, 5)))
    assert problem.endswith("its previous value is not what the records before it amount to")


def test_cut_tail_is_found_by_the_state(unprotected: None, alice: User) -> None:
    record_of(alice, 7).delete()
    assert first(verify()) == (
        Rank.STATE,
        f"consent state of {alice.principal}",
        "chain_length is 7 where the records say 6",
    )


def test_cut_tail_with_the_state_fixed_up_is_found_by_the_heads(unprotected: None, alice: User) -> None:
    write_heads(MEANWHILE.date())
    allowed = record_of(alice, 5)
    ConsentRecord.objects.filter(principal=alice.principal, sequence__gt=5).delete()
    ConsentState.objects.filter(user=alice).update(
        chain_length=5,
        chain_head=allowed.hash,
        training=Training.ALLOW,
        allowed_since=allowed.occurred_at,
        last_receipt=allowed.receipt,
    )
    assert first(verify()) == (
        Rank.HEADS,
        f"consent record number 7 of {alice.principal}",
        "it is not there, and 2025-09-10.jsonl names it",
    )


def test_cut_tail_stays_found_after_more_heads(unprotected: None, mallory: User) -> None:
    write_heads(MEANWHILE.date())
    shown = record_of(mallory, 1)
    record_of(mallory, 2).delete()
    ConsentState.objects.filter(user=mallory).update(
        chain_length=1, chain_head=shown.hash, training="", answered_update=None, last_receipt=None
    )
    assert write_heads(MEANWHILE.date() + DAY) == 1
    rank, name, _problem = first(verify())
    assert (rank, name) == (Rank.HEADS, f"consent record number 2 of {mallory.principal}")


def test_vanished_person_is_found_by_the_heads(unprotected: None, mallory: User) -> None:
    write_heads(MEANWHILE.date())
    ConsentRecord.objects.filter(principal=mallory.principal).delete()
    ConsentState.objects.filter(user=mallory).delete()
    assert first(verify()) == (
        Rank.HEADS,
        f"consent record number 2 of {mallory.principal}",
        "it is not there, and 2025-09-10.jsonl names it",
    )


def test_records_without_a_state_are_found(history: None, mallory: User) -> None:
    ConsentState.objects.filter(user=mallory).delete()
    assert first(verify()) == (
        Rank.STATE,
        f"consent state of {mallory.principal}",
        "it is gone, though there are records",
    )


def test_state_without_records_is_found(history: None) -> None:
    other = make_user("other@example.com")
    ConsentState.objects.create(user=other)
    assert first(verify()) == (Rank.STATE, f"consent state of {other.principal}", "there are no records")


# States

STATE_CHANGES: dict[str, Any] = {
    "chain_length": 8,
    "chain_head": "0" * 64,
    "training": "",
    "answered_update": "2025-08-29",
    "terms_update": None,
    "last_receipt": "00000000-0000-0000-0000-000000000000",
    "allowed_since": MEANWHILE,
    "deferral_update": "2025-08-29",
    "deferrals": 1,
    "deferred_until": AFTERWARDS,
}


def test_every_column_of_a_state_is_changed_in_a_test() -> None:
    assert set(STATE_CHANGES) == {field.name for field in ConsentState._meta.concrete_fields} - {"user"}


@pytest.mark.parametrize("name", STATE_CHANGES)
def test_changed_state_is_found(name: str, elsewhere: None, history: None, alice: User) -> None:
    changes = {name: STATE_CHANGES[name]}
    # What the table's own checks tie together has to change together.
    if name == "training":
        changes["answered_update"] = None
    if name == "allowed_since":
        changes["training"] = Training.ALLOW
    ConsentState.objects.filter(user=alice).update(**changes)
    rank, row_name, problem = first(verify())
    assert (rank, row_name) == (Rank.STATE, f"consent state of {alice.principal}")
    assert problem.split(" is ")[0].removesuffix("_id") in changes


def test_deferral_that_no_record_supports_is_found(history: None, mallory: User) -> None:
    ConsentState.objects.filter(user=mallory).update(deferred_until=AFTERWARDS)
    rank, row_name, problem = first(verify())
    assert (rank, row_name) == (Rank.STATE, f"consent state of {mallory.principal}")
    assert problem == f"deferred_until is {AFTERWARDS} where the records allow None"


def test_refusal_turned_into_an_allow_is_found(history: None, mallory: User) -> None:
    ConsentState.objects.filter(user=mallory).update(training=Training.ALLOW, allowed_since=MEANWHILE)
    assert first(verify()) == (
        Rank.STATE,
        f"consent state of {mallory.principal}",
        "training is allow where the records say refuse",
    )


def test_plan_is_no_part_of_the_evidence(history: None, mallory: User) -> None:
    User.objects.filter(pk=mallory.pk).update(plan=Plan.TEAM)
    assert verify().first is None


# Notices

NOTICE_CHANGES = {"text": "Another text.", "language": "zh-hans", "surface": "gate", "update_id": "2025-08-29"}


@pytest.mark.parametrize("column", NOTICE_CHANGES)
def test_changed_notice_is_found(column: str, elsewhere: None, unprotected: None) -> None:
    notice = ConsentRecord.objects.filter(kind=Kind.SHOWN).earliest("sequence").notice
    Notice.objects.filter(pk=notice.pk).update(**{column: NOTICE_CHANGES[column]})
    rank, name, problem = first(verify())
    assert (rank, name) == (Rank.CONTENT, f"notice {notice.sha256}")
    assert problem == (
        "its text does not match its hash" if column == "text" else "its columns are not what its text says"
    )


def test_record_that_points_to_the_notice_of_another_surface_is_found(
    elsewhere: None, unprotected: None, alice: User
) -> None:
    ConsentRecord.objects.filter(pk=record_of(alice, 1).pk).update(notice=OTHER_NOTICE)
    rehash(alice)
    rank, name, problem = first(verify())
    assert (rank, name) == (Rank.CHAIN, row(record_of(alice, 1)))
    assert problem == "its notice is gone, or is of another update, surface or language"


def test_record_of_another_update_than_its_notice_is_found(elsewhere: None, unprotected: None, alice: User) -> None:
    ConsentRecord.objects.filter(pk=record_of(alice, 1).pk).update(update="2025-08-29")
    rehash(alice)
    assert first(verify())[1] == row(record_of(alice, 1))


def test_record_in_another_language_than_its_notice_is_found(elsewhere: None, unprotected: None, alice: User) -> None:
    ConsentRecord.objects.filter(pk=record_of(alice, 1).pk).update(language="zh-hans")
    rehash(alice)
    assert first(verify())[1] == row(record_of(alice, 1))


# Reading


def test_verifying_takes_no_query_per_person(alice: User, update: PolicyUpdate) -> None:
    answer_as(alice, Training.REFUSE, terms=False)
    with CaptureQueriesContext(connection) as one:
        verify()
    for number in range(3):
        answer_as(make_user(f"user{number}@example.com"), Training.ALLOW)
    with CaptureQueriesContext(connection) as four:
        assert verify().people == 4
    assert len(four) == len(one)


@pytest.mark.django_db(transaction=True)
def test_verifying_sees_one_state_of_the_database_and_blocks_nobody(alice: User, update: PolicyUpdate) -> None:
    answer_as(alice, Training.ALLOW)

    def refuse() -> None:
        try:
            answer_as(alice, Training.REFUSE, terms=False, at=MEANWHILE + DAY)
        finally:
            connection.close()

    with snapshot():
        assert ConsentRecord.objects.count() == 3
        writer = Thread(target=refuse)
        writer.start()
        writer.join(timeout=10)
        assert not writer.is_alive()
        assert ConsentRecord.objects.count() == 3
    assert ConsentRecord.objects.count() == 5
    assert verify().first is None
