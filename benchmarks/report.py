"""What was found, as one table: for a terminal, for `docs/performance.md`, and as JSON.

A row says what was measured, ours, the floor or the peer measured in the same run, and their ratio with its interval.
"""

from dataclasses import asdict, dataclass
from typing import Any

SCALES = ("small", "full")
HEADS = ("what", "ours", "beside", "ratio (95 %)", "target", "")
HOLDS, DOUBT, MISSED = "holds", "in doubt", "missed"
DOCUMENT = """# Performance

`make bench SCALE=full` wrote this page; don't edit it. [benchmarks/README.md](../benchmarks/README.md) says what is
compared with what, and why.

{machine}

{table}

A ratio is that of two medians taken in turns in one run, with the ends of its 95 % bootstrap interval. A target
*holds* where the ratio does, is *missed* where the whole interval lies on its wrong side, and is *in doubt* between.
Where no target is named, the row is there to compare.
"""


def verdict(row: dict[str, Any]) -> str:
    """Return whether the target holds; it is missed only if the whole interval lies on the wrong side of it."""
    if row["target"] is None:
        return ""
    # What should be at least as much is turned round, and its interval with it.
    sign = -1 if row.get("at_least") else 1
    if sign * row["ratio"]["value"] <= sign * row["target"]:
        return HOLDS
    best = row["ratio"]["high" if row.get("at_least") else "low"]
    return MISSED if sign * best > sign * row["target"] else DOUBT


@dataclass(frozen=True, slots=True)
class Found:
    """All rows of one run, with its scale and the machine it ran on."""

    scale: str
    machine: dict[str, str]
    rows: list[dict[str, Any]]

    def as_json(self) -> dict[str, Any]:
        """Return everything as it is written to disk."""
        return asdict(self)

    def as_text(self) -> str:
        """Return a table of plain text."""
        lines = [HEADS, *map(_cells, self.rows)]
        widths = [max(len(line[column]) for line in lines) for column in range(len(HEADS))]
        return "\n".join(
            "  ".join(text.ljust(width) for text, width in zip(line, widths, strict=True)).rstrip() for line in lines
        )

    def as_document(self) -> str:
        """Return the page of the documentation."""
        machine = "\n".join(f"- {name}: {value}" for name, value in self.machine.items())
        lines = [HEADS, ("---",) * len(HEADS), *map(_cells, self.rows)]
        return DOCUMENT.format(machine=machine, table="\n".join(f"| {' | '.join(line)} |" for line in lines))


def _cells(row: dict[str, Any]) -> tuple[str, ...]:
    ratio, target = row["ratio"], row["target"]
    interval = f" ({ratio['low']:.2f}–{ratio['high']:.2f})" if ratio["low"] != ratio["high"] else ""
    return (
        row["what"],
        row["ours"],
        row["floor"],
        f"{ratio['value']:.2f}{interval}",
        "" if target is None else f"{'≥' if row.get('at_least') else '≤'} {target}",
        row["verdict"],
    )
