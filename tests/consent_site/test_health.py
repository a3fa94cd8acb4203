"""What a load balancer asks."""

import json
import os
import subprocess
import sys
from http import HTTPStatus
from pathlib import Path

import pytest
from django.conf import settings
from django.test import Client

from accounts.models import User
from privacy.models import PolicyUpdate
from tests.conftest import MoveClock
from tests.factories import AFTERWARDS

ASK = """
import json, sys
import django
django.setup()
from django.test import Client
response = Client().get("/health/")
json.dump([response.status_code, response.json()], sys.stdout)
"""


def test_health_says_that_the_database_answers(client: Client, db: None) -> None:
    response = client.get("/health/")

    assert response.status_code == HTTPStatus.OK
    assert response.json() == {"status": "ok", "database": True, "journal": True}
    assert "no-store" in response["Cache-Control"]


def test_health_says_that_the_database_does_not_answer(tmp_path: Path) -> None:
    environment = os.environ | {"DATABASE_URL": f"sqlite:///{tmp_path}/nowhere/db.sqlite3"}

    done = subprocess.run(
        [sys.executable, "-c", ASK], cwd=settings.BASE_DIR, env=environment, stdout=subprocess.PIPE, check=True
    )

    assert json.loads(done.stdout) == [503, {"status": "unavailable", "database": False}]


def test_health_is_not_gated(client: Client, update: PolicyUpdate, alice: User, moved_to: MoveClock) -> None:
    moved_to(AFTERWARDS)
    client.force_login(alice)

    assert client.get("/health/").status_code == HTTPStatus.OK
    assert client.head("/health/").status_code == HTTPStatus.OK


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
def test_health_is_only_read(client: Client, db: None, method: str) -> None:
    assert client.generic(method, "/health/").status_code == HTTPStatus.METHOD_NOT_ALLOWED
