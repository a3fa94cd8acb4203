"""A hint may let a text pass in vain. That it never keeps back what its pattern matches is held here."""

import re
from collections.abc import Iterator
from importlib import import_module

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.corpus.conversations import LANGUAGES, Corpus
from conversations import recognisers
from conversations.recognisers import Recogniser

RECOGNISERS = recognisers.recognisers_by_entity()
# Presidio reads patterns with this; `re` knows less.
READ = {entity: import_module("regex").compile(each.pattern.regex) for entity, each in RECOGNISERS.items()}


def without_conditions(regex: str) -> str:
    """Return a pattern without what it looks for around and ahead, so that `re` can read it and texts can be drawn."""
    return re.sub(r"(?<=[}*+?])\+", "", "".join(outside_conditions(regex)).replace(r"\K", ""))


def outside_conditions(regex: str) -> Iterator[str]:
    depths, tokens = list[bool](), re.finditer(r"\\.|\[(?:\\.|[^\]\\])*\]|\((?:\?(?:<?[=!]))?|\)|.", regex, re.DOTALL)
    for token in tokens:
        if token[0].startswith("("):
            depths.append(len(token[0]) > 1)
        skipped = any(depths)
        if token[0] == ")":
            depths.pop()
        if not skipped:
            yield token[0]


def texts_like(recogniser: Recogniser) -> st.SearchStrategy[str]:
    """Draw what a pattern may match, in small letters, capitals or as it says, within what may be around it."""
    regex = re.compile(without_conditions(recogniser.pattern.regex))
    around = st.sampled_from(
        ["", " ", "\n", "x", "0", ".", "我", '"', ";", "server ", "call ", "SSN: ", "电话", "@", "/"]
    )
    cases = st.sampled_from([str, str.lower, str.upper, str.swapcase])
    return st.builds(
        lambda before, drawn, case, after: before + case(drawn) + after,
        around,
        st.from_regex(regex, fullmatch=True),
        cases,
        around,
    )


def hides(entity: str, text: str) -> bool:
    hinted = entity in recognisers._hinted(recognisers._hint_tree(), text.casefold())
    return not hinted and READ[entity].search(text) is not None


@pytest.mark.parametrize("entity", RECOGNISERS)
def test_a_hint_never_hides_what_its_pattern_matches(entity: str) -> None:
    @settings(deadline=None, max_examples=40)
    @given(texts_like(RECOGNISERS[entity]))
    def holds(text: str) -> None:
        assert not hides(entity, text)

    holds()


CORPUS = Corpus(11)
# What `str.casefold` makes longer or turns into a small ASCII letter, and what may group a number.
CHANGES = ("", " ", "-", ".", "\n", "0", "9", "a", "Z", "ſ", "K", "İ", "ß", "ﬁ", ":", '"', "(", ")", "/", "为", "：")
VALUES = [CORPUS.planted(language).text for language in LANGUAGES for _ in range(300)]


@settings(deadline=None, max_examples=300)
@given(st.sampled_from(VALUES), st.data())
def test_a_hint_never_hides_what_is_found_in_the_corpus_however_it_is_changed(text: str, data: st.DataObject) -> None:
    for _ in range(data.draw(st.integers(0, 4))):
        at = data.draw(st.integers(0, len(text)))
        text = text[:at] + data.draw(st.sampled_from(CHANGES)) + text[at + data.draw(st.integers(0, 1)) :]
    assert [entity for entity in RECOGNISERS if hides(entity, text)] == []


def test_a_hint_that_hides_something_would_be_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recognisers, "_hint_tree", list)
    assert any(hides(entity, "write to bob@example.com") for entity in RECOGNISERS)
