"""Database triggers that keep evidence and published texts as they are, whatever the code does.

They are (re)made after every `migrate`, not by one migration: on SQLite a later migration that rebuilds a
table drops its triggers without a word. A system check says so if one is missing.
"""

from collections.abc import Iterator

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
    "version announced_at is_material allow_retention_years refuse_retention_days short_deferrals"
    " short_deferral_days long_deferral_days coverage_reading published_at"
).split()
TABLES = (*APPEND_ONLY, UPDATES, DOCUMENTS)

_MOVED = "SELECT 1 FROM privacy_lastdaymove m WHERE m.update_id = OLD.version AND m.last_day = NEW.last_day"
_PUBLISHED = "SELECT 1 FROM privacy_policyupdate p WHERE p.version = {row}.update_id AND p.published_at IS NOT NULL"


def _changed(distinct: str) -> str:
    """Return the condition under which an UPDATE of a published policy update is refused."""
    columns = " OR ".join(f"NEW.{column} {distinct} OLD.{column}" for column in FROZEN_COLUMNS)
    return (
        f"OLD.published_at IS NOT NULL AND ({columns} OR NEW.rollout_percentage < OLD.rollout_percentage"
        f" OR (NEW.last_day {distinct} OLD.last_day AND NOT EXISTS ({_MOVED})))"
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
    add(UPDATES, "UPDATE", published, _changed("IS NOT"))
    add(UPDATES, "DELETE", published, "OLD.published_at IS NOT NULL")
    add(
        UPDATES,
        "INSERT",
        published,
        f"EXISTS (SELECT 1 FROM {UPDATES} WHERE published_at IS NOT NULL"
        " AND (version = NEW.version OR rowid = NEW.rowid))",
    )
    add(DOCUMENTS, "INSERT", published, f"EXISTS ({_PUBLISHED.format(row='NEW')})")
    add(DOCUMENTS, "DELETE", published, f"EXISTS ({_PUBLISHED.format(row='OLD')})")
    either = f"EXISTS ({_PUBLISHED.format(row='OLD')}) OR EXISTS ({_PUBLISHED.format(row='NEW')})"
    add(DOCUMENTS, "UPDATE", published, either)
    return made


def _postgresql_function(name: str, condition: str, reason: str) -> str:
    refuse = f"RAISE EXCEPTION '{reason}' USING ERRCODE = 'integrity_constraint_violation';"
    body = f"IF {condition} THEN {refuse} END IF;" if condition else refuse
    return (
        f"CREATE OR REPLACE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {body}"
        " IF TG_OP = 'DELETE' THEN RETURN OLD; END IF; RETURN NEW; END $$"
    )


def postgresql_triggers() -> dict[str, tuple[str, ...]]:
    """Return the triggers of PostgreSQL: their names, and the statements that create or replace them."""
    made: dict[str, tuple[str, ...]] = {}

    def add(table: str, event: str, reason: str, condition: str = "") -> None:
        name = f"{table}_refuses_{event.lower()}"
        each = "STATEMENT" if event == "TRUNCATE" else "ROW"
        made[name] = (
            _postgresql_function(name, condition, reason),
            f"CREATE OR REPLACE TRIGGER {name} BEFORE {event} ON {table} FOR EACH {each} EXECUTE FUNCTION {name}()",
        )

    for table in APPEND_ONLY:
        for event in ("UPDATE", "DELETE", "TRUNCATE"):
            add(table, event, f"{table} is append-only")
    published = "a published policy update stays as it is"
    add(UPDATES, "UPDATE", published, _changed("IS DISTINCT FROM"))
    add(UPDATES, "DELETE", published, "OLD.published_at IS NOT NULL")
    add(DOCUMENTS, "INSERT", published, f"EXISTS ({_PUBLISHED.format(row='NEW')})")
    add(DOCUMENTS, "DELETE", published, f"EXISTS ({_PUBLISHED.format(row='OLD')})")
    either = f"EXISTS ({_PUBLISHED.format(row='OLD')}) OR EXISTS ({_PUBLISHED.format(row='NEW')})"
    add(DOCUMENTS, "UPDATE", published, either)
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
            if connection.vendor == "sqlite":
                cursor.execute(f"DROP TRIGGER IF EXISTS {name}")
            for statement in expected[name]:
                cursor.execute(statement)


def install_after_migrate(using: str, **_kwargs: object) -> None:
    """Answer `post_migrate`, once the tables that the triggers stand on are all there."""
    connection = connections[using]
    if set(TABLES) <= set(connection.introspection.table_names()):
        install(connection)


def _expected(connection: BaseDatabaseWrapper) -> dict[str, tuple[str, ...]]:
    if connection.vendor == "sqlite":
        return {name: (statement,) for name, statement in sqlite_triggers().items()}
    return postgresql_triggers()


def _present(connection: BaseDatabaseWrapper) -> Iterator[str]:
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'")
            wanted = sqlite_triggers()
            yield from (name for name, sql in cursor.fetchall() if wanted.get(name) == sql)
        else:
            cursor.execute("SELECT tgname FROM pg_trigger WHERE NOT tgisinternal AND tgenabled IN ('O', 'A')")
            yield from (name for (name,) in cursor.fetchall())
