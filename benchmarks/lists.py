"""Measures the first page of the list at 100 conversations and at many, and prints JSON.

Started by `python -m benchmarks` for each database. Two people in one database: the pages are fetched in turn.
"""

import json
import os
import sys
from collections.abc import Iterator
from dataclasses import asdict
from datetime import timedelta
from itertools import islice
from statistics import median
from time import perf_counter
from typing import Any

import django
from django.db import connection
from django.test.utils import setup_databases, teardown_databases

from benchmarks.interval import ratio_of

FEW = 100
MANY = {"small": 20_000, "full": 100_000}
ROUNDS = 60


def main() -> None:
    """Measure in a database of its own."""
    django.setup()
    databases = setup_databases(verbosity=0, interactive=False)
    try:
        json.dump(list(measured(MANY[os.environ.get("SCALE", "small")])), sys.stdout)
    finally:
        teardown_databases(databases, verbosity=0)


def measured(many: int) -> Iterator[dict[str, Any]]:
    """Yield the row of the table."""
    # Models can be imported only after `django.setup()`.
    from django.test import Client  # noqa: PLC0415

    from accounts.models import User  # noqa: PLC0415

    people = {count: User.objects.create_user(f"{count}@example.com") for count in (FEW, many)}
    clients = {}
    for count, user in people.items():
        fill(user, count)
        clients[count] = Client()
        clients[count].force_login(user)
    times: dict[int, list[float]] = {count: [] for count in people}
    for round_number in range(ROUNDS):
        for count in sorted(people, reverse=bool(round_number % 2)):
            start = perf_counter()
            answer = clients[count].get("/chats/")
            times[count].append(perf_counter() - start)
            assert answer.status_code == 200  # noqa: PLR2004 - what is measured has to be the page
    yield {
        "what": f"first page of the list, {many:,} conversations ({connection.vendor})",
        "ours": f"{median(times[many]) * 1000:.1f} ms",
        "floor": f"with {FEW}: {median(times[FEW]) * 1000:.1f} ms",
        "ratio": asdict(ratio_of(times[many], times[FEW])),
        "target": 2.0,
    }


def fill(user: Any, count: int) -> None:
    """Give someone so many conversations."""
    from django.utils import timezone  # noqa: PLC0415

    from conversations.models import Conversation  # noqa: PLC0415

    now = timezone.now()
    rows = (
        Conversation(
            user=user,
            title=f"Number {number}",
            created_at=now - timedelta(days=9),
            last_message_at=now - timedelta(days=1, seconds=number % 80_000),
            expires_at=now + timedelta(days=20),
        )
        for number in range(count)
    )
    while batch := list(islice(rows, 2000)):
        Conversation.objects.bulk_create(batch)


if __name__ == "__main__":
    main()
