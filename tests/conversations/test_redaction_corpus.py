"""The filter against a corpus made from a seed: what is planted is found, and hardly anything else is masked.

`make bench` measures the same at a larger size.
"""

import re

import pytest

from benchmarks.corpus import ordinary
from benchmarks.corpus.conversations import Corpus, Planted, Said
from benchmarks.corpus.score import masked_in, score_of
from conversations.masks import CLASSES

# Much text, and little that no other test comes by: measured, it would take twice as long.
pytestmark = pytest.mark.no_cover

SEEDS = (1, 2)


@pytest.mark.parametrize("seed", SEEDS)
def test_what_is_planted_is_found(seed: int) -> None:
    score = score_of(Corpus(seed).conversations(180, 0.6))
    for kind in CLASSES:
        assert score.planted[kind] >= 90
        missed = [missed for missed in score.missed if missed.startswith(kind)]
        assert score.recall(kind) >= 0.99, missed


@pytest.mark.parametrize("seed", SEEDS)
def test_hardly_anything_else_is_masked(seed: int) -> None:
    ordinary_conversations = list(Corpus(seed).conversations(160, 0))

    prose = [[said for said in said if said.language != "code"] for said in ordinary_conversations]
    words = sum(ordinary.words_in(said.text) for conversation in prose for said in conversation)
    false = score_of(prose).false
    assert words >= 30_000
    assert len(false) <= words / 10_000, false

    code = [[said for said in said if said.language == "code"] for said in ordinary_conversations]
    lines = sum(said.text.count("\n") for conversation in code for said in conversation)
    false = score_of(code).false
    assert lines >= 15_000
    assert len(false) <= lines / 1_000, false


def test_a_seed_makes_the_same_corpus_again_and_another_makes_another() -> None:
    once, again, other = ([*Corpus(seed).conversations(5, 0.5)] for seed in (1, 1, 2))
    assert once == again != other


def test_a_label_stands_where_its_value_does() -> None:
    for conversation in Corpus(5).conversations(20, 1.0):
        for said in conversation:
            for planted in said.planted:
                before, after = planted.context.split("¤")
                around = said.text[planted.start - len(before) : planted.end + len(after)]
                assert re.fullmatch(f"{re.escape(before)}.+{re.escape(after)}", around, re.DOTALL)


def test_a_miss_and_a_false_mask_lower_the_score() -> None:
    text = "write to bob@example.com or to nobody"
    unknown = Said(text, (Planted("EMAIL", 28, 37, "¤"),), "english")
    bad = score_of([[unknown]])
    assert (bad.recall("EMAIL"), len(bad.missed), len(bad.false)) == (0, 1, 1)
    known = Said(text, (Planted("EMAIL", 9, 24, "¤"),), "english")
    good = score_of([[known]])
    assert (good.recall("EMAIL"), good.missed, good.false) == (1, [], [])


def test_a_mask_is_traced_to_what_it_stands_for() -> None:
    assert list(masked_in("a 1 b 22 c", "a <CARD_1> b <IP_1> c")) == [("CARD", 2, 3), ("IP", 6, 8)]
