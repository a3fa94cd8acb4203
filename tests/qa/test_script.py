"""That the script of `docs/qa.md` and the tests that follow it are one."""

import re

from django.conf import settings
from django.utils.html import strip_tags

from qa.personas import PERSONAS
from qa.presets import PRESETS

SCRIPT = (settings.BASE_DIR / "docs" / "qa.md").read_text(encoding="utf-8")
TESTS = (settings.BASE_DIR / "tests" / "browser" / "test_qa.py").read_text(encoding="utf-8")


def test_each_rule_of_the_script_is_followed_by_a_test_and_each_such_test_is_in_it() -> None:
    named = re.findall(r"^\*\*[A-H]\d.*· `(test_\w+)`$", SCRIPT, re.MULTILINE)
    followed = re.findall(r"^def (test_[a-h]\d_\w+)\(", TESTS, re.MULTILINE)
    assert named
    assert named == followed, "in the same order"


def test_script_names_personas_and_instants_that_there_are() -> None:
    titles = {str(persona.title) for persona in PERSONAS.values()} | {str(preset.title) for preset in PRESETS.values()}
    pressed = set(re.findall(r"(?:Become|state of|then) \*([^*]+)\*", strip_tags(SCRIPT)))
    assert len(pressed) > 10
    assert pressed <= titles


def test_script_asks_for_no_more_steps_than_it_says() -> None:
    for section in SCRIPT.split("\n**")[1:]:
        steps = [int(number) for number in re.findall(r"^(\d+)\. ", section, re.MULTILINE)]
        assert steps == list(range(1, len(steps) + 1)), section[:60]
        assert not steps or "→" in section, f"says what has to be seen: {section[:60]}"
