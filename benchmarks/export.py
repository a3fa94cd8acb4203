"""The export of a run, by one worker and by two. Run by `benchmarks.runs`.

The task `training.tasks.write_file` runs in processes that each take the next shard when they are done with one, as
Celery's workers do; one process and two take turns on the same run.
"""

import multiprocessing
from dataclasses import asdict
from statistics import median
from time import perf_counter
from typing import Any

import django

from benchmarks import population, texts
from benchmarks.interval import ratio_of

# Enough for each of two workers to have something to do to the end.
SHARDS = 12


def export_by_two(exported: int, turns: int) -> dict[str, Any]:
    """Return how much longer one worker takes for a run than two."""
    from training import manifest  # noqa: PLC0415

    size, manifest.SHARD_SIZE = manifest.SHARD_SIZE, exported * 6 // 10 // SHARDS
    run = population.prepared_run()
    manifest.SHARD_SIZE = size
    times: dict[int, list[float]] = {1: [], 2: []}
    for turn in range(turns):
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
    django.setup()
    from conversations.redaction import redact  # noqa: PLC0415

    redact(texts.PASSAGES)
    ready.wait()


def work(run: str, number: int) -> None:
    """Do what a worker is asked to."""
    from training.tasks import write_file  # noqa: PLC0415

    write_file(run, number)
