"""A hint may let a text pass in vain. That it never keeps back what its pattern matches is held here."""

import re
import sys
from collections.abc import Iterator
from importlib import import_module
from string import ascii_letters

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.corpus.conversations import LANGUAGES, Corpus
from conversations import recognisers
from conversations.hints import small
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
    return entity not in recognisers.hinted(text) and READ[entity].search(text) is not None


def hidden_in(text: str) -> list[str]:
    return [entity for entity in RECOGNISERS if hides(entity, text)]


@pytest.mark.parametrize("entity", RECOGNISERS)
def test_a_hint_never_hides_what_its_pattern_matches(entity: str) -> None:
    @settings(deadline=None, max_examples=40)
    @given(texts_like(RECOGNISERS[entity]))
    def holds(text: str) -> None:
        assert not hides(entity, text)

    holds()


CORPUS = Corpus(11)
# What small letters make longer or turn into an ASCII letter, and what may group a number.
CHANGES = ("", *' -.\n09aZſ\N{KELVIN SIGN}İıßﬁ:"()/为：')
VALUES = [CORPUS.planted(language).text for language in LANGUAGES for _ in range(300)]


@settings(deadline=None, max_examples=300)
@given(st.sampled_from(VALUES), st.data())
def test_a_hint_never_hides_what_is_found_in_the_corpus_however_it_is_changed(text: str, data: st.DataObject) -> None:
    for _ in range(data.draw(st.integers(0, 4))):
        at = data.draw(st.integers(0, len(text)))
        text = text[:at] + data.draw(st.sampled_from(CHANGES)) + text[at + data.draw(st.integers(0, 1)) :]
    assert hidden_in(text) == []


@pytest.mark.parametrize(
    "text",
    [
        "cell: ((0571) 2827 5586",
        "mobİle: 5552671",
        "Socİal Security Number: 492 88 5285",
        "Authorİzation: Bearer abcdefabcdefabcdefa1",
    ],
)
def test_a_hint_reads_each_way_its_pattern_does(text: str) -> None:
    assert any(each.search(text) for each in READ.values())
    assert hidden_in(text) == []


def test_a_letter_that_a_pattern_takes_for_an_ascii_one_is_that_one_when_small() -> None:
    everything = "".join(map(chr, range(sys.maxunicode + 1)))
    for letter in ascii_letters:
        alike = import_module("regex").findall(f"(?i){letter}", everything)
        assert {small(each) for each in alike} == {letter.lower()}


def test_a_hint_that_hides_something_would_be_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recognisers, "_hint_tree", list)
    assert hidden_in("write to bob@example.com")
