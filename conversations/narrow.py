"""Texts as a keyboard for ASCII would have written them, character for character, for the filter to read.

Chinese keyboards write full-width digits and signs, those of many languages have digits of their own, and what is
copied from pages and documents has spaces that do not break and dashes of every length. They are the same number, card
or address.
"""

import re

_SPACES = "\u00a0\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f\u3000"
_DASHES = "\u2010\u2011\u2012\u2013\u2014\u2015\u2212"
_SIGNS = "()+-.@_"
# The full-width forms stand in the order of ASCII.
_OFFSET = 0xFF01 - ord("!")
_WIDE = [*range(0xFF21, 0xFF3B), *range(0xFF41, 0xFF5B), *(ord(sign) + _OFFSET for sign in _SIGNS)]
_NARROW = {
    **{wide: chr(wide - _OFFSET) for wide in _WIDE},
    **dict.fromkeys(map(ord, _SPACES), " "),
    **dict.fromkeys(map(ord, _DASHES), "-"),
    # The point and the comma of Arabic numbers.
    0x066B: ".",
    0x066C: ",",
}
_ANY = re.compile(rf"[{re.escape(''.join(map(chr, _NARROW)))}]|[^\D0-9]")


def narrow(text: str) -> str:
    """Return a text of the same length in which such characters are the ASCII ones they stand for."""
    return text if text.isascii() else _ANY.sub(_one, text)


def _one(match: re.Match[str]) -> str:
    return _NARROW.get(ord(match[0])) or str(int(match[0]))
