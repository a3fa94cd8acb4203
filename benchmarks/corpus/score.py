"""What a filter found of what was planted, and what it masked besides."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from benchmarks.corpus.conversations import Said
from conversations.masks import MASK
from conversations.redaction import redact


@dataclass(slots=True)
class Score:
    """Counts by class; `missed` and `false` say where, for whoever mends the filter."""

    planted: Counter[str] = field(default_factory=Counter)
    found: Counter[str] = field(default_factory=Counter)
    missed: list[str] = field(default_factory=list)
    false: list[str] = field(default_factory=list)

    def recall(self, kind: str) -> float:
        """Return which share of a class was found."""
        return self.found[kind] / self.planted[kind]


def score_of(conversations: Iterable[list[Said]]) -> Score:
    """Return how the filter does on some conversations.

    A value is found if a mask of its class stands for all of it. A mask that stands for anything else as well, or for
    nothing planted, is false.
    """
    score = Score()
    for conversation in conversations:
        redacted = redact([said.text for said in conversation])
        for said, text in zip(conversation, redacted.texts, strict=True):
            _add(score, said, list(masked_in(said.text, text)))
    return score


def _add(score: Score, said: Said, masked: list[tuple[str, int, int]]) -> None:
    for each in said.planted:
        score.planted[each.kind] += 1
        if any(kind == each.kind and start <= each.start and each.end <= end for kind, start, end in masked):
            score.found[each.kind] += 1
        else:
            score.missed.append(f"{each.kind} {said.text[each.start : each.end]!r} in {each.context!r}")
    for kind, start, end in masked:
        if not any(each.start <= start and end <= each.end for each in said.planted):
            score.false.append(f"{kind} {said.text[start:end]!r} in {said.text[max(0, start - 60) : end + 20]!r}")


def masked_in(before: str, after: str) -> Iterator[tuple[str, int, int]]:
    """Yield what each mask stands for: its class, and from where to where that was in the text before."""
    kept, masks = MASK.split(after), MASK.findall(after)
    aligned = re.fullmatch("(.+?)".join(map(re.escape, kept)), before, re.DOTALL)
    assert aligned, "the filter changed what it did not mask"
    for number, mask in enumerate(masks, start=1):
        yield mask[1:].rpartition("_")[0], *aligned.span(number)
