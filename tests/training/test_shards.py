"""The files: the same byte for byte however they came about, whole or not there at all, and open to ordinary tools."""

import json
import os
import resource
from io import BytesIO
from typing import Any

import duckdb
import pandas as pd
import pyarrow.parquet as pq
import pytest
from django.db.models.signals import post_init
from django.utils import timezone

from accounts.models import User
from conversations import redaction
from conversations.models import Message
from conversations.recognisers import TooSlow
from conversations.redaction import redact
from tests.factories import MEANWHILE, SECOND, make_conversation
from tests.training.runs import LATER, exported, files, start
from training import actions, filing, manifest, problems, shards, store, tasks
from training.models import ManifestRow, Purpose, TrainingRun
from training.records import SCHEMA, Incomplete, hash_of
from training.verification import differences

pytestmark = pytest.mark.django_db


@pytest.fixture
def several(monkeypatch: pytest.MonkeyPatch, staff: User, allowing: User) -> TrainingRun:
    """Return a prepared run of three shards, none of which is written yet."""
    monkeypatch.setattr(manifest, "SHARD_SIZE", 4)
    monkeypatch.setattr(shards, "BATCH", 2)
    for number in range(10):
        make_conversation(allowing, f"Call me on +1 212 555 01{number:02}, 你好 {number}", at=MEANWHILE + SECOND)
    run = actions.create_run(staff, Purpose.SAFETY_CLASSIFIERS, at=LATER)
    actions.prepare_run(run, staff, at=LATER)
    run.refresh_from_db()
    return run


def test_shards_hold_all_rows_in_the_order_of_their_ids(several: TrainingRun) -> None:
    filing.write_files(several)

    assert [shard.conversations for shard in several.shards.order_by("number")] == [4, 4, 2]
    for shard in several.shards.all():
        found = [value["id"] for value in pq.read_table(store.path_of(shard)).to_pylist()]
        rows = ManifestRow.objects.filter(run=several, shard=shard.number).order_by("export_id")
        assert found == [str(row.export_id) for row in rows]
    hashes = {str(row.export_id): row.sha256 for row in several.rows.all()}
    assert hashes == {value["id"]: hash_of(value) for value in exported(several)}
    assert sum(shard.masked["PHONE"] for shard in several.shards.all()) == 10


def test_each_row_of_a_shard_is_read_once(several: TrainingRun) -> None:
    read = []

    def note(instance: ManifestRow, **_kwargs: Any) -> None:
        read.append(instance.pk)

    post_init.connect(note, sender=ManifestRow)
    try:
        shards.write_shard(several, 0)
    finally:
        post_init.disconnect(note, sender=ManifestRow)

    assert sorted(read) == sorted(several.rows.filter(shard=0).values_list("pk", flat=True))


def test_files_are_the_same_byte_for_byte_when_written_again(several: TrainingRun) -> None:
    filing.write_files(several)
    before = files(several)
    store.destroy(several)
    several.shards.update(written_at=None, sha256="")

    filing.write_files(several)

    assert files(several) == before
    assert len(before) == 5


class Killed(BaseException):
    """What ends a process, as far as it can be told from inside."""


@pytest.mark.parametrize("batches", range(5))
def test_run_that_was_interrupted_goes_on_and_ends_the_same(several: TrainingRun, batches: int) -> None:
    filing.write_files(several)
    whole = files(several)
    store.destroy(several)
    several.shards.update(written_at=None, sha256="")
    several.rows.update(sha256="")
    left = iter(range(batches))

    def kill(_rows: int) -> None:
        if next(left, None) is None:
            raise Killed

    with pytest.raises(Killed):
        filing.write_files(several, on_batch=kill)

    # Each batch has two rows: whole shards stay, and nothing is there of the one that was being written.
    assert len(shards.pending(several)) == 3 - batches // 2
    assert len(files(several)) == batches // 2
    filing.write_files(several)
    assert files(several) == whole
    assert list(differences(several)) == []


def test_file_that_can_not_grow_stops_with_a_clear_state_and_no_half_a_file(several: TrainingRun) -> None:
    """What `test_full_disk` shows with a disk, for who may not mount one: the system refuses files beyond a size."""
    shards.write_shard(several, 0)
    before = resource.getrlimit(resource.RLIMIT_FSIZE)

    def limit(_rows: int) -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (100, before[1]))

    try:
        with pytest.raises(OSError, match="File too large"):
            shards.write_shard(several, 1, on_batch=limit)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)

    assert set(files(several)) == {"shard-00000.parquet"}
    assert shards.pending(several) == [1, 2]
    filing.write_files(several)
    assert shards.pending(several) == []
    assert list(differences(several)) == []


def test_file_that_was_being_written_while_something_was_taken_out_is_thrown_away(
    several: TrainingRun, allowing: User
) -> None:
    shard = several.shards.get(number=0)
    row = several.rows.filter(shard=0).first()
    assert row

    def take_out(_rows: int) -> None:
        manifest.take_out(several, several.rows.filter(pk=row.pk))

    assert shards.write_shard(several, 0, on_batch=take_out) is False

    assert not files(several)
    assert shards.write_shard(several, 0)
    assert set(files(several)) == {"shard-00000-2.parquet"} or set(files(several)) == {"shard-00000-1.parquet"}
    shard.refresh_from_db()
    assert shard.conversations == 3


def test_stray_of_a_killed_worker_goes(several: TrainingRun) -> None:
    shards.write_shard(several, 0)
    stray = f"{store.folder_of(several)}/shard-00001.parquet.0123{store.PART}"
    store.write(stray, b"half of it")

    filing.write_files(several)

    assert len(files(several)) == 5
    assert list(differences(several)) == []


def test_conversation_that_lost_messages_is_not_exported_in_part(several: TrainingRun) -> None:
    row = several.rows.filter(shard=0).first()
    assert row
    Message.objects.filter(conversation=row.conversation).delete()

    with pytest.raises(Incomplete):
        shards.write_shard(several, 0)

    assert not files(several)


def test_text_that_the_filter_is_too_slow_for_stops_the_export_with_a_clear_state(
    several: TrainingRun, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    Message.objects.update(text="Write to anna@example.com. " * 1000)
    redact(["Whoever redacts first loads Presidio."])
    with monkeypatch.context() as slow:
        slow.setattr("presidio_analyzer.pattern_recognizer.REGEX_TIMEOUT_SECONDS", 1e-6)
        with pytest.raises(TooSlow):
            filing.write_files(several)

        several.refresh_from_db()
        assert "too long" in problems.in_words(several.problem)
        assert files(several) == {}
        assert str(several.rows.order_by("shard", "export_id")[0]) in caplog.text

        tasks.write_files.delay(str(several.pk))
        assert files(several) == {}

    filing.write_files(several)
    assert list(differences(several)) == []


def test_part_of_a_killed_worker_goes_while_there_is_no_room_to_finish(several: TrainingRun) -> None:
    shards.write_shard(several, 0)
    old, young = (f"{store.folder_of(several)}/shard-00001.parquet.{name}{store.PART}" for name in ("old", "young"))
    for path in (old, young):
        store.write(path, b"half of it")
    long_ago = (timezone.now() - store.ABANDONED_AFTER).timestamp()
    os.utime(old, (long_ago, long_ago))

    store.discard_abandoned(several)

    assert set(files(several)) == {"shard-00000.parquet", "shard-00001.parquet.young.part"}


def test_worker_that_comes_too_late_leaves_nothing_in_a_cancelled_run(several: TrainingRun, staff: User) -> None:
    def cancel(_rows: int) -> None:
        actions.cancel_run(several, staff, at=LATER)

    assert shards.write_shard(several, 0, on_batch=cancel) is False

    assert not files(several)
    assert shards.write_shard(several, 1), "there is nothing left to write"
    assert not files(several)


def test_files_of_a_run_are_masked_by_one_filter(several: TrainingRun, monkeypatch: pytest.MonkeyPatch) -> None:
    filing.write_files(several)
    several.refresh_from_db()
    former, begun = several.filter_version, timezone.now()
    several.shards.filter(number=0).update(written_at=None, sha256="")
    monkeypatch.setattr(shards, "VERSION", "another")

    filing.write_files(several)

    several.refresh_from_db()
    assert (former, several.filter_version) == (redaction.VERSION, "another")
    assert several.shards.filter(written_at__gt=begun).count() == 3
    assert json.loads(files(several)["card.json"])["filter_version"] == "another"


def test_files_that_are_all_there_stay_with_the_filter_that_masked_them(
    several: TrainingRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    filing.write_files(several)
    written = files(several)
    monkeypatch.setattr(shards, "VERSION", "another")
    filing.write_files(several)
    assert files(several) == written
    assert json.loads(written["card.json"])["filter_version"] == redaction.VERSION


def test_of_two_workers_that_write_the_same_shard_the_first_stays(several: TrainingRun) -> None:
    def meanwhile(_rows: int) -> None:
        if shards.pending(several)[0] == 0:
            assert shards.write_shard(several, 0)
            first.update(files(several))

    first: dict[str, bytes] = {}
    assert shards.write_shard(several, 0, on_batch=meanwhile) is False

    assert {name: content for name, content in first.items() if not name.endswith(store.PART)} == files(several)
    assert list(files(several)) == ["shard-00000.parquet"]


def test_ordinary_tools_open_the_files(several: TrainingRun) -> None:
    filing.write_files(several)
    expected = {value["id"]: value["messages"][0]["text"] for value in exported(several)}
    assert len(expected) == 10
    pattern = f"{store.folder_of(several)}/*.parquet"

    with duckdb.connect() as database:
        by_duckdb = database.execute(f"SELECT id, messages[1].text FROM '{pattern}'").fetchall()
    frames = [pd.read_parquet(store.path_of(shard)) for shard in several.shards.all()]
    by_pandas = {row.id: row.messages[0]["text"] for row in pd.concat(frames).itertuples()}

    assert dict(by_duckdb) == expected
    assert by_pandas == expected
    for shard in several.shards.all():
        file = pq.ParquetFile(BytesIO(store.read(store.path_of(shard))))
        assert file.schema_arrow.equals(SCHEMA, check_metadata=True)
        assert file.metadata.row_group(0).column(0).compression == "ZSTD"


def test_object_store_holds_the_same_files(several: TrainingRun, settings: Any, staff: User) -> None:
    """fsspec's store in memory has no folders and no renaming in place, as object stores have not."""
    filing.write_files(several)
    on_disk = files(several)
    several.shards.update(written_at=None, sha256="")
    settings.TRAINING_FILES = "memory://runs"

    filing.write_files(several)

    assert files(several) == on_disk
    assert list(differences(several)) == []
    start(several, staff)
    store.destroy(several)
    assert not files(several)
