"""`python -m benchmarks`: a table of what the gate costs, and `var/bench.json` with the same."""

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
NAMES = {"ours": "this gate", "without": "no gate", "peer": "django-termsandconditions"}


def main() -> int:
    """Measure every database there is, and return 1 only if the target is missed beyond doubt."""
    rows = [row for url in database_urls() for row in measure(url)]
    for row in rows:
        row["target"] = TARGET if row["side"] == "ours" else None
        row["verdict"] = verdict(row)
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps({"target": TARGET, "results": rows}, indent=2) + "\n")
    sys.stdout.write(f"{table(rows)}\n\nThe target is a ratio of at most {TARGET}. It is in {RESULTS} too.\n")
    return int(any(row["verdict"] == "missed" for row in rows))


def database_urls() -> Iterator[str]:
    """Yield SQLite, and the server `DATABASE_URL` names if it names one."""
    with tempfile.TemporaryDirectory() as directory:
        yield f"sqlite:///{directory}/bench.sqlite3"
    if "postgres" in os.environ.get("DATABASE_URL", ""):
        yield os.environ["DATABASE_URL"]


def measure(database_url: str) -> list[dict[str, Any]]:
    """Return the rows of one database, measured in a process of its own."""
    environment = os.environ | {
        "DATABASE_URL": database_url,
        "DJANGO_SETTINGS_MODULE": "benchmarks.settings",
        "DEMO": "on",
        "DEBUG": "off",
        "CACHE_URL": "",
        "NOW": "",
    }
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.measure"], cwd=ROOT, env=environment, stdout=subprocess.PIPE, check=True
    )
    rows: list[dict[str, Any]] = json.loads(done.stdout)
    return rows


def verdict(row: dict[str, Any]) -> str:
    """Return whether the target holds; it is missed only if the whole interval lies above it."""
    if row["target"] is None:
        return ""
    if row["ratio"]["value"] <= TARGET:
        return "holds"
    return "missed" if row["ratio"]["low"] > TARGET else "in doubt"


def table(rows: list[dict[str, Any]]) -> str:
    """Return the results as a table of plain text."""
    heads = ("database", "page", "with", "ms", "ratio (95 %)", "queries cold/warm", "target")
    lines = [heads, *(cells(row) for row in rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(heads))]
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


if __name__ == "__main__":
    sys.exit(main())
