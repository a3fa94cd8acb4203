"""Database triggers that keep evidence and published texts as they are, whatever the code does.

They are (re)made after every `migrate`, not by one migration: on SQLite a later migration that rebuilds a
table drops its triggers without a word. A system check says so if one is missing.
"""
# ruff: noqa: S608 - what is put into the statements are names from this file.

from collections.abc import Iterator
from dataclasses import dataclass

from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper

# Each append-only table, and the keys under which INSERT OR REPLACE could overwrite a row of it on SQLite.
# `rowid` is the key every SQLite table has besides its own; it is undefined, never equal, if not given.
APPEND_ONLY = {
    "privacy_consentrecord": (
        "id = NEW.id",
        "rowid = NEW.rowid",
        "(principal = NEW.principal AND sequence = NEW.sequence)",
        "(principal = NEW.principal AND notice_id = NEW.notice_id AND kind = 'shown' AND NEW.kind = 'shown')",
        "(receipt = NEW.receipt AND kind = NEW.kind)",
    ),
    "privacy_notice": ("sha256 = NEW.sha256", "rowid = NEW.rowid"),
    "privacy_lastdaymove": ("id = NEW.id",),
}
UPDATES = "privacy_policyupdate"
DOCUMENTS = "privacy_policydocument"
# What stands once an update is published. The percentage and the last day are dealt with by name.
FROZEN_COLUMNS = (
    "version",
    "announced_at",
    "is_material",
    "allow_retention_years",
    "refuse_retention_days",
    "short_deferrals",
    "short_deferral_days",
    "long_deferral_days",
    "coverage_reading",
    "published_at",
)
TABLES = (*APPEND_ONLY, UPDATES, DOCUMENTS)

# Only the latest move counts: an earlier one must not allow a day that has been left since.
_MOVED = (
    "SELECT 1 FROM privacy_lastdaymove m WHERE m.update_id = OLD.version AND m.last_day = NEW.last_day"
    " AND m.previous_last_day = OLD.last_day"
    " AND m.id = (SELECT MAX(l.id) FROM privacy_lastdaymove l WHERE l.update_id = OLD.version)"
)


def _changed(distinct: str) -> str:
    """Return the condition under which an UPDATE of a published policy update is refused."""
    columns = " OR ".join(f"NEW.{column} {distinct} OLD.{column}" for column in FROZEN_COLUMNS)
    return (
        f"OLD.published_at IS NOT NULL AND ({columns} OR NEW.rollout_percentage < OLD.rollout_percentage"
        f" OR (NEW.last_day {distinct} OLD.last_day AND NOT EXISTS ({_MOVED})))"
    )


def _published_document(*rows: str) -> str:
    """Return the condition under which a change of a document touches a published policy update."""
    return " OR ".join(
        f"EXISTS (SELECT 1 FROM {UPDATES} p WHERE p.version = {row}.update_id AND p.published_at IS NOT NULL)"
        for row in rows
    )


def sqlite_triggers() -> dict[str, str]:
    """Return the triggers of SQLite: their names, and what creates them."""
    made: dict[str, str] = {}

    def add(table: str, event: str, reason: str, when: str = "") -> None:
        name = f"{table}_refuses_{event.lower()}"
        condition = f"WHEN {when} " if when else ""
        made[name] = (
            f"CREATE TRIGGER {name} BEFORE {event} ON {table} {condition}BEGIN SELECT RAISE(ABORT, '{reason}'); END"
        )

    for table, keys in APPEND_ONLY.items():
        add(table, "UPDATE", f"{table} is append-only")
        add(table, "DELETE", f"{table} is append-only")
        exists = f"EXISTS (SELECT 1 FROM {table} WHERE {' OR '.join(keys)})"
        add(table, "INSERT", f"{table} has this row already", exists)
    published = "a published policy update stays as it is"
    # OR REPLACE deletes what stands in its way without firing a DELETE trigger, in an INSERT and in an UPDATE.
    replaced = (
        f"SELECT 1 FROM {UPDATES} o WHERE o.published_at IS NOT NULL"
        " AND (o.version = NEW.version OR o.rowid = NEW.rowid)"
    )
    add(UPDATES, "INSERT", published, f"EXISTS ({replaced})")
    add(UPDATES, "UPDATE", published, f"{_changed('IS NOT')} OR EXISTS ({replaced} AND o.rowid IS NOT OLD.rowid)")
    add(UPDATES, "DELETE", published, "OLD.published_at IS NOT NULL")
    replaced = (
        f"SELECT 1 FROM {DOCUMENTS} d JOIN {UPDATES} o ON o.version = d.update_id"
        " WHERE d.id = NEW.id AND o.published_at IS NOT NULL"
    )
    inserted, updated = _published_document("NEW"), _published_document("OLD", "NEW")
    add(DOCUMENTS, "INSERT", published, f"{inserted} OR EXISTS ({replaced})")
    add(DOCUMENTS, "UPDATE", published, f"{updated} OR EXISTS ({replaced})")
    add(DOCUMENTS, "DELETE", published, _published_document("OLD"))
    return made


@dataclass(frozen=True, slots=True)
class PostgresqlTrigger:
    """A trigger of PostgreSQL, and the function it runs, which has the same name."""

    name: str
    table: str
    event: str
    reason: str
    condition: str

    @property
    def body(self) -> str:
        """Return the source of the function."""
        refuse = f"RAISE EXCEPTION '{self.reason}' USING ERRCODE = 'integrity_constraint_violation';"
        check = f"IF {self.condition} THEN {refuse} END IF;" if self.condition else refuse
        return f" BEGIN {check} IF TG_OP = 'DELETE' THEN RETURN OLD; END IF; RETURN NEW; END "

    @property
    def definition(self) -> str:
        """Return the statement that creates it, as `pg_get_triggerdef` spells it."""
        each = "STATEMENT" if self.event == "TRUNCATE" else "ROW"
        return (
            f"CREATE TRIGGER {self.name} BEFORE {self.event} ON {self.table}"
            f" FOR EACH {each} EXECUTE FUNCTION {self.name}()"
        )

    @property
    def statements(self) -> tuple[str, ...]:
        """Return what makes it, or makes it again."""
        return (
            f"CREATE OR REPLACE FUNCTION {self.name}() RETURNS trigger LANGUAGE plpgsql AS $${self.body}$$",
            f"DROP TRIGGER IF EXISTS {self.name} ON {self.table}",
            self.definition,
        )


def postgresql_triggers() -> dict[str, PostgresqlTrigger]:
    """Return the triggers of PostgreSQL by their names."""
    made: dict[str, PostgresqlTrigger] = {}

    def add(table: str, event: str, reason: str, condition: str = "") -> None:
        name = f"{table}_refuses_{event.lower()}"
        made[name] = PostgresqlTrigger(name, table, event, reason, condition)

    for table in APPEND_ONLY:
        for event in ("UPDATE", "DELETE", "TRUNCATE"):
            add(table, event, f"{table} is append-only")
    published = "a published policy update stays as it is"
    add(UPDATES, "UPDATE", published, _changed("IS DISTINCT FROM"))
    add(UPDATES, "DELETE", published, "OLD.published_at IS NOT NULL")
    add(DOCUMENTS, "INSERT", published, _published_document("NEW"))
    add(DOCUMENTS, "UPDATE", published, _published_document("OLD", "NEW"))
    add(DOCUMENTS, "DELETE", published, _published_document("OLD"))
    add(UPDATES, "TRUNCATE", published)
    add(DOCUMENTS, "TRUNCATE", published)
    return made


def missing(connection: BaseDatabaseWrapper) -> list[str]:
    """Return the names of the triggers that should be there and are not, or are switched off or altered."""
    return sorted(set(_expected(connection)) - set(_present(connection)))


def install(connection: BaseDatabaseWrapper) -> None:
    """Make every trigger that is missing."""
    expected = _expected(connection)
    with connection.cursor() as cursor:
        for name in missing(connection):
            for statement in expected[name]:
                cursor.execute(statement)


def install_after_migrate(using: str, **_kwargs: object) -> None:
    """Answer `post_migrate`, once the tables that the triggers stand on are all there."""
    connection = connections[using]
    if set(TABLES) <= set(connection.introspection.table_names()):
        install(connection)


def _expected(connection: BaseDatabaseWrapper) -> dict[str, tuple[str, ...]]:
    """Return the triggers that should be there: their names, and the statements that make each."""
    if connection.vendor == "sqlite":
        return {name: (f"DROP TRIGGER IF EXISTS {name}", made) for name, made in sqlite_triggers().items()}
    return {name: trigger.statements for name, trigger in postgresql_triggers().items()}


def _present(connection: BaseDatabaseWrapper) -> Iterator[str]:
    """Return the names of the triggers that are there as they should be."""
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            wanted = sqlite_triggers()
            cursor.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'")
            yield from (name for name, sql in cursor.fetchall() if wanted.get(name) == sql)
            return
        definitions = {name: (made.definition, made.body) for name, made in postgresql_triggers().items()}
        cursor.execute(
            "SELECT t.tgname, pg_get_triggerdef(t.oid, true), f.prosrc FROM pg_trigger t"
            " JOIN pg_proc f ON f.oid = t.tgfoid WHERE NOT t.tgisinternal AND t.tgenabled IN ('O', 'A')"
        )
        yield from (name for name, *found in cursor.fetchall() if definitions.get(name) == tuple(found))
