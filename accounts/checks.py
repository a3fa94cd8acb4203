"""What has to hold before the site starts."""

from typing import Any

from django.core.checks import CheckMessage, Error
from django.db import connection

from accounts import journal
from accounts.models import JournalEntry


def check_journal(app_configs: Any = None, databases: Any = None, **_kwargs: Any) -> list[CheckMessage]:
    """Find out whether this database is older than the journal."""
    is_there = databases and JournalEntry._meta.db_table in connection.introspection.table_names()
    if not is_there or not journal.is_behind():
        return []
    return [
        Error(
            "This database is older than the journal: it was restored from a backup.",
            hint="Run `manage.py replay_journal`. Until then the site does not serve.",
            id="accounts.E001",
        )
    ]
