"""What has to hold before the site starts."""

from collections.abc import Iterable
from typing import Any

from django.core.checks import CheckMessage, Error
from django.core.exceptions import ImproperlyConfigured

from conversations.assistant import connected_assistant
from conversations.triggers import TRIGGERS


def check_assistant(**_kwargs: Any) -> list[CheckMessage]:
    """Find out whether the assistant that the settings name can be had."""
    try:
        connected_assistant()
    except (ImportError, ImproperlyConfigured) as error:
        return [Error(f"There is no assistant: {error}", id="conversations.E001")]
    return []


def check_triggers(databases: Iterable[str] | None = None, **_kwargs: Any) -> list[CheckMessage]:
    """Return an error for each trigger that the database lacks, of those that keep who has read feedback."""
    return TRIGGERS.check(databases, "conversations.E002")
