"""What must hold before the site starts."""

from collections.abc import Iterable, Sequence
from typing import Any

from django.apps import AppConfig
from django.core.checks import CheckMessage

from privacy.triggers import TRIGGERS


def check_triggers(
    app_configs: Sequence[AppConfig] | None, databases: Iterable[str] | None = None, **_kwargs: Any
) -> list[CheckMessage]:
    """Return an error for each trigger of the evidence that the database lacks."""
    return TRIGGERS.check(databases, "privacy.E001")
