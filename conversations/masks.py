"""Masks: what stands in the place of a value, the same throughout a conversation."""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import count

from conversations.recognisers import Find
from conversations.validity import digits

CLASSES = ("SECRET", "IBAN", "ID_NUMBER", "CARD", "EMAIL", "IP", "PHONE")

MASK = re.compile(rf"<(?:{'|'.join(CLASSES)})_[1-9][0-9]*>")
# A country's prefix before a full national number of mainland China or North America.
_PREFIX = re.compile(r"0*(?:86(?=1[3-9][0-9]{9}$)|1(?=[2-9][0-9]{9}$))")


@dataclass(slots=True)
class Masks:
    """The masks of one conversation: which stands for which value, and how often each class was masked.

    `taken` are masks that were there before, as someone wrote them or an earlier filter left them.
    """

    taken: frozenset[str]
    by_value: dict[tuple[str, str], str] = field(default_factory=dict)
    numbers: defaultdict[str, Iterator[int]] = field(default_factory=lambda: defaultdict(lambda: count(1)))
    counts: Counter[str] = field(default_factory=Counter)

    def put(self, text: str, finds: Iterable[Find]) -> str:
        """Return a text with its finds masked. They are in their order in the text and do not overlap."""
        parts, at = list[str](), 0
        for find in finds:
            parts += [text[at : find.start], self.mask(find)]
            at = find.end
        return "".join([*parts, text[at:]])

    def mask(self, find: Find) -> str:
        """Return the mask of a value, the same each time, and count it."""
        self.counts[find.kind] += 1
        key = (find.kind, _canonical(find))
        if key not in self.by_value:
            self.by_value[key] = self.next_mask(find.kind)
        return self.by_value[key]

    def next_mask(self, kind: str) -> str:
        """Return a mask that stands for nothing yet."""
        return next(mask for number in self.numbers[kind] if (mask := f"<{kind}_{number}>") not in self.taken)


def masks_in(texts: Iterable[str]) -> frozenset[str]:
    """Return the masks that stand in texts already."""
    return frozenset(mask for text in texts for mask in MASK.findall(text))


def _canonical(find: Find) -> str:
    """Return what is the same in two spellings of one value."""
    match find.kind:
        case "SECRET":
            return find.value
        case "EMAIL" | "IP":
            return re.sub("[。｡]", ".", find.value.casefold())
        case "PHONE":
            return _PREFIX.sub("", digits(find.value))
    return re.sub(r"[^0-9A-Z]", "", find.value.upper())
