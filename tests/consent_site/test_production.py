"""How the site refuses to start, and that it has nothing to warn of when it is set up right."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings

PRODUCTION = {
    "SECRET_KEY": "0123456789-abcdefghij-0123456789-ABCDEFGHIJ-0123456789",
    "ALLOWED_HOSTS": "example.com",
    "TRUSTED_PROXY_COUNT": "1",
}


def manage(*arguments: str, tmp_path: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    own = {"DJANGO_SETTINGS_MODULE": "consent_site.settings", "VAR_DIR": str(tmp_path), **environment}
    inherited = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    return subprocess.run(
        [sys.executable, "manage.py", *arguments],
        check=False,
        cwd=settings.BASE_DIR,
        env=inherited | own,
        capture_output=True,
        text=True,
    )


def test_deployment_check_has_nothing_to_say(tmp_path: Path) -> None:
    done = manage("check", "--deploy", "--fail-level", "WARNING", tmp_path=tmp_path, **PRODUCTION)
    assert (done.returncode, done.stdout, done.stderr) == (
        0,
        "System check identified no issues (0 silenced).\n",
        "",
    )


@pytest.mark.parametrize(
    ("environment", "message"),
    [
        ({}, "SECRET_KEY is not set."),
        ({**PRODUCTION, "NOW": "2025-09-10T09:00Z"}, "NOW moves the product's clock and is refused outside DEMO=on."),
        ({"DEMO": "on", "NOW": "yesterday"}, "NOW='yesterday' is no ISO 8601 instant, such as 2025-09-10T09:00Z."),
        ({"DEMO": "on", "NOW": "2025-09-10T09:00"}, "NOW='2025-09-10T09:00' names no time zone"),
    ],
    ids=["no secret", "clock in production", "no instant", "no time zone"],
)
def test_wrong_environment_is_told_in_one_line(tmp_path: Path, environment: dict[str, str], message: str) -> None:
    done = manage("migrate", tmp_path=tmp_path, **environment)
    assert done.returncode == 1
    assert done.stderr.startswith(f"Error: {message}")
    assert done.stderr.count("\n") == 1
