"""A disk that is really full: a small file system of its own, filled to its last byte."""

import subprocess
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any

import pytest
from django.core.management import CommandError

from accounts.models import User
from tests.conftest import MoveClock
from tests.factories import MEANWHILE, SECOND, make_conversation
from tests.training.runs import LATER, files, start
from tests.training.test_command import run_command
from training import actions, filing, manifest, shards, store, tasks
from training.models import Purpose, State, TrainingRun
from training.verification import differences

pytestmark = pytest.mark.django_db
FULL = "No space left on device"


class Disk:
    """A file system of 400 KB."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def fill(self, *, but: int = 0) -> None:
        """Fill it but for some bytes."""
        with (self.path / "filler").open("wb", buffering=0) as file:
            try:
                while True:
                    file.write(bytes(4096))
            except OSError:
                file.truncate(max(0, file.tell() - but))

    def make_room(self) -> None:
        (self.path / "filler").unlink()


@pytest.fixture
def disk(tmp_path: Path, settings: Any) -> Iterator[Disk]:
    """Return the disk that the files of runs are on."""
    command = ["mount", "-t", "tmpfs", "-o", "size=400k", "tmpfs", str(tmp_path)]
    made = subprocess.run(command, check=False, capture_output=True, text=True)
    if made.returncode:
        pytest.skip(f"needs a small file system, which only root can mount: {made.stderr.strip()}")
    settings.TRAINING_FILES = str(tmp_path / "training")
    yield Disk(tmp_path)
    subprocess.run(["umount", tmp_path], check=True)


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, disk: Disk, staff: User, allowing: User) -> TrainingRun:
    """Return a prepared run of three shards, none of which is written yet."""
    monkeypatch.setattr(manifest, "SHARD_SIZE", 2)
    monkeypatch.setattr(shards, "BATCH", 1)
    for number in range(6):
        # What does not compress: each shard is larger than the room that a test leaves.
        bits = Random(number).getrandbits
        words = " ".join(f"{bits(24):b}" for _word in range(1500))
        make_conversation(allowing, words, at=MEANWHILE + SECOND)
    run = actions.create_run(staff, Purpose.MODEL_IMPROVEMENT, at=LATER)
    actions.prepare_run(run, staff, at=LATER)
    run.refresh_from_db()
    return run


def check_stopped(run: TrainingRun, written: int) -> None:
    """Check that a run says what stopped it, and has so many whole shards and nothing else."""
    run.refresh_from_db()
    assert run.state == State.PREPARED
    assert FULL in run.problem
    assert run.filed_at is None
    assert set(files(run)) == {store.name_of(shard) for shard in run.shards.filter(written_at__isnull=False)}
    assert len(files(run)) == written


def check_whole(run: TrainingRun) -> None:
    run.refresh_from_db()
    assert (run.problem, len(files(run))) == ("", 5)
    assert list(differences(run)) == []


@pytest.mark.parametrize("room", [0, 4096, 8192])
def test_command_stops_where_the_disk_is_full_and_goes_on_when_there_is_room(
    run: TrainingRun, disk: Disk, staff: User, moved_to: MoveClock, room: int
) -> None:
    moved_to(LATER)
    shards.write_shard(run, 0)
    disk.fill(but=room)

    with pytest.raises(CommandError, match=FULL):
        run_command("prepare", str(run.pk), "--by", staff.email)

    check_stopped(run, 1)
    disk.make_room()
    assert "written" in run_command("prepare", str(run.pk), "--by", staff.email)
    check_whole(run)


def test_task_notes_that_the_disk_is_full(run: TrainingRun, disk: Disk) -> None:
    shards.write_shard(run, 0)
    disk.fill(but=4096)

    tasks.write_files.delay(str(run.pk))

    check_stopped(run, 1)
    disk.make_room()
    tasks.write_files.delay(str(run.pk))
    check_whole(run)


def test_run_does_not_start_where_the_disk_is_full(run: TrainingRun, disk: Disk, staff: User) -> None:
    filing.write_files(run)
    whole = files(run)
    store.discard(store.path_of(run.shards.get(number=1)))
    disk.fill()

    with pytest.raises(OSError, match=FULL):
        start(run, staff)

    run.refresh_from_db()
    assert run.state == State.PREPARED
    assert FULL in run.problem
    disk.make_room()
    start(run, staff)
    assert files(run) == whole
    assert list(differences(run)) == []


def test_card_that_has_no_room_leaves_the_run_unfiled(run: TrainingRun, disk: Disk) -> None:
    for number in shards.pending(run):
        shards.write_shard(run, number)
    disk.fill()

    tasks.write_files.delay(str(run.pk))

    check_stopped(run, 3)
    disk.make_room()
    tasks.write_file.delay(str(run.pk), 2)
    check_whole(run)
