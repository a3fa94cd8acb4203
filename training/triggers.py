"""The triggers that keep what is in a run as it is once the run has started, whatever the code does (rule E1)."""
# ruff: noqa: S608 - what is put into the statements are names from this file.

from collections.abc import Iterator

from accounts.triggers import PostgresqlTrigger, SqliteTrigger, Triggers
from training.models import FROZEN, MOVES, State

RUNS, MOVED = "training_trainingrun", "training_runmove"
# What is in a run, and the key under which INSERT OR REPLACE could overwrite a row of it on SQLite.
CONTENTS = {
    "training_manifestrow": ("o.id = NEW.id", "(o.conversation = NEW.conversation AND o.run_id = NEW.run_id)"),
    "training_shard": ("o.id = NEW.id", "(o.run_id = NEW.run_id AND o.number = NEW.number)"),
}
# What stands once a run has started. Its state goes on; its files are destroyed in the end.
FROZEN_COLUMNS = (
    *("id", "purpose", "created_at", "frozen_at", "filter_version", "schema_version", "kept_out", "taken_out"),
    *("problem", "filed_at"),
)
FROZEN_REASON = "what is in a started run stays as it is"

_IS_FROZEN = "({})".format(", ".join(f"'{state.value}'" for state in FROZEN))


def _in_frozen(*rows: str) -> str:
    """Return the condition under which what happens touches a run that has started."""
    keys = ", ".join(f"{row}.run_id" for row in rows)
    return f"EXISTS (SELECT 1 FROM {RUNS} r WHERE r.id IN ({keys}) AND r.state IN {_IS_FROZEN})"


def _moved_wrong() -> str:
    """Return the condition under which an UPDATE moves a run to where it can't go."""
    allowed = " OR ".join(
        f"(OLD.state = '{start.value}' AND NEW.state = '{end.value}')"
        for start, ends in MOVES.items()
        for end in sorted(ends)
    )
    return f"OLD.state <> NEW.state AND NOT ({allowed})"


def _changed(distinct: str, cast: str = "") -> str:
    """Return the condition under which an UPDATE of a run that has started is refused."""
    columns = " OR ".join(f"NEW.{name}{cast} {distinct} OLD.{name}{cast}" for name in FROZEN_COLUMNS)
    return f"OLD.state IN {_IS_FROZEN} AND ({columns})"


def sqlite_triggers() -> Iterator[SqliteTrigger]:
    """Yield the triggers of SQLite."""
    for table, keys in CONTENTS.items():
        # A row is added by the freeze alone, and OR REPLACE deletes what stands in its way without a DELETE trigger.
        drafts = f"NOT EXISTS (SELECT 1 FROM {RUNS} r WHERE r.id = NEW.run_id AND r.state = '{State.DRAFT.value}')"
        replaced = f"EXISTS (SELECT 1 FROM {table} o WHERE {' OR '.join(keys)})"
        yield SqliteTrigger(table, "INSERT", FROZEN_REASON, f"{drafts} OR {replaced}")
        yield SqliteTrigger(table, "UPDATE", FROZEN_REASON, _in_frozen("OLD", "NEW"))
        yield SqliteTrigger(table, "DELETE", FROZEN_REASON, _in_frozen("OLD"))
    yield SqliteTrigger(RUNS, "INSERT", FROZEN_REASON, f"EXISTS (SELECT 1 FROM {RUNS} o WHERE o.id = NEW.id)")
    yield SqliteTrigger(RUNS, "UPDATE", FROZEN_REASON, f"{_moved_wrong()} OR {_changed('IS NOT')}")
    yield SqliteTrigger(RUNS, "DELETE", FROZEN_REASON, f"OLD.state IN {_IS_FROZEN}")
    moved = f"EXISTS (SELECT 1 FROM {MOVED} o WHERE o.id = NEW.id OR (o.run_id = NEW.run_id AND o.state = NEW.state))"
    yield SqliteTrigger(MOVED, "INSERT", f"{MOVED} has this row already", moved)
    yield SqliteTrigger(MOVED, "UPDATE", f"{MOVED} is append-only")
    yield SqliteTrigger(MOVED, "DELETE", f"{MOVED} is append-only")


def postgresql_triggers() -> Iterator[PostgresqlTrigger]:
    """Yield the triggers of PostgreSQL."""
    for table in CONTENTS:
        # Once for a statement that inserts a million rows, not a million times.
        added = (
            "EXISTS (SELECT 1 FROM (SELECT DISTINCT run_id FROM added) a"
            f" JOIN {RUNS} r ON r.id = a.run_id WHERE r.state <> '{State.DRAFT.value}')"
        )
        yield PostgresqlTrigger(table, "INSERT", FROZEN_REASON, added, inserted="added")
        yield PostgresqlTrigger(table, "UPDATE", FROZEN_REASON, _in_frozen("OLD", "NEW"))
        yield PostgresqlTrigger(table, "DELETE", FROZEN_REASON, _in_frozen("OLD"))
        yield PostgresqlTrigger(table, "TRUNCATE", FROZEN_REASON)
    # JSON has no equality in PostgreSQL; its text has.
    changed = _changed("IS DISTINCT FROM", "::text")
    yield PostgresqlTrigger(RUNS, "UPDATE", FROZEN_REASON, f"({_moved_wrong()}) OR ({changed})")
    yield PostgresqlTrigger(RUNS, "DELETE", FROZEN_REASON, f"OLD.state IN {_IS_FROZEN}")
    yield PostgresqlTrigger(RUNS, "TRUNCATE", FROZEN_REASON)
    for event in ("UPDATE", "DELETE", "TRUNCATE"):
        yield PostgresqlTrigger(MOVED, event, f"{MOVED} is append-only")


TRIGGERS = Triggers((RUNS, MOVED, *CONTENTS), sqlite_triggers, postgresql_triggers)
