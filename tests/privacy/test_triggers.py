import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from typing import Any

import pytest
from django.core.checks import run_checks
from django.core.management import call_command
from django.db import IntegrityError, connection, models, transaction

from accounts.models import User
from privacy import triggers
from privacy.models import (
    ConsentRecord,
    CoverageReading,
    DocumentKind,
    Kind,
    Notice,
    PolicyDocument,
    PolicyUpdate,
    Training,
    UpdateAct,
)
from privacy.publication import move_last_day, raise_rollout
from tests.factories import LAST_DAY, MEANWHILE, VERSION, answer_as, make_staff, make_update

pytestmark = [pytest.mark.django_db, pytest.mark.whole]

APPEND_ONLY = (ConsentRecord, Notice, UpdateAct)
EVERY_ROW = (*APPEND_ONLY, PolicyUpdate, PolicyDocument)
sqlite = pytest.mark.sqlite
postgresql = pytest.mark.postgresql


@pytest.fixture
def evidence(alice: User, update: PolicyUpdate) -> None:
    """Leave one row or more in every table that triggers stand on."""
    answer_as(alice, Training.ALLOW)
    move_last_day(update, LAST_DAY + timedelta(days=10), reason="More time.", by=make_staff(), at=MEANWHILE)


@contextmanager
def refused() -> Iterator[None]:
    """Expect the database to refuse what is done in here, and to change nothing."""
    before = rows()
    with pytest.raises(IntegrityError), transaction.atomic():
        yield
    assert rows() == before


def rows() -> dict[str, list[tuple[Any, ...]]]:
    return {model.__name__: sorted(model._default_manager.values_list(), key=repr) for model in EVERY_ROW}


def execute(sql: str, parameters: list[Any] | None = None) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters or [])


def table_of(model: type[models.Model]) -> str:
    return model._meta.db_table


def columns_of(model: type[models.Model]) -> list[str]:
    return [field.column or "" for field in model._meta.concrete_fields]


EVERY_COLUMN = [
    pytest.param(model, column, id=f"{model.__name__}-{column}")
    for model in APPEND_ONLY
    for column in columns_of(model)
]


# Append-only tables


@pytest.mark.parametrize(("model", "column"), EVERY_COLUMN)
def test_append_only_table_refuses_to_update_a_column(model: type[models.Model], column: str, evidence: None) -> None:
    with refused():
        execute(f"UPDATE {table_of(model)} SET {column} = {column}")


@pytest.mark.parametrize("model", APPEND_ONLY)
def test_append_only_table_refuses_to_save_a_row_again(model: type[models.Model], evidence: None) -> None:
    row = model._default_manager.first()
    assert row is not None
    with refused():
        row.save()


@pytest.mark.parametrize("model", APPEND_ONLY)
def test_append_only_table_refuses_to_update_rows_in_bulk(model: type[models.Model], evidence: None) -> None:
    name = model._meta.concrete_fields[-1].attname
    with refused():
        model._default_manager.update(**{name: models.F(name)})


@pytest.mark.parametrize("model", APPEND_ONLY)
def test_append_only_table_refuses_to_delete(model: type[models.Model], evidence: None) -> None:
    with refused():
        execute(f"DELETE FROM {table_of(model)}")


def test_consent_record_refuses_to_be_deleted_by_the_orm(evidence: None) -> None:
    with refused():
        ConsentRecord.objects.all().delete()


def test_act_refuses_to_be_deleted_by_the_orm(evidence: None) -> None:
    with refused():
        UpdateAct.objects.latest("pk").delete()


def test_notice_without_records_refuses_to_be_deleted_by_the_orm(update: PolicyUpdate) -> None:
    notice = Notice.objects.create(sha256="a" * 64, update=update, language="en", surface="gate", text="Text.")
    with refused():
        notice.delete()


def test_append_only_table_refuses_what_an_upsert_would_change(evidence: None) -> None:
    records = list(ConsentRecord.objects.all())
    with refused():
        ConsentRecord.objects.bulk_create(
            records, update_conflicts=True, unique_fields=["id"], update_fields=["new_value"]
        )


# INSERT OR REPLACE, on every key


def values_of(model: type[models.Model]) -> dict[str, Any]:
    """Return one row as the database holds it, with the key that SQLite adds to it."""
    columns = ["rowid", *columns_of(model)]
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {', '.join(columns)} FROM {table_of(model)} ORDER BY rowid DESC LIMIT 1")
        return dict(zip(columns, cursor.fetchone(), strict=True))


def insert(verb: str, table: str, values: dict[str, Any]) -> None:
    places = ", ".join(["%s"] * len(values))
    execute(f"{verb} INTO {table} ({', '.join(values)}) VALUES ({places})", list(values.values()))


def other_key() -> str:
    return uuid.uuid4().hex


# What a forged row keeps of the row it is to overwrite: the columns of one key. The rest is new.
RECORD_KEYS: dict[str, dict[str, Callable[[], Any]]] = {
    "id": {"principal": other_key, "sequence": lambda: 77, "receipt": other_key},
    "rowid": {"id": other_key, "principal": other_key, "sequence": lambda: 77, "receipt": other_key},
    "number": {"id": other_key, "receipt": other_key},
    "receipt": {"id": other_key, "sequence": lambda: 77},
}


@sqlite
@pytest.mark.parametrize("verb", ["INSERT OR REPLACE", "REPLACE"])
@pytest.mark.parametrize("key", RECORD_KEYS)
def test_consent_record_refuses_to_be_replaced_by(key: str, verb: str, evidence: None) -> None:
    forged = values_of(ConsentRecord)
    forged |= {column: new() for column, new in RECORD_KEYS[key].items()}
    forged["actor"] = forged["principal"]
    if key != "rowid":
        del forged["rowid"]
    with refused():
        insert(verb, "privacy_consentrecord", forged)


@sqlite
@pytest.mark.parametrize("verb", ["INSERT OR REPLACE", "REPLACE"])
def test_consent_record_refuses_to_be_replaced_by_what_was_shown(verb: str, evidence: None) -> None:
    shown = ConsentRecord.objects.get(kind=Kind.SHOWN)
    forged = {
        **values_of(ConsentRecord),
        "id": other_key(),
        "sequence": 77,
        "kind": "shown",
        "notice_id": shown.notice_id,
        "receipt": None,
        "method": "",
    }
    del forged["rowid"]
    with refused():
        insert(verb, "privacy_consentrecord", forged)


@sqlite
@pytest.mark.parametrize("verb", ["INSERT OR REPLACE", "REPLACE"])
@pytest.mark.parametrize("key", ["sha256", "rowid"])
def test_notice_refuses_to_be_replaced_by(key: str, verb: str, evidence: None) -> None:
    forged = {**values_of(Notice), "text": "Another text."}
    if key == "rowid":
        forged["sha256"] = "b" * 64
    else:
        del forged["rowid"]
    with refused():
        insert(verb, "privacy_notice", forged)


@sqlite
@pytest.mark.parametrize("verb", ["INSERT OR REPLACE", "REPLACE"])
@pytest.mark.parametrize("key", ["id", "rowid"])
def test_act_refuses_to_be_replaced_by(key: str, verb: str, evidence: None) -> None:
    forged = {**values_of(UpdateAct), "reason": "Another reason."}
    del forged["rowid" if key == "id" else "id"]
    with refused():
        insert(verb, "privacy_updateact", forged)


@sqlite
@pytest.mark.parametrize("model", APPEND_ONLY)
def test_append_only_table_refuses_update_or_replace(model: type[models.Model], evidence: None) -> None:
    with refused():
        execute(f"UPDATE OR REPLACE {table_of(model)} SET rowid = rowid + 1")


@postgresql
@pytest.mark.parametrize("model", EVERY_ROW)
def test_table_refuses_truncate_cascade(model: type[models.Model], evidence: None) -> None:
    execute("SET CONSTRAINTS ALL IMMEDIATE")
    with refused():
        execute(f"TRUNCATE {table_of(model)} CASCADE")


@postgresql
@pytest.mark.parametrize("model", [PolicyDocument])  # What others refer to, PostgreSQL itself lets nobody truncate.
def test_table_refuses_truncate(model: type[models.Model], evidence: None) -> None:
    execute("SET CONSTRAINTS ALL IMMEDIATE")
    with refused():
        execute(f"TRUNCATE {table_of(model)}")


@postgresql
def test_truncate_of_people_spares_the_evidence(evidence: None) -> None:
    execute("SET CONSTRAINTS ALL IMMEDIATE")
    execute("TRUNCATE accounts_user CASCADE")
    assert ConsentRecord.objects.count() == 3


@postgresql
def test_consent_record_refuses_a_number_that_is_taken(evidence: None) -> None:
    record = ConsentRecord.objects.first()
    assert record is not None
    record.pk = uuid.uuid4()
    record._state.adding = True
    with refused():
        record.save()


# A published policy update

CHANGES: dict[str, Any] = {
    "version": "'2025-08-29'",
    "announced_at": "'2025-08-29 16:00:00'",
    "is_material": "FALSE",
    "allow_retention_years": "6",
    "refuse_retention_days": "31",
    "short_deferrals": "3",
    "short_deferral_days": "2",
    "long_deferral_days": "8",
    "reminder_days": "'14'",
    "coverage_reading": f"'{CoverageReading.MESSAGE.value}'",
    "published_at": "NULL",
}


def test_frozen_columns_are_all_but_the_percentage_and_the_last_day() -> None:
    assert {*triggers.FROZEN_COLUMNS, "rollout_percentage", "last_day"} == set(columns_of(PolicyUpdate))
    assert set(CHANGES) == set(triggers.FROZEN_COLUMNS)


@pytest.mark.parametrize("column", CHANGES)
def test_published_update_refuses_to_change(column: str, update: PolicyUpdate) -> None:
    with refused():
        execute(f"UPDATE privacy_policyupdate SET {column} = {CHANGES[column]}")


@pytest.mark.parametrize("column", CHANGES)
def test_draft_can_change(column: str, db: None) -> None:
    draft = make_update(published=False)
    draft.documents.all().delete()
    execute(f"UPDATE privacy_policyupdate SET {column} = {CHANGES[column]}")


def test_published_update_refuses_to_be_deleted(update: PolicyUpdate) -> None:
    with refused():
        execute("DELETE FROM privacy_policyupdate")


def test_draft_can_be_deleted(db: None) -> None:
    make_update(published=False).delete()
    assert not PolicyUpdate.objects.exists()


def test_percentage_grows(db: None) -> None:
    update = make_update(rollout_percentage=10)
    assert raise_rollout(update, 11, by=None, at=MEANWHILE).rollout_percentage == 11


def test_percentage_refuses_to_shrink(db: None) -> None:
    make_update(rollout_percentage=10)
    with refused():
        execute("UPDATE privacy_policyupdate SET rollout_percentage = 9")


def test_percentage_refuses_to_grow_without_an_act(db: None) -> None:
    make_update(rollout_percentage=10)
    with refused():
        execute("UPDATE privacy_policyupdate SET rollout_percentage = 11")


def test_percentage_refuses_to_grow_further_than_the_latest_act_says(db: None) -> None:
    raise_rollout(make_update(rollout_percentage=10), 50, by=None, at=MEANWHILE)
    with refused():
        execute("UPDATE privacy_policyupdate SET rollout_percentage = 51")


def test_draft_refuses_to_be_published_without_an_act(db: None) -> None:
    make_update(published=False)
    with refused():
        execute("UPDATE privacy_policyupdate SET published_at = '2025-08-28 16:00:00'")


def test_act_of_publishing_refuses_a_second_one(update: PolicyUpdate) -> None:
    act = update.acts.get()
    act.pk = None
    act._state.adding = True
    with refused():
        act.save()


def test_percentage_refuses_more_than_everyone(update: PolicyUpdate) -> None:
    with refused():
        execute("UPDATE privacy_policyupdate SET rollout_percentage = 101")


def test_last_day_refuses_to_move_without_a_reason_kept(update: PolicyUpdate) -> None:
    with refused():
        update.last_day += timedelta(days=10)
        update.save(update_fields=["last_day"])


def test_last_day_refuses_to_move_to_another_day_than_the_one_kept(evidence: None) -> None:
    with refused():
        PolicyUpdate.objects.update(last_day=date(2025, 10, 9))


def test_last_day_refuses_to_move_for_the_reason_of_another_update(evidence: None) -> None:
    other = make_update("2025-09-01", last_day=LAST_DAY)
    with refused():
        PolicyUpdate.objects.filter(pk=other.pk).update(last_day=date(2025, 10, 8))


def test_last_day_refuses_to_move_back_for_an_earlier_reason(evidence: None) -> None:
    update, staff = PolicyUpdate.objects.get(), User.objects.get(is_staff=True)
    move_last_day(update, date(2025, 10, 20), reason="Still more time.", by=staff, at=MEANWHILE)
    with refused():
        PolicyUpdate.objects.update(last_day=date(2025, 10, 8))


@sqlite
@pytest.mark.parametrize("verb", ["INSERT OR REPLACE", "REPLACE"])
@pytest.mark.parametrize("key", ["version", "rowid"])
def test_published_update_refuses_to_be_replaced_by(key: str, verb: str, update: PolicyUpdate) -> None:
    forged = {**values_of(PolicyUpdate), "allow_retention_years": 10}
    if key == "rowid":
        forged["version"] = "forged"
    else:
        del forged["rowid"]
    with refused():
        insert(verb, "privacy_policyupdate", forged)


@sqlite
@pytest.mark.parametrize("key", ["version", "rowid"])
def test_published_update_refuses_to_be_replaced_by_a_draft(key: str, update: PolicyUpdate) -> None:
    make_update("draft", published=False)
    with refused():
        execute(
            f"UPDATE OR REPLACE privacy_policyupdate"
            f" SET {key} = (SELECT {key} FROM privacy_policyupdate WHERE published_at IS NOT NULL)"
            f" WHERE published_at IS NULL"
        )


# The documents of a published update


@pytest.mark.parametrize("column", columns_of(PolicyDocument))
def test_published_document_refuses_to_change(column: str, update: PolicyUpdate) -> None:
    with refused():
        execute(f"UPDATE privacy_policydocument SET {column} = {column}")


def test_published_document_refuses_to_be_deleted(update: PolicyUpdate) -> None:
    with refused():
        execute("DELETE FROM privacy_policydocument")


def test_published_document_refuses_to_move_to_a_draft(update: PolicyUpdate) -> None:
    draft = make_update("draft", published=False)
    draft.documents.all().delete()
    with refused():
        PolicyDocument.objects.update(update=draft)


def test_published_update_refuses_another_document(update: PolicyUpdate) -> None:
    with refused():
        PolicyDocument.objects.create(update=update, kind=DocumentKind.FAQ, language="fr", markdown="Bonjour.")


def test_published_update_refuses_the_document_of_a_draft(update: PolicyUpdate) -> None:
    draft = make_update("draft", published=False)
    document = draft.documents.get(kind=DocumentKind.FAQ, language="en")
    with refused():
        PolicyDocument.objects.filter(pk=document.pk).update(update=update, language="fr")


@sqlite
@pytest.mark.parametrize("verb", ["INSERT OR REPLACE INTO", "REPLACE INTO"])
def test_published_document_refuses_to_be_replaced_by_the_one_of_a_draft(verb: str, update: PolicyUpdate) -> None:
    make_update("draft", published=False).documents.all().delete()
    published = update.documents.get(kind=DocumentKind.FAQ, language="en")
    with refused():
        execute(
            f"{verb} privacy_policydocument (id, update_id, kind, language, markdown)"
            " VALUES (%s, 'draft', 'faq', 'en', '')",
            [published.pk],
        )


@sqlite
def test_published_document_refuses_to_be_replaced_by_an_update_of_a_draft(update: PolicyUpdate) -> None:
    draft = make_update("draft", published=False).documents.latest("pk")
    published = update.documents.latest("pk")
    with refused():
        execute("UPDATE OR REPLACE privacy_policydocument SET id = %s WHERE id = %s", [published.pk, draft.pk])


def test_draft_document_can_change(update: PolicyUpdate) -> None:
    draft = make_update("draft", published=False)
    assert draft.documents.update(markdown="Better.") == len(DocumentKind) * 2


# That they are there

SQLITE_ALTERED = (
    "CREATE TRIGGER privacy_notice_refuses_update BEFORE UPDATE ON privacy_notice WHEN 0 BEGIN SELECT 1; END"
)
POSTGRESQL_TAMPERINGS = {
    "switched off": ["ALTER TABLE privacy_notice DISABLE TRIGGER privacy_notice_refuses_update"],
    "conditional": [
        "DROP TRIGGER privacy_notice_refuses_update ON privacy_notice",
        (
            "CREATE TRIGGER privacy_notice_refuses_update BEFORE UPDATE ON privacy_notice FOR EACH ROW WHEN (false)"
            " EXECUTE FUNCTION privacy_notice_refuses_update()"
        ),
    ],
    "hollow": [
        (
            "CREATE OR REPLACE FUNCTION privacy_notice_refuses_update() RETURNS trigger LANGUAGE plpgsql"
            " AS $$ BEGIN RETURN NEW; END $$"
        )
    ],
    "elsewhere": [
        "DROP TRIGGER privacy_notice_refuses_update ON privacy_notice",
        (
            "CREATE TRIGGER privacy_notice_refuses_update BEFORE UPDATE ON privacy_draft FOR EACH ROW"
            " EXECUTE FUNCTION privacy_notice_refuses_update()"
        ),
    ],
}


def drop_statement(name: str) -> str:
    if connection.vendor == "sqlite":
        return f"DROP TRIGGER {name}"
    return f"DROP TRIGGER {name} ON {triggers.TRIGGERS.expected(connection)[name].table}"


def every_trigger() -> list[str]:
    return sorted(triggers.TRIGGERS.expected(connection))


def found_by_the_check() -> list[str]:
    errors = [error for error in run_checks(databases=["default"]) if error.id == "privacy.E001"]
    return [error.msg.split("trigger ")[1].split(":")[0] for error in errors]


def test_triggers_are_there_after_the_migrations(db: None) -> None:
    assert len(every_trigger()) >= 15
    assert triggers.TRIGGERS.missing(connection) == []
    assert found_by_the_check() == []


def test_check_names_each_dropped_trigger(db: None) -> None:
    for name in every_trigger():
        execute(drop_statement(name))
    assert found_by_the_check() == every_trigger()


@sqlite
def test_check_names_an_altered_trigger(db: None) -> None:
    execute("DROP TRIGGER privacy_notice_refuses_update")
    execute(SQLITE_ALTERED)
    assert found_by_the_check() == ["privacy_notice_refuses_update"]
    triggers.TRIGGERS.install(connection)
    assert found_by_the_check() == []


@postgresql
@pytest.mark.parametrize("tampering", POSTGRESQL_TAMPERINGS)
def test_check_names_a_trigger_that_is(tampering: str, update: PolicyUpdate) -> None:
    for statement in POSTGRESQL_TAMPERINGS[tampering]:
        execute(statement)
    assert found_by_the_check() == ["privacy_notice_refuses_update"]
    triggers.TRIGGERS.install(connection)
    assert found_by_the_check() == []
    Notice.objects.create(sha256="a" * 64, update=update, language="en", surface="gate", text="Text.")
    with refused():
        Notice.objects.update(text="Another text.")


def test_migrate_makes_a_dropped_trigger_again(alice: User, update: PolicyUpdate) -> None:
    answer_as(alice, Training.REFUSE)
    execute(drop_statement("privacy_consentrecord_refuses_update"))
    assert found_by_the_check() == ["privacy_consentrecord_refuses_update"]
    call_command("migrate", verbosity=0)
    assert found_by_the_check() == []
    with refused():
        ConsentRecord.objects.update(new_value=Training.ALLOW)


def test_version_a_record_names_stays(evidence: None) -> None:
    assert set(ConsentRecord.objects.values_list("update_id", flat=True)) == {VERSION}
    with refused():
        PolicyUpdate.objects.update(version="renamed")
