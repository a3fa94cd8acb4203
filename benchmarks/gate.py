"""Measures what the gate costs on one database, the one `DATABASE_URL` names, and prints JSON.

Started by `python -m benchmarks`, once for each database.
"""

import gc
import json
import os
import random
import sys
from collections.abc import Callable, Iterator, Sequence
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
TIME_LIMIT = {"small": 3, "full": 20}
PAGES = {"a bare view": "/bare/", "the list of chats": "/chats/"}
BESIDE = (("without", "no gate", 1.05), ("peer", "django-termsandconditions", None))


def main() -> None:
    """Measure in a database of its own, which is gone afterwards."""
    django.setup()
    databases = setup_databases(verbosity=0, interactive=False)
    try:
        json.dump(list(measured()), sys.stdout)
    finally:
        teardown_databases(databases, verbosity=0)


def measured() -> Iterator[dict[str, Any]]:
    """Yield, for each page, what this gate costs beside no gate, and beside another's."""
    # Models can be imported only after `django.setup()`.
    from benchmarks import sides  # noqa: PLC0415
    from benchmarks.person import settled_person  # noqa: PLC0415

    alice = settled_person()
    every = [sides.without(alice), sides.ours(alice), sides.peer(alice)]
    for page, address in PAGES.items():
        queries = queries_of(every, address)
        times = times_of(every, address)
        for name, beside, target in BESIDE:
            yield {
                "what": f"a request of someone who has answered: {page} ({connection.vendor})",
                "ours": told("ours", times, queries),
                "floor": f"{beside}: {told(name, times, queries)}",
                "ratio": asdict(ratio_of(times["ours"], times[name])),
                "target": target,
            }


def told(name: str, times: dict[str, list[float]], queries: dict[str, tuple[int, int]]) -> str:
    """Return in words what a side's request takes: its time, and its queries, with an empty cache and later."""
    cold, warm = queries[name]
    return f"{median(times[name]) * 1000:.2f} ms, {cold} queries" + (f", later {warm}" if warm != cold else "")


def queries_of(every: Sequence[Any], address: str) -> dict[str, tuple[int, int]]:
    """Return how many queries a request of each side makes with an empty cache, and once more after it."""
    counts: dict[str, tuple[int, int]] = {}
    for side in every:
        cache.clear()
        cold, warm = queries_in(side.prepare(address)), queries_in(side.prepare(address))
        counts[side.name] = (cold, warm)
    return counts


def queries_in(answer: Callable[[], None]) -> int:
    """Return how many queries answering takes."""
    with CaptureQueriesContext(connection) as queries:
        answer()
    return len(queries)


def times_of(every: Sequence[Any], address: str) -> dict[str, list[float]]:
    """Return the seconds of each side's requests: in each round every side answers once, in an order of its own."""
    times: dict[str, list[float]] = {side.name: [] for side in every}
    for side in every:
        for _warm_up in range(WARM_UP):
            side.prepare(address)()
    order = list(every)
    shuffle = random.Random(2025).shuffle  # noqa: S311 - only the order of requests
    end = perf_counter() + TIME_LIMIT[os.environ.get("SCALE", "small")]
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
