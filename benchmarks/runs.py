"""Measures training runs on PostgreSQL: the freeze, the export by one and two workers, and memory. Prints JSON.

Started by `python -m benchmarks` where `DATABASE_URL` names a server; `SCALE=full` took 18 minutes on two busy cores.

**Peak memory** is that of a process which prepares, files, starts and verifies a run, and does nothing else, at a tenth
of the conversations and at all of them. They have one short message each, for the sake of time.
"""

import json
import os
import resource
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import django
from django.db import connection
from django.test.utils import setup_databases, teardown_databases

from benchmarks import population, texts
from benchmarks.export import export_by_two
from benchmarks.freeze import freezes


@dataclass(frozen=True, slots=True)
class Scale:
    """How much is measured: conversations, and how often."""

    frozen: int
    rounds: int
    exported: int
    turns: int


SCALES = {"small": Scale(20_000, 5, 20_000, 2), "full": Scale(1_000_000, 3, 40_000, 3)}


def main() -> None:
    """Measure in a database and a folder of its own; or, asked for memory, make a run and say what it took."""
    if sys.argv[1:2] == ["memory"]:
        django.setup()
        make_and_verify_a_run(int(sys.argv[2]))
        sys.stdout.write(str(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss))
        return
    with tempfile.TemporaryDirectory() as folder:
        os.environ |= {"TRAINING_FILES": f"{folder}/runs", "JOURNAL_DIR": f"{folder}/journal"}
        django.setup()
        databases = setup_databases(verbosity=0, interactive=False)
        try:
            os.environ["DATABASE_URL"] = address()
            begin_journal()
            json.dump(list(measured(SCALES[os.environ.get("SCALE", "small")])), sys.stdout)
        finally:
            teardown_databases(databases, verbosity=0)


def begin_journal() -> None:
    """Begin the journal: the people who are measured have refused before, and without one it would seem lost."""
    from accounts import journal  # noqa: PLC0415 - models can be imported only after `django.setup()`

    journal.begin_anew()


def address() -> str:
    """Return the address of the database that is measured, for other processes."""
    at = connection.settings_dict
    return f"postgres://{at['USER']}:{at['PASSWORD']}@{at['HOST']}:{at['PORT']}/{at['NAME']}"


def measured(scale: Scale) -> Iterator[dict[str, Any]]:
    """Yield the rows of the table."""
    population.fill(scale.exported, text=texts.AS_SQL)
    yield export_by_two(scale.exported, scale.turns)
    population.fill(scale.frozen)
    yield from freezes(scale.frozen, scale.rounds)
    few, many = (peak_memory(count, scale) for count in (scale.frozen // 10, scale.frozen))
    yield {
        "what": f"peak memory of a run made of {scale.frozen:,} conversations",
        "ours": f"{many / 1024:.0f} MB",
        "floor": f"of a tenth of them: {few / 1024:.0f} MB",
        "ratio": {"value": many / few, "low": many / few, "high": many / few},
        "target": 1.05,
    }


def peak_memory(count: int, scale: Scale) -> int:
    """Return the most memory a process takes that makes a run of so many short conversations, in KB."""
    population.fill(count, messages=1, text="'A short one'")
    # The same for all, and so that a tenth has whole ones too: what is in memory at once is a part of a shard.
    size = min(10_000, scale.frozen // 10 // 4)
    done = subprocess.run(  # noqa: S603 - a number from this file
        [sys.executable, "-m", "benchmarks.runs", "memory", str(size)], stdout=subprocess.PIPE, check=True
    )
    return int(done.stdout)


def make_and_verify_a_run(size: int) -> None:
    """Make a run of shards of a size, from its draft to its start, and verify it."""
    from accounts.models import User  # noqa: PLC0415
    from training import actions, filing, manifest, verification  # noqa: PLC0415

    manifest.SHARD_SIZE = size
    run = population.prepared_run()
    filing.write_files(run)
    run.refresh_from_db()
    actions.start_run(run, User.objects.get(is_staff=True), at=lambda: population.AT)
    run.refresh_from_db()
    assert not list(verification.differences(run))


if __name__ == "__main__":
    main()
