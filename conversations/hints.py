"""Patterns, and their hints: what any text must hold for a pattern to match in it, in a way that is quick to look for.

Most texts hold nothing sensitive; hints are what reading them costs. They look at the text in small letters, as
`small` gives it. A letter beside what is looked for may have become another, or several (`ß` is `ss`): so a hint
says nothing of the letters around it, nor how many there are of any letters but ASCII ones. It may let a text pass in
vain; it must never keep back one in which its pattern matches.
"""

import re
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class OneOf:
    """One of these words stands somewhere, also within another."""

    words: tuple[str, ...]

    def search(self, text: str) -> bool:
        """Tell whether it does."""
        for word in self.words:  # noqa: SIM110 - `any` takes twice as long, and most of the time goes here
            if word in text:
                return True
        return False


Hint = re.Pattern[str] | OneOf


def small(text: str) -> str:
    """Return a text in small letters: each character that `regex` takes for an ASCII letter is that letter."""
    # Of the four there are, `casefold` knows `ſ` and the Kelvin sign; the two letters of Turkish are `regex`'s own.
    if not text.isascii():
        text = text.replace("İ", "i").replace("ı", "i")
    return text.casefold()


@dataclass(frozen=True, slots=True)
class Pattern:
    """How something may be written, and hints of which a text must give all. The quickest comes first."""

    regex: str
    hints: tuple[Hint, ...]


def pattern(regex: str, *hints: str | tuple[str, ...]) -> Pattern:
    """Return a pattern with its hints: an expression, or words of which there is one."""
    return Pattern(regex, tuple(re.compile(hint) if isinstance(hint, str) else OneOf(hint) for hint in hints))
