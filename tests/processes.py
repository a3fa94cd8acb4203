"""Processes of the site that work on the database of the tests: to be killed, or to race with."""

import os
import subprocess
import sys
from urllib.parse import quote

from django.conf import settings
from django.db import connection


def database_url() -> str:
    """Return the address of the database the tests work on."""
    database = connection.settings_dict
    if connection.vendor == "sqlite":
        return f"sqlite:///{database['NAME']}"
    login = f"{quote(database['USER'])}:{quote(database['PASSWORD'])}"
    return f"postgres://{login}@{quote(database['HOST'], safe='')}:{database['PORT']}/{database['NAME']}"


def manage(*arguments: str, **variables: str) -> subprocess.Popen[str]:
    """Start a command of `manage.py` on that database, with what it prints in its `stdout`."""
    return start("manage.py", *arguments, **variables)


def start(*arguments: str, **variables: str) -> subprocess.Popen[str]:
    """Start Python in the tests' settings, on the tests' database."""
    environment = os.environ | {
        "DJANGO_SETTINGS_MODULE": "tests.settings",
        "DATABASE_URL": database_url(),
        "JOURNAL_DIR": str(settings.JOURNAL_DIR),
        "EXPORTS_DIR": str(settings.EXPORTS_DIR),
        "TRAINING_FILES": str(settings.TRAINING_FILES),
        "PYTHONUNBUFFERED": "1",
    }
    return subprocess.Popen(
        [sys.executable, *arguments],
        cwd=settings.BASE_DIR,
        env=environment | variables,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
