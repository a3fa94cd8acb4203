"""A number of the roll-out page, as its template takes it."""

from collections.abc import Callable
from dataclasses import dataclass

# Gives the address of the people behind a number.
Link = Callable[..., str]


@dataclass(frozen=True, slots=True)
class Number:
    """A number, the address of the people behind it, and its share of a whole in percent."""

    value: int
    link: str = ""
    share: float = 0.0

    @property
    def width(self) -> str:
        """Return the share as the width of a bar, spelled as SVG does in every language."""
        return f"{self.share:.2f}"


def share(part: int, whole: int) -> float:
    """Return a share in percent; of nothing it is none."""
    return 100 * part / whole if whole else 0.0
