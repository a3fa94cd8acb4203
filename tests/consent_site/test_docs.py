"""That the documents speak of what there is."""

import re
from pathlib import Path

import pytest
from django.conf import settings

ROOT = Path(settings.BASE_DIR)
DOCUMENTS = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("benchmarks/*.md")])
LINK = re.compile(r"\]\((?!https?:|mailto:|#)([^)#\s]+)")


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_links_lead_somewhere(document: Path) -> None:
    links = LINK.findall(document.read_text(encoding="utf-8"))
    assert [link for link in links if not (document.parent / link).exists()] == []


def test_operations_name_every_environment_variable() -> None:
    source = (ROOT / "consent_site/settings.py").read_text(encoding="utf-8")
    variables = set(re.findall(r'env(?:\.\w+)?\(\s*"(\w+)"', source))
    operations = (ROOT / "docs/operations.md").read_text(encoding="utf-8")
    assert variables
    assert sorted(name for name in variables if not is_named(name, operations)) == []


def is_named(variable: str, text: str) -> bool:
    """Say whether a variable stands there in full, or as `_END` beside one that begins like it."""
    start, _, end = variable.partition("_")
    return f"`{variable}`" in text or (f"`{start}_" in text and f"`_{end}`" in text)


def test_make_has_every_target_the_documents_name() -> None:
    targets = set(re.findall(r"^([a-z0-9-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    text = "\n".join(document.read_text(encoding="utf-8") for document in DOCUMENTS)
    named = set(re.findall(r"(?:`|^)(?:\w+=\S+ )*make ([a-z0-9-]+)", text, re.MULTILINE))
    assert named
    assert named - targets == set()


def test_rules_name_tests_that_exist() -> None:
    text = (ROOT / "docs/rules.md").read_text(encoding="utf-8")
    named = re.findall(r"`([a-z_]+/test_\w+\.py)(?:::(test_\w+))?`", text)
    assert named
    missing = []
    for path, name in named:
        file = ROOT / "tests" / path
        if not file.exists() or (name and f"def {name}(" not in file.read_text(encoding="utf-8")):
            missing.append(f"{path}::{name}")
    assert missing == []
