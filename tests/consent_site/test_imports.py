import ast
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings

ROOT = Path(settings.BASE_DIR)
# Each app may import those before it. `qa` may import them all, and nothing imports `qa`.
ORDER = ("accounts", "privacy", "conversations", "training", "qa")
# `consent_site` wires the apps together and names them where that happens.
WIRING = {"consent_site/settings.py", "consent_site/urls.py"}
# What else it may take from them, and where: the pages for errors come in the shape that was asked for, and the
# health check looks at the journal.
WIRING_EXCEPTIONS = {
    ("consent_site/views.py", what) for what in ("accounts.journal", "accounts.negotiation", "privacy.drafts")
}

SOURCES = sorted(path.relative_to(ROOT) for name in (*ORDER, "consent_site") for path in (ROOT / name).rglob("*.py"))


def imported_modules(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)
    elif isinstance(node, ast.ImportFrom):
        assert node.level == 0, "imports are absolute, so that they can be read without counting dots"
        yield from (f"{node.module}.{alias.name}" for alias in node.names)


def is_allowed(source: str, module: str) -> bool:
    importer, imported = source.split("/", maxsplit=1)[0], module.split(".", maxsplit=1)[0]
    if imported == importer or imported not in (*ORDER, "consent_site"):
        return True
    if imported == "consent_site":
        return False
    if importer == "consent_site":
        return source in WIRING or any(source == where and module.startswith(what) for where, what in WIRING_EXCEPTIONS)
    return ORDER.index(imported) < ORDER.index(importer)


def imports_in_functions(tree: ast.AST) -> Iterator[str]:
    for function in ast.walk(tree):
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
            inner = (module for node in ast.walk(function) for module in imported_modules(node))
            yield from (f"{function.name}: {module}" for module in inner)


@pytest.mark.parametrize("path", SOURCES, ids=str)
def test_imports_run_one_way(path: Path) -> None:
    tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
    imported = {module for node in ast.walk(tree) for module in imported_modules(node)}
    assert [module for module in sorted(imported) if not is_allowed(path.as_posix(), module)] == []


@pytest.mark.parametrize("path", SOURCES, ids=str)
def test_imports_are_at_the_top_but_for_ready(path: Path) -> None:
    tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
    found = list(imports_in_functions(tree))
    if path.name == "apps.py":
        found = [where for where in found if not where.startswith("ready: ")]
    assert found == []


@pytest.mark.parametrize(
    ("source", "module", "allowed"),
    [
        ("conversations/views.py", "privacy.models.Training", True),
        ("privacy/models.py", "conversations.models", False),
        ("accounts/models.py", "privacy", False),
        ("training/tasks.py", "conversations.models", True),
        ("conversations/apps.py", "training.registry", False),
        ("qa/views.py", "training.models", True),
        ("training/views.py", "qa.personas", False),
        ("accounts/views.py", "consent_site.settings", False),
        ("consent_site/urls.py", "accounts.views", True),
        ("consent_site/views.py", "privacy.models", False),
        ("accounts/views.py", "django.conf.settings", True),
    ],
)
def test_direction_is_judged_right(source: str, module: str, allowed: bool) -> None:
    assert is_allowed(source, module) is allowed
