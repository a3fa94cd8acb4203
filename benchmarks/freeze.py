"""The freeze: all that writes a manifest, beside others that insert the same rows. Run by `benchmarks.runs`.

Judging, counting, numbering, inserting under every index, constraint and trigger of the table, the rows of the shards,
and the commit, at which PostgreSQL checks the foreign keys, all belong to it. It is held against two others, which
insert exactly as many of the same rows into the same table, commit included:

- *by hand*: the bare `INSERT … SELECT` as someone would write it who knows the rules and these tables by heart. That is
  the target's reading of "the bare INSERT … SELECT of the same rows";
- *copied*: an `INSERT … SELECT` from a table that has these very rows already, so that nothing is judged or counted.
  That is stricter than the target, and is shown beside it.
"""

from collections.abc import Callable, Iterator
from dataclasses import asdict
from statistics import median
from time import perf_counter
from typing import Any

from django.db import connection, transaction

from benchmarks import population
from benchmarks.interval import ratio_of

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
WHERE NOT u.is_persona AND u.is_active AND u.plan IN ('free', 'pro', 'max') AND c.deleted_at IS NULL
    AND c.expires_at > run.frozen_at AND NOT c.has_commercial_message AND NOT c.is_private AND c.excluded_at IS NULL
    AND s.training = 'allow' AND s.answered_update_id = '{population.SECOND}'
    AND c.allowed_message_at >= s.allowed_since
    AND NOT EXISTS (
        SELECT FROM privacy_trainingrefusal r WHERE r.user_id = c.user_id AND r.applied_at IS NULL
            AND r.at >= c.last_message_at AND r.kept_until <= run.frozen_at
    )
"""  # noqa: S608 - names from this file


def freezes(conversations: int, rounds: int) -> Iterator[dict[str, Any]]:
    """Yield the freeze of the population beside both others."""
    rows = remember()
    sides: dict[str, Callable[[Any], object]] = {"freeze": freeze, "by hand": by_hand, "copied": copied}
    times: dict[str, list[float]] = {name: [] for name in sides}
    for round_number in range(rounds):
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
            "what": f"freezing {rows:,} of {conversations:,} conversations",
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
