"""In which ways a screen is looked at: language, scripts, look and width.

`make a11y` looks at every screen in every way. Elsewhere it is pairwise: any two things that a screen can be, itself
among them, are seen together at least once, in an eighth of the time.
"""

import os
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any, Literal

from tests.conftest import SEED

Language = Literal["en", "zh-hans"]
Look = dict[str, Any]
View = tuple[Look, int]

LANGUAGES: tuple[Language, ...] = ("en", "zh-hans")
LIGHT, DARK = ({"color_scheme": scheme, "forced_colors": "none"} for scheme in ("light", "dark"))
FORCED = {"color_scheme": "dark", "forced_colors": "active"}
# Forced colours come last: what is done to a page to measure them is not undone.
LOOKS: tuple[Look, ...] = (LIGHT, DARK, FORCED)
WIDTHS = (1280, 320)
IS_WHOLE = bool(os.environ.get("WHOLE_MATRIX"))


@dataclass(frozen=True, slots=True)
class Way:
    """One visit to a screen, and the views that are taken of it there."""

    language: Language
    script: bool
    views: tuple[View, ...]

    def __str__(self) -> str:
        return f"{self.language}-{'script' if self.script else 'no-script'}"


def every_way() -> list[Way]:
    """Return all of them."""
    views = tuple(product(LOOKS, WIDTHS))
    return [Way(language, script, views) for language, script in product(LANGUAGES, (True, False))]


def pairwise_ways(number: int) -> list[Way]:
    """Return what a screen of this number is looked at in, so that screens together show each pair.

    Two visits see a screen in both languages, with scripts and without, in the three looks and at both widths; what
    goes with what takes turns from screen to screen.
    """
    turn, script = number % len(LOOKS), number // 2 % 2 == 0
    languages = LANGUAGES if number % 2 == 0 else LANGUAGES[::-1]
    widths = WIDTHS if number // 4 % 2 == 0 else WIDTHS[::-1]
    looks = LOOKS[turn:] + LOOKS[:turn]
    views = [(look, widths[place % 2]) for place, look in enumerate(looks)]
    first = tuple(sorted(views[:2], key=lambda view: LOOKS.index(view[0])))
    return [Way(languages[0], script, first), Way(languages[1], not script, (views[2],))]


def ways_of(screens: Sequence[Any]) -> list[tuple[Any, Way]]:
    """Return each screen with each way it is looked at in this run of the tests."""
    return [
        (screen, way)
        for number, screen in enumerate(screens)
        for way in (every_way() if IS_WHOLE else pairwise_ways(number))
    ]


def a_third_of(screens: Sequence[Any]) -> Sequence[Any]:
    """Return the screens that are looked at in this run, of which each shows much the same: others for another seed."""
    return screens if IS_WHOLE else screens[zlib.crc32(SEED.encode()) % 3 :: 3]


def turns_of(number: int, sizes: Sequence[str]) -> Sequence[str]:
    """Return in which of some sizes the page of a number is looked at in this run: in one, which takes turns."""
    return sizes if IS_WHOLE else [sizes[number % len(sizes)]]
