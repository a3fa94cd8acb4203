"""Database triggers that refuse what must not happen, whatever the code does.

They are (re)made after every `migrate`, not by one migration: on SQLite a later migration that rebuilds a
table drops its triggers without a word. A system check says so if one is missing.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from django.core.checks import CheckMessage, Error
from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper


def name_of(table: str, event: str) -> str:
    """Return the name of the trigger that refuses an event on a table."""
    return f"{table}_refuses_{event.lower()}"


@dataclass(frozen=True, slots=True)
class SqliteTrigger:
    """A trigger of SQLite."""

    table: str
    event: str
    reason: str
    condition: str = ""

    @property
    def name(self) -> str:
        """Return its name."""
        return name_of(self.table, self.event)

    @property
    def definition(self) -> str:
        """Return the statement that creates it, as `sqlite_master` keeps it."""
        when = f"WHEN {self.condition} " if self.condition else ""
        refuse = f"SELECT RAISE(ABORT, '{self.reason}');"
        return f"CREATE TRIGGER {self.name} BEFORE {self.event} ON {self.table} {when}BEGIN {refuse} END"

    @property
    def statements(self) -> tuple[str, ...]:
        """Return what makes it, or makes it again."""
        return f"DROP TRIGGER IF EXISTS {self.name}", self.definition


@dataclass(frozen=True, slots=True)
class PostgresqlTrigger:
    """A trigger of PostgreSQL, and the function it runs, which has the same name.

    `inserted` lets it look once at all that a statement has inserted, under that name, rather than at each row.
    """

    table: str
    event: str
    reason: str
    condition: str = ""
    inserted: str = ""

    @property
    def name(self) -> str:
        """Return its name."""
        return name_of(self.table, self.event)

    @property
    def body(self) -> str:
        """Return the source of the function."""
        refuse = f"RAISE EXCEPTION '{self.reason}' USING ERRCODE = 'integrity_constraint_violation';"
        check = f"IF {self.condition} THEN {refuse} END IF;" if self.condition else refuse
        return f" BEGIN {check} IF TG_OP = 'DELETE' THEN RETURN OLD; END IF; RETURN NEW; END "

    @property
    def definition(self) -> str:
        """Return the statement that creates it, as `pg_get_triggerdef` spells it."""
        if self.inserted:
            looks = f"AFTER {self.event} ON {self.table} REFERENCING NEW TABLE AS {self.inserted} FOR EACH STATEMENT"
        else:
            each = "STATEMENT" if self.event == "TRUNCATE" else "ROW"
            looks = f"BEFORE {self.event} ON {self.table} FOR EACH {each}"
        return f"CREATE TRIGGER {self.name} {looks} EXECUTE FUNCTION {self.name}()"

    @property
    def statements(self) -> tuple[str, ...]:
        """Return what makes it, or makes it again."""
        return (
            f"CREATE OR REPLACE FUNCTION {self.name}() RETURNS trigger LANGUAGE plpgsql AS $${self.body}$$",
            f"DROP TRIGGER IF EXISTS {self.name} ON {self.table}",
            self.definition,
        )


Trigger = SqliteTrigger | PostgresqlTrigger


@dataclass(frozen=True, slots=True)
class Triggers:
    """The triggers of one app, on its tables: what makes those of each database."""

    tables: tuple[str, ...]
    sqlite: Callable[[], Iterable[SqliteTrigger]]
    postgresql: Callable[[], Iterable[PostgresqlTrigger]]

    def expected(self, connection: BaseDatabaseWrapper) -> dict[str, Trigger]:
        """Return the triggers that should be there, by name."""
        made: Iterable[Trigger] = self.sqlite() if connection.vendor == "sqlite" else self.postgresql()
        return {trigger.name: trigger for trigger in made}

    def missing(self, connection: BaseDatabaseWrapper) -> list[str]:
        """Return the names of the triggers that should be there and are not, or are switched off or altered."""
        return sorted(set(self.expected(connection)) - set(self._present(connection)))

    def install(self, connection: BaseDatabaseWrapper) -> None:
        """Make every trigger that is missing."""
        expected = self.expected(connection)
        with connection.cursor() as cursor:
            for name in self.missing(connection):
                for statement in expected[name].statements:
                    cursor.execute(statement)

    def are_due(self, connection: BaseDatabaseWrapper) -> bool:
        """Return whether the tables that the triggers stand on are all there."""
        return set(self.tables) <= set(connection.introspection.table_names())

    def install_after_migrate(self, using: str, **_kwargs: object) -> None:
        """Answer `post_migrate`."""
        if self.are_due(connections[using]):
            self.install(connections[using])

    def check(self, databases: Iterable[str] | None, code: str) -> list[CheckMessage]:
        """Return an error for each trigger that a database lacks."""
        # What is not migrated yet lacks its tables too: `migrate` runs checks before it makes them.
        found = (connections[alias] for alias in databases or ())
        return [
            Error(
                f"The database lacks the trigger {name}: what it protects can be changed.",
                hint="Run `manage.py migrate`, which makes it again, and find out who dropped it.",
                id=code,
            )
            for connection in found
            if self.are_due(connection)
            for name in self.missing(connection)
        ]

    def _present(self, connection: BaseDatabaseWrapper) -> Iterator[str]:
        """Return the names of the triggers that are there as they should be."""
        with connection.cursor() as cursor:
            if connection.vendor == "sqlite":
                wanted = {trigger.name: trigger.definition for trigger in self.sqlite()}
                cursor.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'")
                yield from (name for name, sql in cursor.fetchall() if wanted.get(name) == sql)
                return
            definitions = {made.name: (made.definition, made.body) for made in self.postgresql()}
            cursor.execute(
                "SELECT t.tgname, pg_get_triggerdef(t.oid, true), f.prosrc FROM pg_trigger t"
                " JOIN pg_proc f ON f.oid = t.tgfoid WHERE NOT t.tgisinternal AND t.tgenabled IN ('O', 'A')"
            )
            yield from (name for name, *found in cursor.fetchall() if definitions.get(name) == tuple(found))
