"""What must hold before the site starts."""

from collections.abc import Iterable, Sequence
from typing import Any

from django.apps import AppConfig
from django.core.checks import CheckMessage, Error
from django.db import connections

from privacy import triggers


def check_triggers(
    app_configs: Sequence[AppConfig] | None, databases: Iterable[str] | None = None, **_kwargs: Any
) -> list[CheckMessage]:
    """Return an error for each trigger of the evidence that the database lacks."""
    errors: list[CheckMessage] = []
    for alias in databases or ():
        connection = connections[alias]
        if not set(triggers.TABLES) <= set(connection.introspection.table_names()):
            continue  # Not migrated yet: `migrate` runs this check before it makes the tables.
        errors += [
            Error(
                f"The database lacks the trigger {name}: what it protects can be changed.",
                hint="Run `manage.py migrate`, which makes it again, and find out who dropped it.",
                id="privacy.E001",
            )
            for name in triggers.missing(connection)
        ]
    return errors
