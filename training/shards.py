"""Writes the files of a run, a shard at a time: it can be stopped anywhere, and comes out the same byte for byte."""

import json
from collections.abc import Callable, Iterator
from itertools import islice

import pyarrow.parquet as pq
from django.db import connection, transaction
from django.utils import timezone

from accounts.journal import require_replayed
from accounts.personal_data import in_batches
from conversations.redaction import VERSION
from training import store
from training.models import ManifestRow, Shard, State, TrainingRun
from training.records import SCHEMA, Record, as_batch, records_of, total

# Conversations whose messages are in memory at once; as many make a row group of the file.
BATCH = 500
# What is read of a row and what it rests on: most of the rest would be made into objects a million times for nothing.
READ = ("run", "export_id", "conversation", "messages", "last_message", "record__update__coverage_reading")


def pending(run: TrainingRun) -> list[int]:
    """Return the numbers of the shards whose file has to be written, in order."""
    return list(run.shards.filter(written_at__isnull=True).order_by("number").values_list("number", flat=True))


def write_shard(run: TrainingRun, number: int, *, on_batch: Callable[[int], object] = lambda _count: None) -> bool:
    """Write the file of a shard, unless it is written or its run was cancelled, and return whether that is all.

    False: something was taken out meanwhile, or another worker has written it; what was made is thrown away. Raises
    Behind, since a database that was restored may hold what was deleted; OSError where the disk is full, Incomplete if
    a conversation has lost messages, and TooSlow. Then the shard stays as it was.
    """
    require_replayed()
    shard = run.shards.filter(number=number, written_at__isnull=True).first()
    if shard is None:
        return True
    path, messages, hashes = store.path_of(shard), 0, dict[int, str]()
    masked = total(())
    with store.written(path) as (file, part), pq.ParquetWriter(file, SCHEMA, compression="zstd") as writer:
        for records in _batches(shard):
            writer.write_batch(as_batch(records))
            hashes.update((record.row.pk, record.sha256) for record in records)
            masked.update(total(records))
            messages += sum(record.row.messages for record in records)
            on_batch(len(records))
    written = Shard(
        pk=shard.pk,
        run=run,
        number=number,
        version=shard.version,
        messages=messages,
        masked=dict(sorted(masked.items())),
        size=file.size,
        sha256=file.sha256,
    )
    try:
        return _keep(written, hashes, part, path)
    finally:
        store.discard(part)


def _batches(shard: Shard) -> Iterator[list[Record]]:
    rows = ManifestRow.objects.filter(run=shard.run_id, shard=shard.number).select_related("record__update")
    # Each batch is a query of its own: none stays open while the filter works.
    found = in_batches(rows.only(*READ), by="export_id", size=BATCH)
    while batch := list(islice(found, BATCH)):
        yield list(records_of(batch))


@transaction.atomic
def _keep(written: Shard, hashes: dict[int, str], part: str, path: str) -> bool:
    """Put a file in its place with its hashes, unless the shard has changed since it was read."""
    # The run first, as whoever takes something out does.
    run = TrainingRun.objects.select_for_update(no_key=True).get(pk=written.run_id)
    unwritten = Shard.objects.filter(pk=written.pk, version=written.version, written_at__isnull=True)
    if run.state != State.PREPARED or not unwritten.exists():
        return False
    if run.filter_version != VERSION:
        # The card names one filter: what an earlier release has masked is written again.
        run.shards.filter(written_at__isnull=False).update(written_at=None, sha256="")
        run.filter_version = VERSION
        run.save(update_fields=["filter_version"])
    store.keep(part, path)
    written.written_at = timezone.now()
    written.save(update_fields=["messages", "masked", "size", "sha256", "written_at"])
    _save_hashes(hashes)
    return True


def _save_hashes(hashes: dict[int, str]) -> None:
    """Write the hash of each row, in one statement: they are one parameter."""
    given = json.dumps([{"id": key, "sha256": sha256} for key, sha256 in hashes.items()])
    source = {
        "postgresql": "json_to_recordset(%s::json) AS given(id bigint, sha256 text)",
        "sqlite": "(SELECT value ->> 'id' AS id, value ->> 'sha256' AS sha256 FROM json_each(%s)) AS given",
    }[connection.vendor]
    with connection.cursor() as cursor:
        cursor.execute(
            f"UPDATE training_manifestrow SET sha256 = given.sha256 FROM {source}"  # noqa: S608 - texts of this file
            " WHERE training_manifestrow.id = given.id",
            [given],
        )
