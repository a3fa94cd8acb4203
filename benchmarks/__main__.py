"""`python -m benchmarks`: tables of what everything costs, and `var/bench.json` with the same."""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

TARGET = 1.05
ROOT = Path(__file__).resolve().parent.parent
RESULTS = ROOT / "var" / "bench.json"
HEADS = ("database", "page", "with", "ms", "ratio (95 %)", "queries cold/warm", "target")
OTHER_HEADS = ("what", "ours", "beside", "ratio (95 %)", "target", "")
NAMES = {"ours": "this gate", "without": "no gate", "peer": "django-termsandconditions"}


def main() -> int:
    """Measure every database there is, and return 1 only if the target is missed beyond doubt."""
    gate, others = [], []
    for url in database_urls():
        gate += measure("measure", url)
        others += measure("lists", url)
        if url.startswith("postgres"):
            others += measure("purge", url)
            others += measure("runs", url)
            others += measure("admin", url)
    others += measure("redaction", "")
    for row in gate:
        row["target"] = TARGET if row["side"] == "ours" else None
    for row in gate + others:
        row["verdict"] = verdict(row)
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps({"target": TARGET, "results": gate, "others": others}, indent=2) + "\n")
    sys.stdout.write(f"{table([HEADS, *map(cells, gate)])}\n\nThe target is a ratio of at most {TARGET}.\n\n")
    sys.stdout.write(f"{table([OTHER_HEADS, *map(other_cells, others)])}\n\nIt is in {RESULTS} too.\n")
    return int(any(row["verdict"] == "missed" for row in gate + others))


def database_urls() -> Iterator[str]:
    """Yield SQLite, and the server `DATABASE_URL` names if it names one."""
    with tempfile.TemporaryDirectory() as directory:
        yield f"sqlite:///{directory}/bench.sqlite3"
    if "postgres" in os.environ.get("DATABASE_URL", ""):
        yield os.environ["DATABASE_URL"]


def measure(module: str, database_url: str) -> list[dict[str, Any]]:
    """Return what a module of this package measures on one database, in a process of its own."""
    environment = os.environ | {
        "DATABASE_URL": database_url,
        "DJANGO_SETTINGS_MODULE": "benchmarks.settings",
        "DEMO": "on",
        "DEBUG": "off",
        "CACHE_URL": "",
        "NOW": "",
    }
    done = subprocess.run(  # noqa: S603 - a name from this file
        [sys.executable, "-m", f"benchmarks.{module}"],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        check=True,
    )
    rows: list[dict[str, Any]] = json.loads(done.stdout)
    return rows


def verdict(row: dict[str, Any]) -> str:
    """Return whether the target holds; it is missed only if the whole interval lies on the wrong side of it."""
    if row["target"] is None:
        return ""
    # What should be at least as much is turned round, and its interval with it.
    sign = -1 if row.get("at_least") else 1
    if sign * row["ratio"]["value"] <= sign * row["target"]:
        return "holds"
    best = row["ratio"]["high" if row.get("at_least") else "low"]
    return "missed" if sign * best > sign * row["target"] else "in doubt"


def table(lines: list[tuple[str, ...]]) -> str:
    """Return lines, the first of them the heads, as a table of plain text."""
    widths = [max(len(line[column]) for line in lines) for column in range(len(lines[0]))]
    return "\n".join(
        "  ".join(text.ljust(width) for text, width in zip(line, widths, strict=True)).rstrip() for line in lines
    )


def cells(row: dict[str, Any]) -> tuple[str, ...]:
    """Return one line of the table."""
    ratio = row["ratio"]
    return (
        row["database"],
        row["page"],
        NAMES[row["side"]],
        f"{row['milliseconds']:.2f}",
        "1" if row["side"] == "without" else f"{ratio['value']:.3f} ({ratio['low']:.3f}–{ratio['high']:.3f})",
        f"{row['queries_cold']} / {row['queries_warm']}",
        row["verdict"],
    )


def other_cells(row: dict[str, Any]) -> tuple[str, ...]:
    """Return one line of the table of what is not the gate."""
    ratio = row["ratio"]
    return (
        row["what"],
        row["ours"],
        row["floor"],
        f"{ratio['value']:.2f} ({ratio['low']:.2f}–{ratio['high']:.2f})",
        "" if row["target"] is None else f"{'≥' if row.get('at_least') else '≤'} {row['target']}",
        row["verdict"],
    )


if __name__ == "__main__":
    sys.exit(main())
