"""What keeps the site from starting."""

import pytest
from django.core.checks import run_checks
from pytest_django import Settings


def errors() -> list[str | None]:
    return [message.id for message in run_checks() if message.id == "privacy.E002"]


@pytest.mark.parametrize(
    ("address", "is_wrong"),
    [
        ("https://example.com", False),
        ("http://127.0.0.1:8000", False),
        ("http://[::1]:8000", False),
        ("https://", True),
        ("https://*", True),
        ("example.com", True),
        ("https://example.com/", True),
        ("https://example.com/path", True),
        ("", True),
    ],
)
def test_address_for_links_in_letters_has_a_host_and_no_path(settings: Settings, address: str, is_wrong: bool) -> None:
    settings.SITE_URL = address
    assert bool(errors()) is is_wrong
