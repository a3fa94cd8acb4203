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
# What a row is, from the freeze on: a row that became another one would be a row that was added. Only what its file
# says of it is still to come, and a shard counts what is left of it.
IDENTITY = {
    "training_manifestrow": (
        *("id", "run_id", "shard", "export_id", "conversation", "record_id", "messages", "last_message"),
    ),
    "training_shard": ("id", "run_id", "number"),
    RUNS: ("id",),
}
# What stands once a run has started. Its state goes on; its files are destroyed in the end, which is said once.
FROZEN_COLUMNS = (
    *("id", "purpose", "created_at", "frozen_at", "filter_version", "schema_version", "kept_out", "taken_out"),
    *("problem", "filed_at"),
)
FROZEN_REASON = "what is in a started run stays as it is"

_IS_FROZEN = "({})".format(", ".join(f"'{state.value}'" for state in FROZEN))


_IN_FROZEN = f"EXISTS (SELECT 1 FROM {RUNS} r WHERE r.id = OLD.run_id AND r.state IN {_IS_FROZEN})"


def _becomes_another(table: str) -> str:
    """Return the condition under which an UPDATE makes another row of a row."""
    return " OR ".join(f"NEW.{name} <> OLD.{name}" for name in IDENTITY[table])


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
    early = f"OLD.state = '{State.STARTED.value}' AND NEW.destroyed_at IS NOT NULL"
    again = f"OLD.destroyed_at IS NOT NULL AND NEW.destroyed_at {distinct} OLD.destroyed_at"
    return f"OLD.state IN {_IS_FROZEN} AND ({columns} OR ({early}) OR ({again}))"


def sqlite_triggers() -> Iterator[SqliteTrigger]:
    """Yield the triggers of SQLite."""
    for table, keys in CONTENTS.items():
        # A row is added by the freeze alone, and OR REPLACE deletes what stands in its way without a DELETE trigger.
        drafts = f"NOT EXISTS (SELECT 1 FROM {RUNS} r WHERE r.id = NEW.run_id AND r.state = '{State.DRAFT.value}')"
        replaced = f"EXISTS (SELECT 1 FROM {table} o WHERE {' OR '.join(keys)})"
        yield SqliteTrigger(table, "INSERT", FROZEN_REASON, f"{drafts} OR {replaced}")
        # OR REPLACE does the same in an UPDATE that changes a key.
        yield SqliteTrigger(table, "UPDATE", FROZEN_REASON, f"{_becomes_another(table)} OR {_IN_FROZEN}")
        yield SqliteTrigger(table, "DELETE", FROZEN_REASON, _IN_FROZEN)
    # `rowid` is the key every SQLite table has besides its own; it is undefined, never equal, if not given.
    replaced = f"EXISTS (SELECT 1 FROM {RUNS} o WHERE o.id = NEW.id OR o.rowid = NEW.rowid)"
    another = f"{_becomes_another(RUNS)} OR NEW.rowid <> OLD.rowid"
    yield SqliteTrigger(RUNS, "INSERT", FROZEN_REASON, replaced)
    yield SqliteTrigger(RUNS, "UPDATE", FROZEN_REASON, f"{another} OR {_moved_wrong()} OR {_changed('IS NOT')}")
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
        yield PostgresqlTrigger(table, "UPDATE", FROZEN_REASON, f"{_becomes_another(table)} OR {_IN_FROZEN}")
        yield PostgresqlTrigger(table, "DELETE", FROZEN_REASON, _IN_FROZEN)
        yield PostgresqlTrigger(table, "TRUNCATE", FROZEN_REASON)
    # JSON has no equality in PostgreSQL; its text has.
    changed = _changed("IS DISTINCT FROM", "::text")
    yield PostgresqlTrigger(
        RUNS, "UPDATE", FROZEN_REASON, f"{_becomes_another(RUNS)} OR ({_moved_wrong()}) OR ({changed})"
    )
    yield PostgresqlTrigger(RUNS, "DELETE", FROZEN_REASON, f"OLD.state IN {_IS_FROZEN}")
    yield PostgresqlTrigger(RUNS, "TRUNCATE", FROZEN_REASON)
    for event in ("UPDATE", "DELETE", "TRUNCATE"):
        yield PostgresqlTrigger(MOVED, event, f"{MOVED} is append-only")


TRIGGERS = Triggers((RUNS, MOVED, *CONTENTS), sqlite_triggers, postgresql_triggers)
