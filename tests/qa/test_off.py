"""Where QA's tools are off there is nothing of them; production refuses them."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings

PRODUCTION = {"SECRET_KEY": "0123456789-abcdefghij-0123456789-ABCDEFGHIJ-0123456789", "ALLOWED_HOSTS": "testserver"}
REFUSED = "Error: QA_TOOLS lets anyone sign in as a persona and is refused outside DEMO=on."

LOOK = """
import django, json, sys
django.setup()
from celery.signals import task_prerun
from django.conf import settings
from django.core.management import get_commands
from django.template import engines
from django.test import Client
from django.urls import get_resolver
from privacy.exemptions import EXEMPT_NAMESPACES
settings.SECURE_SSL_REDIRECT = False
settings.STORAGES["staticfiles"]["BACKEND"] = "django.contrib.staticfiles.storage.StaticFilesStorage"
engine = engines["django"].engine
page = Client().get("/accounts/login/", HTTP_HOST="testserver")
print(json.dumps({
    "apps": [name for name in settings.INSTALLED_APPS if "qa" in name],
    "middleware": [name for name in settings.MIDDLEWARE if "qa" in name],
    "tags": [name for name in [*engine.libraries.values(), *engine.builtins] if name.startswith("qa")],
    "context processors": [name for name in settings.TEMPLATES[0]["OPTIONS"]["context_processors"] if "qa" in name],
    "routes": [name for name in get_resolver().namespace_dict if name == "qa"],
    "exempt": sorted(EXEMPT_NAMESPACES - {"admin"}),
    "commands": [name for name, app in get_commands().items() if app == "qa"],
    "signals": len(task_prerun.receivers or ()),
    "forms": [name for name in settings.ACCOUNT_FORMS.values() if name.startswith("qa")],
    "mail": [name for name in [settings.EMAIL_BACKEND] if name.startswith("qa")],
    "modules": [name for name in sys.modules if name.split(".")[0] == "qa"],
    "on a page": [word for word in ("qa-bar", "qa.css") if word in page.content.decode()],
    "address": Client().get("/qa/", HTTP_HOST="testserver").status_code,
}))
"""


def started(directory: Path, *arguments: str, **environment: str) -> "subprocess.CompletedProcess[str]":
    """Run Python on the site's own settings, with nothing but an environment of ours."""
    own = {"DJANGO_SETTINGS_MODULE": "consent_site.settings", "VAR_DIR": str(directory), "PATH": os.environ["PATH"]}
    command = [sys.executable, *arguments]
    return subprocess.run(
        command, cwd=settings.BASE_DIR, env=own | environment, capture_output=True, text=True, check=False
    )


def look(directory: Path, **environment: str) -> dict[str, object]:
    migrated = started(directory, "manage.py", "migrate", "--verbosity", "0", **environment)
    assert migrated.returncode == 0, migrated.stderr
    done = started(directory, "-c", LOOK, **environment)
    assert done.returncode == 0, done.stderr
    found: dict[str, object] = json.loads(done.stdout.splitlines()[-1])
    return found


@pytest.mark.parametrize(
    "environment",
    [PRODUCTION, {"DEMO": "on"}, {"DEMO": "on", "QA_TOOLS": "off"}],
    ids=["production", "demo", "demo-off"],
)
def test_nothing_of_it_is_there_unless_it_is_switched_on(tmp_path: Path, environment: dict[str, str]) -> None:
    assert look(tmp_path, **environment) == {
        "apps": [],
        "middleware": [],
        "tags": [],
        "context processors": [],
        "routes": [],
        "exempt": [],
        "commands": [],
        "signals": 0,
        "forms": [],
        "mail": [],
        "modules": [],
        "on a page": [],
        "address": 404,
    }


def test_the_look_finds_it_where_it_is_on(tmp_path: Path) -> None:
    found = look(tmp_path, DEMO="on", QA_TOOLS="on")

    assert [name for name, what in found.items() if not what] == ["tags", "context processors"]
    assert found["exempt"] == ["qa"]
    assert found["on a page"] == ["qa-bar", "qa.css"]
    assert found["address"] == 503, "No personas are seeded there."


@pytest.mark.parametrize("demo", [{}, {"DEMO": "off"}], ids=["unset", "off"])
def test_production_does_not_start_with_it(tmp_path: Path, demo: dict[str, str]) -> None:
    for command in (["check"], ["migrate"], ["check", "--deploy"]):
        done = started(tmp_path, "manage.py", *command, **PRODUCTION, QA_TOOLS="on", **demo)
        assert done.returncode != 0
        assert done.stderr.startswith(REFUSED)
    served = started(tmp_path, "-c", "import consent_site.wsgi", **PRODUCTION, QA_TOOLS="on", **demo)
    assert served.returncode != 0
    assert REFUSED.removeprefix("Error: ") in served.stderr
    assert list(tmp_path.iterdir()) == []


def test_nothing_of_it_is_in_a_style_sheet_people_get() -> None:
    assert "qa" not in (settings.BASE_DIR / "static" / "site.css").read_text(encoding="utf-8")
