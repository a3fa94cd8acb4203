"""The triggers that note who has to be counted again on the roll-out page, in the transaction of the change itself.

They see whatever writes, bulk updates and SQL by hand included, and cost an act no statement of its own. Each only
adds a row that no other writer waits for.
"""
# ruff: noqa: S608 - what is put into the statements are names from this file.

from collections.abc import Iterator

from accounts.triggers import PostgresqlTrigger, SqliteTrigger, Triggers

DUE = "privacy_rolloutdue"
PEOPLE, RECORDS = "accounts_user", "privacy_consentrecord"
# What a change of which counts someone elsewhere; signing in changes none of them.
COLUMNS = ("principal", "plan", "language", "joined_at", "is_active", "is_persona")


def _name(table: str, event: str) -> str:
    return f"{table}_notes_{event.lower()}"


class SqliteNote(SqliteTrigger):
    """A trigger of SQLite that notes instead of refusing."""

    @property
    def name(self) -> str:
        """Return its name."""
        return _name(self.table, self.event)

    @property
    def definition(self) -> str:
        """Return the statement that creates it, as `sqlite_master` keeps it."""
        of = f" OF {', '.join(COLUMNS)}" if self.event == "UPDATE" else ""
        note = f"INSERT INTO {DUE} (principal) VALUES (NEW.principal);"
        return f"CREATE TRIGGER {self.name} AFTER {self.event}{of} ON {self.table} {self._when}BEGIN {note} END"

    @property
    def _when(self) -> str:
        return f"WHEN {self.condition} " if self.condition else ""


class PostgresqlNote(PostgresqlTrigger):
    """A trigger of PostgreSQL that notes instead of refusing, once for all rows of a statement."""

    @property
    def name(self) -> str:
        """Return its name."""
        return _name(self.table, self.event)

    @property
    def body(self) -> str:
        """Return the source of the function."""
        rows = "new_rows n" if self.event == "INSERT" else "new_rows n JOIN old_rows o ON o.id = n.id"
        where = f" WHERE {self.condition}" if self.condition else ""
        return f" BEGIN INSERT INTO {DUE} (principal) SELECT DISTINCT n.principal FROM {rows}{where}; RETURN NULL; END "

    @property
    def definition(self) -> str:
        """Return the statement that creates it, as `pg_get_triggerdef` spells it."""
        old = "OLD TABLE AS old_rows " if self.event == "UPDATE" else ""
        return (
            f"CREATE TRIGGER {self.name} AFTER {self.event} ON {self.table} REFERENCING {old}NEW TABLE AS new_rows"
            f" FOR EACH STATEMENT EXECUTE FUNCTION {self.name}()"
        )


def _changed(new: str, old: str, distinct: str) -> str:
    return " OR ".join(f"{new}.{column} {distinct} {old}.{column}" for column in COLUMNS)


def sqlite_triggers() -> Iterator[SqliteTrigger]:
    """Yield the triggers of SQLite."""
    yield SqliteNote(PEOPLE, "INSERT", "")
    yield SqliteNote(PEOPLE, "UPDATE", "", _changed("NEW", "OLD", "IS NOT"))
    yield SqliteNote(RECORDS, "INSERT", "")


def postgresql_triggers() -> Iterator[PostgresqlTrigger]:
    """Yield the triggers of PostgreSQL."""
    yield PostgresqlNote(PEOPLE, "INSERT", "")
    yield PostgresqlNote(PEOPLE, "UPDATE", "", _changed("n", "o", "IS DISTINCT FROM"))
    yield PostgresqlNote(RECORDS, "INSERT", "")


NOTES = Triggers((PEOPLE, RECORDS, DUE), sqlite_triggers, postgresql_triggers)
