"""What must hold before the site starts."""

from collections.abc import Iterable, Sequence
from typing import Any

import fsspec
from django.apps import AppConfig
from django.conf import settings
from django.core.checks import CheckMessage, Error

from training.triggers import TRIGGERS


def check_triggers(
    app_configs: Sequence[AppConfig] | None, databases: Iterable[str] | None = None, **_kwargs: Any
) -> list[CheckMessage]:
    """Return an error for each trigger that a database lacks."""
    return TRIGGERS.check(databases, "training.E001")


def check_files(app_configs: Sequence[AppConfig] | None, **_kwargs: Any) -> list[CheckMessage]:
    """Return an error if there is no way to where the files of runs are to be."""
    try:
        fsspec.core.url_to_fs(str(settings.TRAINING_FILES))
    except (ImportError, ValueError) as error:
        return [
            Error(
                f"TRAINING_FILES can't be used: {error}",
                hint="Name a folder, or an address of an object store whose fsspec package is installed.",
                id="training.E002",
            )
        ]
    return []
