"""What keeps the site from starting."""

from pathlib import Path

import pytest
from django.core.checks import run_checks
from pytest_django import Settings


def errors() -> list[str]:
    return [message.msg for message in run_checks() if message.id == "training.E002"]


def test_files_of_runs_may_be_in_a_folder(settings: Settings, tmp_path: Path) -> None:
    settings.TRAINING_FILES = str(tmp_path)
    assert errors() == []


@pytest.mark.parametrize("address", ["nowhere://bucket/runs", "dropbox://runs"], ids=["unknown", "not installed"])
def test_files_of_runs_need_a_place_that_can_be_reached(settings: Settings, address: str) -> None:
    settings.TRAINING_FILES = address
    (error,) = errors()
    assert error.startswith("TRAINING_FILES can't be used: ")
