"""The one style sheet that is served: in step with its sources, small, and without what the site forbids."""

import runpy
from pathlib import Path

import brotli
import pytest
from django.conf import settings

STATIC = settings.BASE_DIR / "static"
STYLES = STATIC.parent / "styles"
BUDGETS = {"site.css": 6 * 1024, "site.js": 1024}


def test_site_css_is_in_step_with_its_sources() -> None:
    joined = runpy.run_path(str(STYLES / "join.py"))["joined"]()
    assert (STATIC / "site.css").read_text(encoding="utf-8") == joined, "run `python styles/join.py`"


@pytest.mark.parametrize("name", BUDGETS)
def test_own_files_stay_within_their_budget(name: str) -> None:
    assert len(brotli.compress((STATIC / name).read_bytes())) <= BUDGETS[name]


@pytest.mark.parametrize("path", sorted(STYLES.rglob("*.css")), ids=lambda path: path.name)
def test_each_source_says_how_it_is_used_and_names_its_layer(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert text.startswith("/* "), "the file begins with its usage note"
    assert "@layer" in text
    assert "url(" not in text, "the style sheet loads nothing"


@pytest.mark.parametrize("path", sorted(STYLES.rglob("*.css")), ids=lambda path: path.name)
def test_colours_are_named_in_one_place(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    if path.name != "tokens.css":
        assert "light-dark(" not in text
        assert " #" not in text.partition("*/")[2]
