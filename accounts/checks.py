"""What has to hold before the site starts."""

from typing import Any

from django.core.checks import CheckMessage, Warning  # noqa: A004 - Django's name
from django.db import connection

from accounts import journal
from accounts.models import JournalEntry


def check_journal(app_configs: Any = None, databases: Any = None, **_kwargs: Any) -> list[CheckMessage]:
    """Find out whether this database is older than the journal."""
    is_there = databases and JournalEntry._meta.db_table in connection.introspection.table_names()
    if not is_there or not journal.is_to_be_replayed():
        return []
    # A warning: an error would keep `migrate` from bringing an older backup to where it can be replayed.
    return [
        Warning(
            "This database is older than the journal, or the journal is missing.",
            hint="Run `manage.py replay_journal`. Until then the site does not serve.",
            id="accounts.W001",
        )
    ]
