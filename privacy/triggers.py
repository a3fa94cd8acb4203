"""The triggers that keep evidence and published texts as they are, whatever the code does."""
# ruff: noqa: S608 - what is put into the statements are names from this file.

from collections.abc import Iterator

from accounts.triggers import PostgresqlTrigger, SqliteTrigger, Triggers

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
    "privacy_updateact": (
        "id = NEW.id",
        "(update_id = NEW.update_id AND kind = 'published' AND NEW.kind = 'published')",
    ),
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
    "reminder_days",
    "coverage_reading",
    "published_at",
)
PUBLISHED = "a published policy update stays as it is"

# Only the latest act counts: an earlier one must not allow what has been left since.
_ACTED = (
    "SELECT 1 FROM privacy_updateact a WHERE a.update_id = OLD.version AND a.last_day = NEW.last_day"
    " AND a.rollout_percentage = NEW.rollout_percentage"
    " AND a.id = (SELECT MAX(l.id) FROM privacy_updateact l WHERE l.update_id = OLD.version)"
)


def _changed(distinct: str) -> str:
    """Return the condition under which an UPDATE of a policy update is refused.

    What is published, or is being published, has the percentage and the last day of its latest act.
    """
    columns = " OR ".join(f"NEW.{column} {distinct} OLD.{column}" for column in FROZEN_COLUMNS)
    moved = f"NEW.rollout_percentage {distinct} OLD.rollout_percentage OR NEW.last_day {distinct} OLD.last_day"
    return (
        f"(OLD.published_at IS NOT NULL AND ({columns} OR NEW.rollout_percentage < OLD.rollout_percentage"
        f" OR (({moved}) AND NOT EXISTS ({_ACTED}))))"
        f" OR (OLD.published_at IS NULL AND NEW.published_at IS NOT NULL AND NOT EXISTS ({_ACTED}))"
    )


def _published_document(*rows: str) -> str:
    """Return the condition under which a change of a document touches a published policy update."""
    return " OR ".join(
        f"EXISTS (SELECT 1 FROM {UPDATES} p WHERE p.version = {row}.update_id AND p.published_at IS NOT NULL)"
        for row in rows
    )


def sqlite_triggers() -> Iterator[SqliteTrigger]:
    """Yield the triggers of SQLite."""
    for table, keys in APPEND_ONLY.items():
        yield SqliteTrigger(table, "UPDATE", f"{table} is append-only")
        yield SqliteTrigger(table, "DELETE", f"{table} is append-only")
        exists = f"EXISTS (SELECT 1 FROM {table} WHERE {' OR '.join(keys)})"
        yield SqliteTrigger(table, "INSERT", f"{table} has this row already", exists)
    # OR REPLACE deletes what stands in its way without firing a DELETE trigger, in an INSERT and in an UPDATE.
    replaced = (
        f"SELECT 1 FROM {UPDATES} o WHERE o.published_at IS NOT NULL"
        " AND (o.version = NEW.version OR o.rowid = NEW.rowid)"
    )
    changed = f"{_changed('IS NOT')} OR EXISTS ({replaced} AND o.rowid IS NOT OLD.rowid)"
    yield SqliteTrigger(UPDATES, "INSERT", PUBLISHED, f"EXISTS ({replaced})")
    yield SqliteTrigger(UPDATES, "UPDATE", PUBLISHED, changed)
    yield SqliteTrigger(UPDATES, "DELETE", PUBLISHED, "OLD.published_at IS NOT NULL")
    replaced = (
        f"SELECT 1 FROM {DOCUMENTS} d JOIN {UPDATES} o ON o.version = d.update_id"
        " WHERE d.id = NEW.id AND o.published_at IS NOT NULL"
    )
    inserted, updated = _published_document("NEW"), _published_document("OLD", "NEW")
    yield SqliteTrigger(DOCUMENTS, "INSERT", PUBLISHED, f"{inserted} OR EXISTS ({replaced})")
    yield SqliteTrigger(DOCUMENTS, "UPDATE", PUBLISHED, f"{updated} OR EXISTS ({replaced})")
    yield SqliteTrigger(DOCUMENTS, "DELETE", PUBLISHED, _published_document("OLD"))


def postgresql_triggers() -> Iterator[PostgresqlTrigger]:
    """Yield the triggers of PostgreSQL."""
    for table in APPEND_ONLY:
        for event in ("UPDATE", "DELETE", "TRUNCATE"):
            yield PostgresqlTrigger(table, event, f"{table} is append-only")
    yield PostgresqlTrigger(UPDATES, "UPDATE", PUBLISHED, _changed("IS DISTINCT FROM"))
    yield PostgresqlTrigger(UPDATES, "DELETE", PUBLISHED, "OLD.published_at IS NOT NULL")
    yield PostgresqlTrigger(DOCUMENTS, "INSERT", PUBLISHED, _published_document("NEW"))
    yield PostgresqlTrigger(DOCUMENTS, "UPDATE", PUBLISHED, _published_document("OLD", "NEW"))
    yield PostgresqlTrigger(DOCUMENTS, "DELETE", PUBLISHED, _published_document("OLD"))
    yield PostgresqlTrigger(UPDATES, "TRUNCATE", PUBLISHED)
    yield PostgresqlTrigger(DOCUMENTS, "TRUNCATE", PUBLISHED)


TRIGGERS = Triggers((*APPEND_ONLY, UPDATES, DOCUMENTS), sqlite_triggers, postgresql_triggers)
