"""The site with QA's tools switched on, and someone to be."""

import importlib
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import User
from privacy.models import PolicyUpdate
from qa.making import make
from qa.personas import PERSONAS

Become = Callable[..., User]


@pytest.fixture(autouse=True)
def _tools_are_on(settings: Any) -> None:
    """Put back the middleware that `tests.settings` takes out for everyone else."""
    settings.MIDDLEWARE = importlib.import_module("consent_site.settings").MIDDLEWARE
    assert any(name.startswith("qa.") for name in settings.MIDDLEWARE)


@pytest.fixture
def become(client: Client, update: PolicyUpdate) -> Become:
    """Return what makes a persona that is not there yet, presses its button, and gives its account."""

    def press(slug: str, *, browser: Client = client) -> User:
        account = PERSONAS[slug].account() or make(PERSONAS[slug])
        browser.post(reverse("qa:become"), {"persona": slug})
        return account

    return press


def set_clock(browser: Client, at: Any) -> None:
    """Set the clock of a browser to an instant."""
    text = at.strftime("%Y-%m-%dT%H:%M:%S")
    response = browser.post(reverse("qa:clock"), {"at": text})
    assert response.status_code == 302, response.content.decode()
