"""Measures one database, the one `DATABASE_URL` names, and prints what it found as JSON.

Started by `python -m benchmarks`, once for each database.
"""

import gc
import json
import random
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from statistics import median
from time import perf_counter
from typing import Any

import django
from django.core.cache import cache
from django.db import connection
from django.test.utils import CaptureQueriesContext, setup_databases, teardown_databases

from benchmarks.interval import ratio_of

WARM_UP = 30
ROUNDS = 1500
# Seconds for one page; what has been measured by then is enough.
TIME_LIMIT = 12
PAGES = {"a bare view": "/bare/", "the list of chats": "/chats/"}


def main() -> None:
    """Measure in a database of its own, which is gone afterwards."""
    django.setup()
    databases = setup_databases(verbosity=0, interactive=False)
    try:
        json.dump(list(measured()), sys.stdout)
    finally:
        teardown_databases(databases, verbosity=0)


def measured() -> Iterator[dict[str, Any]]:
    """Yield, for each page and side, its time and queries, compared with the site without the gate."""
    # Models can be imported only after `django.setup()`.
    from benchmarks import sides  # noqa: PLC0415
    from benchmarks.person import settled_person  # noqa: PLC0415

    alice = settled_person()
    every = [sides.without(alice), sides.ours(alice), sides.peer(alice)]
    for page, address in PAGES.items():
        cold, warm = queries_of(every, address)
        times = times_of(every, address)
        for side in every:
            ratio = ratio_of(times[side.name], times["without"])
            yield {
                "database": connection.vendor,
                "page": page,
                "side": side.name,
                "rounds": len(times[side.name]),
                "milliseconds": median(times[side.name]) * 1000,
                "ratio": asdict(ratio),
                "queries_cold": cold[side.name],
                "queries_warm": warm[side.name],
            }


def queries_of(every: Sequence[Any], address: str) -> tuple[dict[str, int], dict[str, int]]:
    """Return how many queries a request of each side makes with an empty cache, and once more after it."""
    cold: dict[str, int] = {}
    warm: dict[str, int] = {}
    for side in every:
        cache.clear()
        for counts in (cold, warm):
            with CaptureQueriesContext(connection) as queries:
                side.prepare(address)()
            counts[side.name] = len(queries)
    return cold, warm


def times_of(every: Sequence[Any], address: str) -> dict[str, list[float]]:
    """Return the seconds of each side's requests: in each round every side answers once, in an order of its own."""
    times: dict[str, list[float]] = {side.name: [] for side in every}
    for side in every:
        for _warm_up in range(WARM_UP):
            side.prepare(address)()
    order = list(every)
    shuffle = random.Random(2025).shuffle  # noqa: S311 - only the order of requests
    end = perf_counter() + TIME_LIMIT
    gc.collect()
    gc.disable()  # A collection would fall on whichever side happened to be running.
    for round_number in range(ROUNDS):
        if perf_counter() > end:
            break
        if round_number % 50 == 0:
            gc.collect()
        shuffle(order)
        for side in order:
            answer = side.prepare(address)
            start = perf_counter()
            answer()
            times[side.name].append(perf_counter() - start)
    gc.enable()
    return times


if __name__ == "__main__":
    main()
