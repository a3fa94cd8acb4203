"""The recognisers, one for each pattern, and Presidio, which runs them and nothing else: no model, no network."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from threading import Lock
from typing import Any

import regex
from django.utils.translation import gettext_lazy as _

from conversations import patterns, secret_patterns, validity
from conversations.hints import Hint, Pattern, small
from conversations.narrow import narrow


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
    """One pattern of one class. `holds` tells whether what was matched is one."""

    kind: str
    certainty: float
    pattern: Pattern
    holds: Callable[[str], bool]


class TooSlow(Exception):
    """A pattern was not done with a text in time, so what it would have found is not known: nothing may be kept.

    `message` says so.
    """

    message = _("The filter takes too long for one of the texts, so nothing was saved.")


def finds_in(text: str) -> list[Find]:
    """Return all finds in a text, with their values as `narrow` gives them; they may overlap. Raises TooSlow."""
    text = narrow(text)
    recognisers = recognisers_by_entity()
    entities = hinted(text)
    if not entities:
        return []
    results = analyser().analyze(text=text, language="en", entities=entities)
    proposed = ((recognisers[result.entity_type], result.start, result.end) for result in results)
    return [
        Find(start, end, recogniser.kind, text[start:end], recogniser.certainty)
        for recogniser, start, end in proposed
        if recogniser.holds(text[start:end])
    ]


def hinted(text: str) -> list[str]:
    """Return the entities whose pattern could match in a text, as `narrow` gives it."""
    return list(_hinted(_hint_tree(), small(text)))


@dataclass(frozen=True, slots=True)
class _Hinted:
    """What a hint leads to once it was given: recognisers that need no other, and further hints."""

    hint: Hint
    entities: list[str]
    further: list["_Hinted"]


def _hinted(tree: list[_Hinted], text: str) -> Iterator[str]:
    """Yield the recognisers that could match in a text in small letters. A hint is looked for once, behind others."""
    for node in tree:
        if node.hint.search(text):
            yield from node.entities
            if node.further:
                yield from _hinted(node.further, text)


def recognisers_by_entity() -> dict[str, Recogniser]:
    """Return the recognisers by the name of what each finds in Presidio, which is its own for each.

    Of one entity Presidio drops what lies in something longer, before we can tell that the longer one does not hold.
    """
    with _building:
        return _build_recognisers()


def analyser() -> Any:
    """Return Presidio's engine with these recognisers, and no others."""
    with _building:
        return _build_analyser()


class _Compiled:
    """A compiled pattern that is never passed over: of a TimeoutError Presidio makes a warning, and goes on."""

    def __init__(self, pattern: str) -> None:
        # No flags but a pattern's own: Presidio's would let `[A-Z]` match what is not ASCII.
        self._regex = regex.compile(pattern)

    def finditer(self, text: str, *, timeout: float) -> Iterator[Any]:
        """Yield the matches in a text. Raises TooSlow."""
        try:
            yield from self._regex.finditer(text, timeout=timeout)
        except TimeoutError as error:
            raise TooSlow from error


class _NoContext:
    """Context is in our patterns. Presidio's own enhancer needs lemmas, and copies every result."""

    def enhance_using_context(self, raw_results: list[Any], **rest: Any) -> list[Any]:
        """Leave the results as they are."""
        return raw_results


_building = Lock()


@cache
def _build_recognisers() -> dict[str, Recogniser]:
    keys = (Recogniser("SECRET", 0.95, pattern, validity.is_anything) for pattern in secret_patterns.key_patterns())
    return {f"{recogniser.kind}_{n}": recogniser for n, recogniser in enumerate([*_RECOGNISERS, *keys])}


@cache
def _hint_tree() -> list[_Hinted]:
    tree = list[_Hinted]()
    for entity, recogniser in recognisers_by_entity().items():
        here, entities = tree, list[str]()
        for hint in recogniser.pattern.hints:
            node = next((node for node in here if node.hint == hint), None)
            if node is None:
                here.append(node := _Hinted(hint, [], []))
            here, entities = node.further, node.entities
        entities.append(entity)
    return tree


@cache
def _build_analyser() -> Any:
    # Presidio takes 0.8–1 s and 96 MB to import (spaCy comes with it). Only who redacts something pays for that.
    presidio, engines = import_module("presidio_analyzer"), import_module("presidio_analyzer.nlp_engine")
    recognisers = []
    for entity, recogniser in _build_recognisers().items():
        pattern = presidio.Pattern(entity, recogniser.pattern.regex, 1.0)
        pattern.compiled_regex, pattern.compiled_with_flags = _Compiled(pattern.regex), 0
        recognisers.append(presidio.PatternRecognizer(entity, patterns=[pattern], global_regex_flags=0))
    engine = engines.NoOpNlpEngine([{"lang_code": "en", "model_name": ""}])
    registry = presidio.RecognizerRegistry(recognisers)
    return presidio.AnalyzerEngine(registry, engine, context_aware_enhancer=_NoContext())


def _each(kind: str, certainty: float, some: Iterable[Pattern], holds: Callable[[str], bool]) -> Iterator[Recogniser]:
    return (Recogniser(kind, certainty, pattern, holds) for pattern in some)


_RECOGNISERS = (
    *_each("SECRET", 0.95, secret_patterns.ASSIGNED, validity.is_assigned),
    *_each("SECRET", 0.95, secret_patterns.HEADERS, validity.is_assigned),
    *_each("SECRET", 0.95, secret_patterns.TOKENS, validity.is_anything),
    *_each("SECRET", 0.95, secret_patterns.PRIVATE_KEYS, validity.is_anything),
    *_each("SECRET", 0.95, secret_patterns.IN_URLS, validity.is_assigned),
    *_each("EMAIL", 0.9, patterns.EMAILS, validity.is_email),
    *_each("IBAN", 0.9, patterns.IBANS, validity.is_iban),
    *_each("CARD", 0.9, patterns.CARDS, validity.is_card),
    *_each("ID_NUMBER", 0.9, patterns.CHINESE_IDENTITIES, validity.is_chinese_identity),
    *_each("ID_NUMBER", 0.8, patterns.SOCIAL_SECURITY, validity.is_anything),
    *_each("IP", 0.8, patterns.ADDRESSES, validity.is_address),
    *_each("PHONE", 0.5, patterns.PHONES, validity.is_anything),
)
