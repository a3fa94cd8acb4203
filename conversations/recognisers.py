"""The recognisers, one for each pattern, and Presidio, which runs them and nothing else: no model, no network."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from threading import Lock
from typing import Any

from conversations import patterns, secret_patterns, validity


@dataclass(frozen=True, slots=True)
class Find:
    """Something sensitive in a text: where it stands, of which class it is, and how certain that is (0 to 1)."""

    start: int
    end: int
    kind: str
    value: str
    certainty: float


@dataclass(frozen=True, slots=True)
class Recogniser:
    """One pattern of one class.

    `hint` is what any text it matches in must hold, said in a way that is quick to look for; `holds` tells whether
    what was matched is one.
    """

    kind: str
    certainty: float
    hint: re.Pattern[str]
    regex: str
    holds: Callable[[str], bool]


def finds_in(text: str) -> list[Find]:
    """Return all finds in a text; they may overlap."""
    recognisers = recognisers_by_entity()
    hints = {hint for hint in {recogniser.hint for recogniser in recognisers.values()} if hint.search(text)}
    entities = [entity for entity, recogniser in recognisers.items() if recogniser.hint in hints]
    if not entities:
        return []
    results = analyser().analyze(text=text, language="en", entities=entities)
    proposed = ((recognisers[result.entity_type], result.start, result.end) for result in results)
    return [
        Find(start, end, recogniser.kind, text[start:end], recogniser.certainty)
        for recogniser, start, end in proposed
        if recogniser.holds(text[start:end])
    ]


def recognisers_by_entity() -> dict[str, Recogniser]:
    """Return the recognisers by the name of what each finds in Presidio, which is its own for each.

    Of one entity Presidio drops what lies in something longer, before we can tell that the longer one does not hold.
    """
    with _building:
        return _build_recognisers()


def analyser() -> Any:
    """Return Presidio's engine with these recognisers, and no others."""
    regexes = tuple((entity, recogniser.regex) for entity, recogniser in recognisers_by_entity().items())
    with _building:
        return _build_analyser(regexes)


class _NoContext:
    """Context is in our patterns. Presidio's own enhancer needs lemmas, and copies every result."""

    def enhance_using_context(self, raw_results: list[Any], **rest: Any) -> list[Any]:
        """Leave the results as they are."""
        return raw_results


_building = Lock()


@cache
def _build_recognisers() -> dict[str, Recogniser]:
    keys = (
        Recogniser("SECRET", 0.95, _LONG_WORD, regex, validity.is_anything) for regex in secret_patterns.key_patterns()
    )
    return {f"{recogniser.kind}_{n}": recogniser for n, recogniser in enumerate([*_RECOGNISERS, *keys])}


@cache
def _build_analyser(regexes: tuple[tuple[str, str], ...]) -> Any:
    # Presidio takes 0.8–1 s and 96 MB to import (spaCy comes with it). Only who redacts something pays for that.
    presidio, engines = import_module("presidio_analyzer"), import_module("presidio_analyzer.nlp_engine")
    recognisers = [
        # No flags but a pattern's own: Presidio's would let `[A-Z]` match what is not ASCII.
        presidio.PatternRecognizer(entity, patterns=[presidio.Pattern(entity, regex, 1.0)], global_regex_flags=0)
        for entity, regex in regexes
    ]
    engine = engines.NoOpNlpEngine([{"lang_code": "en", "model_name": ""}])
    registry = presidio.RecognizerRegistry(recognisers)
    return presidio.AnalyzerEngine(registry, engine, context_aware_enhancer=_NoContext())


_LONG_WORD = re.compile(r"[0-9A-Za-z_.:/+=-]{16}|xox")
_HINTS = {
    "EMAIL": re.compile("@"),
    "PHONE": re.compile(r"[0-9](?:[^0-9]{0,3}[0-9]){6}"),
    "CARD": re.compile(r"[0-9](?:[ -]?[0-9]){12}"),
    "ID_NUMBER": re.compile(r"[0-9](?:[ .-]?[0-9]){8}"),
    "IBAN": re.compile(r"[A-Za-z]{2}[0-9]{2}[ -]?[0-9A-Za-z]"),
    "IP": re.compile(r"[0-9]\.[0-9]{1,3}\.[0-9]|[0-9A-Fa-f]:[0-9A-Fa-f:]"),
}
_NAMED = re.compile(r"(?i:pass|pwd|contra|secret|key|token|credential|auth|bearer)|密|口令|私钥|令牌|凭证")


def _each(kind: str, certainty: float, regexes: Iterable[str], holds: Callable[[str], bool]) -> list[Recogniser]:
    return [Recogniser(kind, certainty, _HINTS[kind], regex, holds) for regex in regexes]


_RECOGNISERS = (
    *(
        Recogniser("SECRET", 0.95, _NAMED, regex, validity.is_assigned)
        for regex in (*secret_patterns.ASSIGNED, *secret_patterns.HEADERS)
    ),
    *(
        Recogniser("SECRET", 0.95, _LONG_WORD, regex, validity.is_anything)
        for regex in (*secret_patterns.TOKENS, *secret_patterns.PRIVATE_KEYS)
    ),
    Recogniser("SECRET", 0.95, re.compile("://"), secret_patterns.IN_URL, validity.is_assigned),
    *_each("EMAIL", 0.9, patterns.EMAILS, validity.is_email),
    *_each("IBAN", 0.9, [patterns.IBAN], validity.is_iban),
    *_each("CARD", 0.9, patterns.CARDS, validity.is_card),
    *_each("ID_NUMBER", 0.9, [patterns.CHINESE_IDENTITY], validity.is_chinese_identity),
    *_each("ID_NUMBER", 0.8, patterns.SOCIAL_SECURITY, validity.is_anything),
    *_each("IP", 0.8, patterns.ADDRESSES, validity.is_address),
    *_each("PHONE", 0.5, patterns.PHONES, validity.is_anything),
)
