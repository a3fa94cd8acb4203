"""Conversations made from a seed, in which each sensitive value is labelled with its class and where it stands."""

import string
from collections.abc import Iterator
from dataclasses import dataclass
from random import Random

from benchmarks.corpus import ordinary, traps
from benchmarks.corpus.contexts import PLANTS, Plant
from benchmarks.corpus.values import Values

LANGUAGES = ("english", "chinese", "code")


@dataclass(frozen=True, slots=True)
class Planted:
    """A value in a message: what it is, where it stands, and as which template has it."""

    kind: str
    start: int
    end: int
    context: str


@dataclass(frozen=True, slots=True)
class Said:
    """One message, and what is sensitive in it."""

    text: str
    planted: tuple[Planted, ...]
    language: str


class Corpus:
    """Draws conversations. The same seed draws the same ones, where the same is installed."""

    def __init__(self, seed: int) -> None:
        self.draw = Random(seed)  # noqa: S311 - nothing here is a secret
        self.values, self.traps = Values(self.draw), traps.Traps(self.draw)

    def conversations(self, count: int, share: float) -> Iterator[list[Said]]:
        """Yield conversations of which such a share of the messages holds something sensitive."""
        for _ in range(count):
            yield [self.message(sensitive=self.draw.random() < share) for _ in range(self.draw.randint(2, 12))]

    def message(self, *, sensitive: bool) -> Said:
        """Return one message, of prose or of code, with one to three planted values or none."""
        language = self.draw.choice(LANGUAGES)
        pieces = [Said(text, (), language) for text in self.ordinary(language)]
        for _ in range(self.draw.randint(1, 3) if sensitive else 0):
            pieces.insert(self.draw.randint(0, len(pieces)), self.planted(language))
        return joined(pieces, language)

    def ordinary(self, language: str) -> Iterator[str]:
        """Yield a few paragraphs, and among them what only looks sensitive."""
        templates = {"english": traps.ENGLISH, "chinese": traps.CHINESE, "code": traps.CODE}[language]
        for _ in range(self.draw.randint(1, 4)):
            yield getattr(ordinary, language)(self.draw)
            if self.draw.random() < TRAPPED:
                yield self.traps.drawn(templates)

    def planted(self, language: str) -> Said:
        """Return a value of some class in one of its places."""
        plant = self.draw.choice([plant for plant in PLANTS if getattr(plant, language)])
        return self.put(plant, self.draw.choice(getattr(plant, language)), language)

    def put(self, plant: Plant, context: str, language: str) -> Said:
        """Return a value of one plant in one place."""
        value, (before, after) = plant.make(self.values), context.split("¤")
        if plant.kind in NUMBERED and self.draw.random() < WIDE:
            value = value.translate(FULL_WIDTH if language == "chinese" else UNBREAKABLE)
        here = Planted(plant.kind, len(before), len(before) + len(value), context)
        return Said(before + value + after, (here,), language)


TRAPPED = 0.5
# How many values come as a Chinese keyboard may write them, or as they are copied from a page.
WIDE = 0.05
NUMBERED = ("PHONE", "CARD", "IBAN", "ID_NUMBER", "EMAIL")
FULL_WIDTH = {ord(sign): ord(sign) + 0xFEE0 for sign in string.ascii_letters + string.digits + "@.+-_()"} | {32: 0x3000}
UNBREAKABLE = {ord(" "): 0xA0, ord("-"): 0x2011}


def joined(pieces: list[Said], language: str) -> Said:
    """Return one message of some pieces, each on lines of its own."""
    text, planted = "", list[Planted]()
    for piece in pieces:
        at = len(text)
        planted += (Planted(each.kind, at + each.start, at + each.end, each.context) for each in piece.planted)
        text += piece.text + "\n"
    return Said(text, tuple(planted), language)
