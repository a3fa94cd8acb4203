"""Measures the purge against two raw statements that delete the same rows, on PostgreSQL, and prints JSON.

Started by `python -m benchmarks` where `DATABASE_URL` names a server. Each round fills the tables anew; the purge and
the raw statements take turns. Peak memory is that of a process that does nothing else, at a tenth of the rows and at
all of them.
"""

import json
import os
import resource
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict
from statistics import median
from time import perf_counter
from typing import Any

import django
from django.db import connection
from django.test.utils import setup_databases, teardown_databases

from benchmarks.interval import ratio_of

CONVERSATIONS = {"small": 20_000, "full": 500_000}
MESSAGES_EACH = 4
ROUNDS = {"small": 4, "full": 3}
PEOPLE = 100
RAW = (
    """DELETE FROM conversations_message WHERE conversation_id IN
        (SELECT id FROM conversations_conversation WHERE expires_at <= now())""",
    "DELETE FROM conversations_conversation WHERE expires_at <= now()",
)


def main() -> None:
    """Measure in a database of its own; or, asked for memory, purge what is there and say what it took."""
    django.setup()
    if sys.argv[1:] == ["memory"]:
        purge()
        sys.stdout.write(str(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss))
        return
    databases = setup_databases(verbosity=0, interactive=False)
    try:
        json.dump(list(measured(os.environ.get("SCALE", "small"))), sys.stdout)
    finally:
        teardown_databases(databases, verbosity=0)


def measured(scale: str) -> Iterator[dict[str, Any]]:
    """Yield the rows of the table."""
    count = CONVERSATIONS[scale]
    times: dict[str, list[float]] = {"raw": [], "purge": []}
    sides: dict[str, Callable[[], object]] = {"raw": raw, "purge": purge}
    for round_number in range(ROUNDS[scale]):
        for name in sorted(sides, reverse=bool(round_number % 2)):
            fill(count)
            start = perf_counter()
            sides[name]()
            times[name].append(perf_counter() - start)
    ratio = ratio_of(times["purge"], times["raw"])
    yield {
        "what": f"purge of {count:,} conversations and {count * MESSAGES_EACH:,} messages",
        "ours": f"{median(times['purge']):.2f} s",
        "floor": f"two raw statements: {median(times['raw']):.2f} s",
        "ratio": asdict(ratio),
        "target": 1.5,
    }
    few, many = (peak_memory(rows) for rows in (count // 10, count))
    yield {
        "what": f"peak memory of a purge of {count:,} conversations",
        "ours": f"{many / 1024:.0f} MB",
        "floor": f"of a tenth of them: {few / 1024:.0f} MB",
        "ratio": {"value": many / few, "low": many / few, "high": many / few},
        "target": 1.05,
    }


def fill(count: int) -> None:
    """Fill the tables with conversations past their date, and with a few that are not."""
    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE accounts_user CASCADE")
        cursor.execute(
            "INSERT INTO accounts_user (email, principal, plan, joined_at, created_at, language, time_zone, password,"
            " is_superuser, is_staff, is_active, is_persona)"
            " SELECT n || '@example.com', gen_random_uuid(), 'free', now(), now(), 'en', 'UTC', '',"
            " false, false, true, false FROM generate_series(1, %s) n",
            [PEOPLE],
        )
        cursor.execute(
            "INSERT INTO conversations_conversation (id, user_id, kind, title, workspace, is_private, created_at,"
            " last_message_at, has_commercial_message, expires_at)"
            " SELECT gen_random_uuid(), (SELECT min(id) FROM accounts_user) + n %% %s, 'chat', 'One of many', '',"
            " false, now() - interval '60 days', now() - interval '60 days', false,"
            " now() + CASE WHEN n <= %s THEN -1 ELSE 1 END * (n * interval '1 second')"
            " FROM generate_series(1, %s) n",
            [PEOPLE, count, count + count // 50],
        )
        cursor.execute(
            "INSERT INTO conversations_message (conversation_id, role, format, text, created_at, plan_class, training)"
            " SELECT id, 'owner', 'text', repeat('a message of ordinary length ', 8), created_at, 'consumer', ''"
            " FROM conversations_conversation, generate_series(1, %s)",
            [MESSAGES_EACH],
        )
        cursor.execute("ANALYZE")


def raw() -> None:
    """Delete what is past its date with two statements."""
    with connection.cursor() as cursor:
        for statement in RAW:
            cursor.execute(statement)


def purge() -> None:
    """Delete the same as the product does."""
    # Models can be imported only after `django.setup()`.
    from django.utils import timezone  # noqa: PLC0415

    from conversations import purge as purging  # noqa: PLC0415

    purging.purge(timezone.now())


def peak_memory(count: int) -> int:
    """Return the most memory a process takes that purges so many conversations, in KB."""
    fill(count)
    settings = connection.settings_dict
    address = (
        f"postgres://{settings['USER']}:{settings['PASSWORD']}@{settings['HOST']}:{settings['PORT']}/{settings['NAME']}"
    )
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.purge", "memory"],
        env=os.environ | {"DATABASE_URL": address},
        stdout=subprocess.PIPE,
        check=True,
    )
    return int(done.stdout)


if __name__ == "__main__":
    main()
