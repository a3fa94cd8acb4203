"""The filter that masks sensitive data in what is written in a conversation (rules D4 and E4).

`recognisers.py` says what is sensitive, `masks.py` what stands in its place. `VERSION` goes up whenever the same text
would come out differently, be it by a new release of Presidio, `regex` or detect-secrets.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain

from conversations.masks import CLASSES, MASK, Masks, masks_in
from conversations.narrow import narrow
from conversations.recognisers import Find, finds_in
from conversations.validity import is_odd

VERSION = "5"


@dataclass(frozen=True, slots=True)
class Redacted:
    """The texts of one conversation in their order, masked, and how often something of each class was.

    A mask is `<EMAIL_1>`: its class, and a number that stands for one value throughout the conversation. `counts` has
    only the classes that were found.
    """

    texts: tuple[str, ...]
    counts: dict[str, int]


def redact(texts: Sequence[str]) -> Redacted:
    """Return the texts of one conversation, in their order, with sensitive data masked. Raises TooSlow."""
    return masked(texts, finds_in)


def masked(texts: Sequence[str], read: Callable[[str], list[Find]]) -> Redacted:
    """Return the texts of one conversation with what `read` finds in each of them masked.

    What a mask leaves behind is read again until nothing is found, so that redacting twice changes nothing. It comes
    to an end because masks are never masked, and each round takes something from what is outside them.
    """
    masks, finds, now = Masks(masks_in(texts)), dict[str, list[Find]](), tuple(texts)
    while True:
        finds |= {text: read(text) for text in now if text not in finds}
        known = _telling(chain.from_iterable(finds.values()))
        before, now = now, tuple(masks.put(text, _settled(text, [*finds[text], *_again(text, known)])) for text in now)
        if now == before:
            return Redacted(now, dict(masks.counts))


# What a known value may look like: a word with its signs, one without those at its end, an address of either version.
_WORDS = (
    re.compile(r"[!#-&*+./0-9:=?@A-Z\\^_a-z|~-]+"),
    re.compile(r"(?<![!#-&*+./0-9:=?@A-Z\\^_a-z|~-])[!#-&*+./0-9:=?@A-Z\\^_a-z|~-]*[0-9A-Za-z]"),
    re.compile(r"(?<![0-9A-Za-z.])[0-9]{1,3}(?:\.[0-9]{1,3}){3}(?![0-9A-Za-z]|\.[0-9])"),
    re.compile(r"(?<![0-9A-Za-z:])[0-9A-Fa-f:]+[0-9A-Fa-f](?![0-9A-Za-z:])"),
)


# So few values are looked for quicker one by one than by all words of a text.
_FEW = 20


def _telling(finds: Iterable[Find]) -> dict[str, Find]:
    """Return those finds, by value, that give the value away wherever it stands, once the text has told what it is.

    The other classes are found anywhere by themselves. A short or plain password may be any word, so it is not here.
    """
    return {find.value: find for find in finds if find.kind == "IP" or (find.kind == "SECRET" and is_odd(find.value))}


def _again(text: str, known: dict[str, Find]) -> Iterator[Find]:
    """Yield where known values stand once more, as words: each word is looked up, however many values are known."""
    text = narrow(text)
    if len(known) < _FEW and not any(value in text for value in known):
        return
    for found in chain.from_iterable(word.finditer(text) for word in _WORDS):
        if find := known.get(found[0]):
            yield Find(*found.span(), find.kind, found[0], find.certainty)


def _settled(text: str, finds: list[Find]) -> list[Find]:
    """Return the finds that are masked, in order: of two that overlap the more certain, then the longer, one."""
    free, settled = bytearray(b"\x01") * len(text), list[Find]()
    for mask in MASK.finditer(text):
        free[mask.start() : mask.end()] = bytes(mask.end() - mask.start())
    for find in sorted(finds, key=_precedence):
        if all(free[find.start : find.end]):
            free[find.start : find.end] = bytes(find.end - find.start)
            settled.append(find)
    return sorted(settled, key=lambda find: find.start)


def _precedence(find: Find) -> tuple[float, int, int, int]:
    return -find.certainty, find.start - find.end, find.start, CLASSES.index(find.kind)
