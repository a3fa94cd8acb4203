"""Measures the filter on corpora made from seeds, and prints JSON: what it finds, what it masks in vain, its speed.

Started by `python -m benchmarks` once; it needs no database. The peer is Presidio as its documentation calls it, with
the same recognisers: a spaCy pipeline without a model, its own enhancer, every recogniser on every message.
"""

import json
import os
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from statistics import median
from time import perf_counter
from typing import Any

import spacy
from presidio_analyzer import AnalyzerEngine, Pattern, PatternRecognizer, RecognizerRegistry
from presidio_analyzer.nlp_engine import SpacyNlpEngine

from benchmarks.corpus import ordinary
from benchmarks.corpus.conversations import Corpus
from benchmarks.corpus.score import score_of
from benchmarks.interval import ratio_of
from conversations import redaction
from conversations.masks import CLASSES
from conversations.narrow import narrow
from conversations.recognisers import Find, finds_in, recognisers_by_entity

SEEDS = (2025, 8128)
SHARES = (0.02, 0.08, 0.20, 0.50)
PLANTED = {"small": 150, "full": 3_000}
ORDINARY = {"small": 100, "full": 3_000}
TIMED = {"small": 20, "full": 200}
ROUNDS = {"small": 3, "full": 7}
RECALL, SPEED = 0.99, 5.0
PER_WORDS, PER_LINES = 10_000, 1_000


class Blank(SpacyNlpEngine):
    """The stock engine, with the tokenizer alone: the same for all languages, and nothing to download."""

    def load(self) -> None:
        """Load nothing."""
        self.nlp = {"en": spacy.blank("en")}  # type: ignore[assignment]


def main() -> None:
    """Measure, and print the rows of the table."""
    json.dump(list(measured(os.environ.get("SCALE", "small"))), sys.stdout)


def measured(scale: str) -> Iterator[dict[str, Any]]:
    """Yield the rows of the table."""
    for seed in SEEDS:
        yield from found(seed, PLANTED[scale])
        yield from masked_in_vain(seed, ORDINARY[scale])
    naive = naive_engine()
    for share in SHARES:
        yield faster(naive, share, TIMED[scale], ROUNDS[scale])


def found(seed: int, count: int) -> Iterator[dict[str, Any]]:
    """Yield, for each class, how much of what was planted is found."""
    score = score_of(Corpus(seed).conversations(count, 0.6))
    for kind in CLASSES:
        recall = score.recall(kind)
        yield {
            "what": f"{kind} found, seed {seed}",
            "ours": f"{score.found[kind]:,}",
            "floor": f"planted: {score.planted[kind]:,}",
            "ratio": exactly(recall),
            "target": RECALL,
            "at_least": True,
        }


def masked_in_vain(seed: int, count: int) -> Iterator[dict[str, Any]]:
    """Yield how much of ordinary prose and code is masked, among traps. Each mask counts, right or not."""
    conversations = list(Corpus(seed).conversations(count, 0))
    prose = [[said for said in each if said.language != "code"] for each in conversations]
    code = [[said for said in each if said.language == "code"] for each in conversations]
    words = sum(ordinary.words_in(said.text) for each in prose for said in each)
    lines = sum(said.text.count("\n") for each in code for said in each)
    for what, size, bound, texts in (("words", words, PER_WORDS, prose), ("lines of code", lines, PER_LINES, code)):
        false = len(score_of(texts).false)
        yield {
            "what": f"masks in ordinary {what}, seed {seed}",
            "ours": f"{false:,}",
            "floor": f"one in {bound:,} of {size:,}",
            "ratio": exactly(false * bound / size),
            "target": 1.0,
        }


def faster(naive: AnalyzerEngine, share: float, count: int, rounds: int) -> dict[str, Any]:
    """Return how many times as fast as Presidio alone the filter is. Both must come to the same masks."""
    texts = [[said.text for said in each] for each in Corpus(SEEDS[0]).conversations(count, share)]
    size = sum(len(text.encode()) for each in texts for text in each) / 1e6
    times: dict[str, list[float]] = {"ours": [], "naive": []}
    for _ in range(rounds):
        start = perf_counter()
        ours = [redaction.redact(each).texts for each in texts]
        times["ours"].append(perf_counter() - start)
        start = perf_counter()
        proposed = [[naive.analyze(text=narrow(text), language="en") for text in each] for each in texts]
        times["naive"].append(perf_counter() - start)
    assert ours == [masked_from(each, results) for each, results in zip(texts, proposed, strict=True)]
    return {
        "what": f"filtering, {share:.0%} of messages sensitive",
        "ours": f"{size / median(times['ours']):.2f} MB/s",
        "floor": f"Presidio alone: {size / median(times['naive']):.2f} MB/s",
        "ratio": asdict(ratio_of(times["naive"], times["ours"])),
        # The others are shown beside it.
        "target": SPEED if share == SHARES[1] else None,
        "at_least": True,
    }


def naive_engine() -> AnalyzerEngine:
    """Return Presidio with our recognisers, and everything else as it comes."""
    recognisers = [
        PatternRecognizer(entity, patterns=[Pattern(entity, each.pattern.regex, 1.0)], global_regex_flags=0)
        for entity, each in recognisers_by_entity().items()
    ]
    return AnalyzerEngine(RecognizerRegistry(recognisers), Blank([{"lang_code": "en", "model_name": "blank"}]))


def masked_from(texts: Sequence[str], proposed: Sequence[Sequence[Any]]) -> tuple[str, ...]:
    """Return a conversation masked by what Presidio proposed: what it said of each message, put in our masks.

    Masked texts are read again by the filter, as ever, since Presidio alone reads a text once. It is not timed.
    """
    recognisers = recognisers_by_entity()
    known = {
        text: [
            Find(each.start, each.end, recogniser.kind, value, recogniser.certainty)
            for each in results
            if (recogniser := recognisers[each.entity_type]).holds(value := narrow(text)[each.start : each.end])
        ]
        for text, results in zip(texts, proposed, strict=True)
    }
    return redaction.masked(texts, lambda text: known[text] if text in known else finds_in(text)).texts


def exactly(value: float) -> dict[str, float]:
    """Return a ratio that was counted, not timed."""
    return {"value": value, "low": value, "high": value}


if __name__ == "__main__":
    main()
