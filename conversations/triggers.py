"""The triggers that keep who has read feedback as it was written, whatever the code does (rule G3)."""

from collections.abc import Iterator

from accounts.triggers import PostgresqlTrigger, SqliteTrigger, Triggers

READINGS = "conversations_feedbackreading"
REASON = f"{READINGS} is append-only"


def sqlite_triggers() -> Iterator[SqliteTrigger]:
    """Yield the triggers of SQLite."""
    yield SqliteTrigger(READINGS, "UPDATE", REASON)
    yield SqliteTrigger(READINGS, "DELETE", REASON)
    # INSERT OR REPLACE deletes what stands in its way without firing a DELETE trigger.
    yield SqliteTrigger(READINGS, "INSERT", REASON, f"EXISTS (SELECT 1 FROM {READINGS} WHERE id = NEW.id)")  # noqa: S608


def postgresql_triggers() -> Iterator[PostgresqlTrigger]:
    """Yield the triggers of PostgreSQL."""
    for event in ("UPDATE", "DELETE", "TRUNCATE"):
        yield PostgresqlTrigger(READINGS, event, REASON)


TRIGGERS = Triggers((READINGS,), sqlite_triggers, postgresql_triggers)
