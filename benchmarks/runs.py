"""Measures training runs on PostgreSQL: the freeze, the export by one and two workers, and memory. Prints JSON.

Started by `python -m benchmarks` where `DATABASE_URL` names a server. `SCALE=full` took 18 minutes on
two busy cores.

**The freeze** is all that writes a manifest: judging, counting, numbering, inserting under every index, constraint and
trigger of the table, the rows of the shards, and the commit, at which PostgreSQL checks the foreign keys. It is held
against two others, which insert exactly as many of the same rows into the same table, commit included:

- *by hand*: the bare `INSERT … SELECT` as someone would write it who knows the rules and these tables by heart. That is
  the target's reading of "the bare INSERT … SELECT of the same rows";
- *copied*: an `INSERT … SELECT` from a table that has these very rows already, so that nothing is judged or counted.
  That is stricter than the target, and is shown beside it.

**The export** runs the task `training.tasks.write_file` in processes that each take the next shard when they are done
with one, as Celery's workers do; one process and two take turns on the same run.

**Peak memory** is that of a process which prepares, files, starts and verifies a run, and does nothing else, at a tenth
of the conversations and at all of them. They have one short message each, for the sake of time.
"""

import json
import logging
import multiprocessing
import os
import resource
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from statistics import median
from time import perf_counter
from typing import Any

import django
from django.db import connection, transaction
from django.test.utils import setup_databases, teardown_databases

from benchmarks import population, texts
from benchmarks.interval import ratio_of


@dataclass(frozen=True, slots=True)
class Scale:
    """How much is measured: conversations, and how often."""

    frozen: int
    rounds: int
    exported: int
    turns: int


SCALES = {"small": Scale(20_000, 7, 20_000, 2), "full": Scale(1_000_000, 3, 40_000, 3)}
# Enough for each of two workers to have something to do to the end.
SHARDS = 12
OWN_TABLES = ("training_removal", "training_manifestrow", "training_shard", "training_runmove", "training_trainingrun")
COLUMNS = "run_id, shard, export_id, conversation, record_id, messages, last_message, sha256"
COPIED = f"INSERT INTO training_manifestrow ({COLUMNS}) SELECT {COLUMNS} FROM copied"  # noqa: S608 - as above
BY_HAND = f"""
INSERT INTO training_manifestrow ({COLUMNS})
SELECT run.id, (row_number() OVER (ORDER BY c.id) - 1) / {{size}}, gen_random_uuid(), c.id, record.id,
    written.messages, written.last_message, ''
FROM training_trainingrun run, conversations_conversation c
JOIN accounts_user u ON u.id = c.user_id
JOIN privacy_consentstate s ON s.user_id = u.id
JOIN privacy_policyupdate p ON p.version = s.answered_update_id
JOIN (
    SELECT DISTINCT ON (principal) principal, id FROM privacy_consentrecord WHERE kind = 'training_allowed'
    ORDER BY principal, sequence DESC
) record ON record.principal = u.principal
JOIN (
    SELECT conversation_id, count(*) AS messages, max(id) AS last_message
    FROM conversations_message WHERE training <> 'refuse' GROUP BY conversation_id
) written ON written.conversation_id = c.id
WHERE NOT u.is_persona AND u.closed_at IS NULL AND u.plan IN ('free', 'pro', 'max') AND c.deleted_at IS NULL
    AND c.expires_at > run.frozen_at AND NOT c.has_commercial_message AND NOT c.is_private AND c.excluded_at IS NULL
    AND s.training = 'allow' AND s.answered_update_id = '{population.SECOND}'
    AND c.allowed_message_at >= s.allowed_since
    AND NOT EXISTS (
        SELECT FROM privacy_trainingrefusal r WHERE r.user_id = c.user_id AND r.applied_at IS NULL
            AND r.at >= c.last_message_at AND r.kept_until <= run.frozen_at
    )
"""  # noqa: S608 - names from this file


def main() -> None:
    """Measure in a database and a folder of its own; or, asked for memory, make a run and say what it took."""
    if sys.argv[1:2] == ["memory"]:
        set_up()
        make_and_verify_a_run(int(sys.argv[2]))
        sys.stdout.write(str(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss))
        return
    with tempfile.TemporaryDirectory() as folder:
        os.environ |= {"TRAINING_FILES": f"{folder}/runs", "JOURNAL_DIR": f"{folder}/journal"}
        set_up()
        databases = setup_databases(verbosity=0, interactive=False)
        try:
            os.environ["DATABASE_URL"] = address()
            json.dump(list(measured(SCALES[os.environ.get("SCALE", "small")])), sys.stdout)
        finally:
            teardown_databases(databases, verbosity=0)


def set_up() -> None:
    """Make this process one of the site's."""
    django.setup()
    # It says each recogniser that it loads.
    logging.getLogger("presidio-analyzer").setLevel(logging.WARNING)


def address() -> str:
    """Return the address of the database that is measured, for other processes."""
    at = connection.settings_dict
    return f"postgres://{at['USER']}:{at['PASSWORD']}@{at['HOST']}:{at['PORT']}/{at['NAME']}"


def measured(scale: Scale) -> Iterator[dict[str, Any]]:
    """Yield the rows of the table."""
    population.fill(scale.exported, text=texts.AS_SQL)
    yield export_by_two(scale)
    population.fill(scale.frozen)
    yield from freezes(scale)
    few, many = (peak_memory(count, scale) for count in (scale.frozen // 10, scale.frozen))
    yield {
        "what": f"peak memory of a run made of {scale.frozen:,} conversations",
        "ours": f"{many / 1024:.0f} MB",
        "floor": f"of a tenth of them: {few / 1024:.0f} MB",
        "ratio": {"value": many / few, "low": many / few, "high": many / few},
        "target": 1.05,
    }


# The freeze


def freezes(scale: Scale) -> Iterator[dict[str, Any]]:
    """Yield the freeze beside both others."""
    rows = remember()
    sides: dict[str, Callable[[Any], object]] = {"freeze": freeze, "by hand": by_hand, "copied": copied}
    times: dict[str, list[float]] = {name: [] for name in sides}
    for round_number in range(scale.rounds):
        for name in sorted(sides, reverse=bool(round_number % 2)):
            run = empty_run()
            start = perf_counter()
            with transaction.atomic():
                sides[name](run)
            times[name].append(perf_counter() - start)
            assert run.rows.count() == rows  # what is compared has to be the same
    beside = (("by hand", "INSERT … SELECT by hand", 1.5), ("copied", "the same rows, copied", None))
    for name, what, target in beside:
        yield {
            "what": f"freezing {rows:,} of {scale.frozen:,} conversations",
            "ours": f"{median(times['freeze']):.2f} s",
            "floor": f"{what}: {median(times[name]):.2f} s",
            "ratio": asdict(ratio_of(times["freeze"], times[name])),
            "target": target,
        }


def remember() -> int:
    """Put the rows of a manifest into a plain table, see that those made by hand are the same, and count them."""
    with connection.cursor() as cursor:
        freeze(empty_run())
        cursor.execute(f"CREATE TABLE copied AS SELECT {COLUMNS} FROM training_manifestrow ORDER BY id")  # noqa: S608 - names from this file
        by_hand(empty_run())
        same = "conversation, shard, record_id, messages, last_message"
        cursor.execute(f"SELECT {same} FROM copied EXCEPT SELECT {same} FROM training_manifestrow")  # noqa: S608 - as above
        assert cursor.fetchone() is None
        cursor.execute("ANALYZE copied")
        cursor.execute("SELECT count(*) FROM copied")
        (count,) = cursor.fetchone()
        return int(count)


def empty_run() -> Any:
    """Return a run without rows, the only one there is, always with the same key."""
    # Models can be imported only after `django.setup()`, here and below.
    from training.models import Purpose, TrainingRun  # noqa: PLC0415

    population.empty(OWN_TABLES)
    return TrainingRun.objects.create(
        id="11111111-1111-4111-8111-111111111111",
        purpose=Purpose.MODEL_IMPROVEMENT,
        created_at=population.AT,
        frozen_at=population.AT,
    )


def freeze(run: Any) -> None:
    """Write the rows as the product does."""
    from training import manifest  # noqa: PLC0415

    manifest.freeze(run, population.AT)


def by_hand(_run: Any) -> None:
    """Write the rows with a statement that knows what is in the tables."""
    from training import manifest  # noqa: PLC0415

    with connection.cursor() as cursor:
        cursor.execute(BY_HAND.format(size=manifest.SHARD_SIZE))


def copied(_run: Any) -> None:
    """Write the rows that are there already."""
    with connection.cursor() as cursor:
        cursor.execute(COPIED)


# The export


def export_by_two(scale: Scale) -> dict[str, Any]:
    """Return how much longer one worker takes for a run than two."""
    from training import manifest  # noqa: PLC0415

    size, manifest.SHARD_SIZE = manifest.SHARD_SIZE, scale.exported * 6 // 10 // SHARDS
    run = prepared_run()
    manifest.SHARD_SIZE = size
    times: dict[int, list[float]] = {1: [], 2: []}
    for turn in range(scale.turns):
        for workers in sorted(times, reverse=bool(turn % 2)):
            times[workers].append(seconds_of(workers, run))
    run.refresh_from_db()
    conversations = sum(run.shards.values_list("conversations", flat=True))
    return {
        "what": f"exporting {conversations:,} conversations by two workers",
        "ours": f"{median(times[2]):.2f} s",
        "floor": f"by one: {median(times[1]):.2f} s",
        # How many times what one does in a second two do.
        "ratio": asdict(ratio_of(times[1], times[2])),
        "target": 1.6,
        "at_least": True,
    }


def seconds_of(workers: int, run: Any) -> float:
    """Return how long so many workers take to write all files of a run."""
    from training import store  # noqa: PLC0415

    store.destroy(run)
    run.shards.update(written_at=None, sha256="")
    type(run).objects.filter(pk=run.pk).update(filed_at=None)
    shards = [(str(run.pk), number) for number in run.shards.values_list("number", flat=True)]
    context = multiprocessing.get_context("spawn")
    ready = context.Barrier(workers + 1)
    with context.Pool(workers, begin_work, (ready,)) as pool:
        ready.wait()
        start = perf_counter()
        pool.starmap(work, shards, chunksize=1)
        seconds = perf_counter() - start
    run.refresh_from_db()
    assert run.filed_at  # what is measured has to be a whole run
    return seconds


def begin_work(ready: Any) -> None:
    """Make a worker ready, as one is that has been there for a while."""
    set_up()
    from conversations.redaction import redact  # noqa: PLC0415

    redact(texts.PASSAGES)
    ready.wait()


def work(run: str, number: int) -> None:
    """Do what a worker is asked to."""
    from training.tasks import write_file  # noqa: PLC0415

    write_file(run, number)


def prepared_run() -> Any:
    """Return a run that is prepared, without its files."""
    from accounts.models import User  # noqa: PLC0415
    from training import actions  # noqa: PLC0415
    from training.models import Purpose  # noqa: PLC0415

    staff = User.objects.get(is_staff=True)
    run = actions.create_run(staff, Purpose.MODEL_IMPROVEMENT, at=population.AT)
    actions.prepare_run(run, staff, at=population.AT)
    run.refresh_from_db()
    return run


# Memory


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
    from training import actions, manifest, verification  # noqa: PLC0415

    manifest.SHARD_SIZE = size
    run = prepared_run()
    actions.write_files(run)
    run.refresh_from_db()
    actions.start_run(run, User.objects.get(is_staff=True), at=population.AT)
    run.refresh_from_db()
    assert not list(verification.differences(run))


if __name__ == "__main__":
    main()
