"""`python -m benchmarks`: everything that is measured, as one table, and as JSON in `var/bench.json`.

At the full scale (`SCALE=full`) the table is written to `docs/performance.md` too. Returns 1 where a target is missed
beyond doubt.
"""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from benchmarks import report
from benchmarks.machine import machine

ROOT = Path(__file__).resolve().parent.parent
RESULTS = ROOT / "var" / "bench.json"
DOCUMENT = ROOT / "docs" / "performance.md"
ON_EVERY_DATABASE = ("gate", "lists")
ON_POSTGRESQL = ("purge", "runs", "admin")
ON_NONE = ("redaction",)


def main() -> int:
    """Measure everything that can be measured here, tell it, and return the exit code."""
    scale = os.environ.setdefault("SCALE", "small")
    if scale not in report.SCALES:
        sys.stderr.write(f"SCALE is {' or '.join(report.SCALES)}, not {scale!r}.\n")
        return 2
    url = os.environ.get("DATABASE_URL", "")
    server = url if url.startswith("postgres") else ""
    rows = []
    for module, database in plan(server):
        sys.stderr.write(f"Measuring: {module}{' on PostgreSQL' if server and database == server else ''} ...\n")
        rows += [row | {"verdict": report.verdict(row)} for row in measure(module, database)]
    found = report.Found(scale, machine(server), rows)
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps(found.as_json(), indent=2, ensure_ascii=False) + "\n")
    if scale == "full" and server:
        DOCUMENT.write_text(found.as_document())
    if not server:
        sys.stderr.write("There is no PostgreSQL here: the purge, training runs and the admin were not measured.\n")
    sys.stdout.write(f"{found.as_text()}\n\nIt is in {RESULTS.relative_to(ROOT)} too.\n")
    return int(any(row["verdict"] == report.MISSED for row in rows))


def plan(server: str) -> Iterator[tuple[str, str]]:
    """Yield each module of this package that measures something, with the address of a database to do it on."""
    with tempfile.TemporaryDirectory() as directory:
        for database in filter(None, (f"sqlite:///{directory}/bench.sqlite3", server)):
            yield from ((module, database) for module in ON_EVERY_DATABASE)
        if server:
            yield from ((module, server) for module in ON_POSTGRESQL)
    yield from ((module, "") for module in ON_NONE)


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


if __name__ == "__main__":
    sys.exit(main())
