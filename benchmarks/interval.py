"""How sure a ratio of two times is."""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

RESAMPLES = 1000
CONFIDENCE = 0.95


@dataclass(frozen=True, slots=True)
class Ratio:
    """A ratio of two medians, with the ends of its bootstrap confidence interval."""

    value: float
    low: float
    high: float


def ratio_of(times: Sequence[float], base: Sequence[float]) -> Ratio:
    """Return by how much `times` exceed `base`: the two were taken in turns, so they are drawn again in pairs."""
    draw = random.Random(2025)  # noqa: S311 - the same numbers give the same interval
    pairs = list(zip(times, base, strict=True))
    found = sorted(_ratio(draw.choices(pairs, k=len(pairs))) for _resample in range(RESAMPLES))
    cut = round((1 - CONFIDENCE) / 2 * RESAMPLES)
    return Ratio(_ratio(pairs), found[cut], found[-cut - 1])


def _ratio(pairs: Sequence[tuple[float, float]]) -> float:
    return median(time for time, _base in pairs) / median(base for _time, base in pairs)
