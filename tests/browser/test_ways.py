"""What the check of accessibility may leave out, and what it may not."""

from itertools import combinations, product

import pytest

from tests.browser.screens import SCREENS
from tests.browser.ways import LANGUAGES, LOOKS, WIDTHS, Way, every_way, pairwise_ways

Seen = tuple[str, str, bool, int, int]


def seen_in(name: str, ways: list[Way]) -> set[Seen]:
    """Return what is seen of a screen: its name, the language, whether scripts run, the look's number, the width."""
    return {(name, way.language, way.script, LOOKS.index(look), width) for way in ways for look, width in way.views}


def test_whole_matrix_is_every_screen_in_every_way() -> None:
    everything = set(product(["gate"], LANGUAGES, [True, False], range(len(LOOKS)), WIDTHS))
    assert seen_in("gate", every_way()) == everything
    assert len(everything) == sum(len(way.views) for way in every_way()) == 24


@pytest.mark.parametrize(("one", "other"), [*combinations(range(5), 2)])
def test_pairwise_shows_any_two_things_together(one: int, other: int) -> None:
    names = [screen.name for screen in SCREENS]
    seen = set[Seen]().union(*(seen_in(name, pairwise_ways(number)) for number, name in enumerate(names)))
    values = (names, LANGUAGES, (True, False), range(len(LOOKS)), WIDTHS)
    assert {(row[one], row[other]) for row in seen} == set(product(values[one], values[other]))


@pytest.mark.parametrize("ways", [every_way(), *(pairwise_ways(number) for number in range(24))])
def test_forced_colours_are_looked_at_last(ways: list[Way]) -> None:
    """What is done to a page to measure them is not undone."""
    for way in ways:
        looks = [LOOKS.index(look) for look, _width in way.views]
        assert looks == sorted(looks)
