"""What must hold before the site starts."""

import re
from collections.abc import Iterable, Sequence
from typing import Any

from django.apps import AppConfig
from django.conf import settings
from django.core.checks import CheckMessage, Error
from django.db import connections

from privacy.noting import NOTES
from privacy.triggers import TRIGGERS

# What has a host, and nothing after it.
SITE_ADDRESS = re.compile(r"https?://[A-Za-z0-9.:\[\]-]+")


def check_site_address(app_configs: Sequence[AppConfig] | None, **_kwargs: Any) -> list[CheckMessage]:
    """Return an error if links in letters would lead nowhere."""
    if SITE_ADDRESS.fullmatch(settings.SITE_URL):
        return []
    return [
        Error(
            f"SITE_URL is {settings.SITE_URL!r}, which is no address to which a path can be added.",
            hint="Set it to where people open the site, such as https://example.com, without a slash at its end.",
            id="privacy.E002",
        )
    ]


def check_triggers(
    app_configs: Sequence[AppConfig] | None, databases: Iterable[str] | None = None, **_kwargs: Any
) -> list[CheckMessage]:
    """Return an error for each trigger of the evidence that the database lacks."""
    return TRIGGERS.check(databases, "privacy.E001")


def check_notes(
    app_configs: Sequence[AppConfig] | None, databases: Iterable[str] | None = None, **_kwargs: Any
) -> list[CheckMessage]:
    """Return an error for each trigger that the database lacks, of those that note who is to be counted again."""
    return [
        Error(
            f"The database lacks the trigger {name}: the figures of the roll-out page go wrong.",
            hint="Run `manage.py migrate`, which makes it again, and then `manage.py count_rollout --anew`.",
            id="privacy.E003",
        )
        for connection in map(connections.__getitem__, databases or ())
        if NOTES.are_due(connection)
        for name in NOTES.missing(connection)
    ]
