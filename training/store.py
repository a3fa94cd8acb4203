"""Where the files of runs are: a folder, or an object store that fsspec knows (`TRAINING_FILES`).

A file is written under a name of its own and renamed, so that whatever has its right name is whole.
"""

import errno
import hashlib
import json
import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from typing import IO, Any

import fsspec
from django.conf import settings
from django.utils import timezone
from fsspec.implementations.local import LocalFileSystem

from training.models import Shard, TrainingRun

PART = ".part"
# A part that nobody has appended to for so long is nobody's.
ABANDONED_AFTER = timedelta(hours=1)
# The least that is read at a time, to hash a file with flat memory.
CHUNK = 1 << 20


class HashingFile:
    """A file that is only appended to, which knows its SHA-256 and its size in bytes by the time it is whole."""

    def __init__(self, file: IO[bytes]) -> None:
        self.file, self.size, self._hash = file, 0, hashlib.sha256()

    def write(self, data: bytes) -> int:
        """Append, and return how many bytes that was."""
        view = memoryview(data)
        self._hash.update(view)
        self.size += view.nbytes
        self.file.write(view)
        return view.nbytes

    def tell(self) -> int:
        """Return where the next byte goes."""
        return self.size

    def flush(self) -> None:
        """Leave it to the end: nobody reads what is not whole."""

    def close(self) -> None:
        """Leave it to who opened it."""

    @property
    def closed(self) -> bool:
        """Return whether it is closed."""
        return bool(self.file.closed)

    @property
    def sha256(self) -> str:
        """Return the hash of what was written, as hexadecimal digits."""
        return self._hash.hexdigest()


def _place() -> tuple[Any, str]:
    """Return the file system and the folder in it where runs are."""
    filesystem, root = fsspec.core.url_to_fs(str(settings.TRAINING_FILES))
    return filesystem, str(root).rstrip("/")


def folder_of(run: TrainingRun) -> str:
    """Return the folder of a run."""
    return f"{_place()[1]}/{run.pk}"


def path_of(shard: Shard) -> str:
    """Return the path of a shard's file."""
    return f"{_place()[1]}/{shard.run_id}/{name_of(shard)}"


def name_of(shard: Shard) -> str:
    """Return the name of a shard's file: another one each time that something was taken out of it.

    So what held it can be removed while a new one is being written.
    """
    return f"shard-{shard.number:05}{f'-{shard.version}' if shard.version else ''}.parquet"


@contextmanager
def written(path: str) -> Iterator[tuple[HashingFile, str]]:
    """Open a part of what is to stand at a path; it is whole on the disk when the block ends, and renamed by `keep`.

    Yields the file and the name of the part. Whatever goes wrong inside leaves nothing behind.
    """
    filesystem, _root = _place()
    part = f"{path}.{uuid.uuid4().hex}{PART}"
    is_local = isinstance(filesystem, LocalFileSystem)
    if is_local:
        os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)  # noqa: PTH103, PTH120 - a path of fsspec's
    try:
        with filesystem.open(part, "wb") as file:
            yield HashingFile(file), part
            if is_local:
                file.flush()
                os.fsync(file.fileno())
    except BaseException:
        discard(part)
        raise


def keep(part: str, path: str) -> None:
    """Give a part its right name, in place of what may stand there."""
    filesystem, _root = _place()
    if isinstance(filesystem, LocalFileSystem):
        os.replace(part, path)  # noqa: PTH105 - as above
        _sync_directory(os.path.dirname(path))  # noqa: PTH120 - as above
    else:
        filesystem.mv(part, path)


def _sync_directory(directory: str) -> None:
    """Wait until the names in a folder are on the disk: a started run says of its files that they are there."""
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def discard(path: str) -> None:
    """Remove a file, if it is there."""
    with suppress(FileNotFoundError):
        _place()[0].rm_file(path)


def write(path: str, content: bytes) -> None:
    """Write a small file."""
    with written(path) as (file, part):
        file.write(content)
    keep(part, path)


def read(path: str) -> bytes:
    """Return a small file. Raises FileNotFoundError."""
    return bytes(_place()[0].cat_file(path))


def open_file(path: str) -> IO[bytes]:
    """Open a file to be read. Raises FileNotFoundError."""
    opened: IO[bytes] = _place()[0].open(path, "rb")
    return opened


def sha256_of(path: str) -> str:
    """Return the hash of a file, read a piece at a time. Raises FileNotFoundError."""
    digest = hashlib.sha256()
    with open_file(path) as file:
        while chunk := file.read(CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


def names_in(run: TrainingRun) -> set[str]:
    """Return the names of all that is in the folder of a run."""
    filesystem, _root = _place()
    folder = folder_of(run)
    if not filesystem.exists(folder):
        return set()
    filesystem.invalidate_cache()
    return {str(path).rsplit("/", 1)[-1] for path in filesystem.ls(folder, detail=False)}


def runs_with_files() -> Iterator[uuid.UUID]:
    """Yield the ids of the runs there are folders of. What else there is in that place is not ours."""
    filesystem, root = _place()
    if not filesystem.exists(root):
        return
    filesystem.invalidate_cache()
    for path in filesystem.ls(root, detail=False):
        with suppress(ValueError):
            yield uuid.UUID(str(path).rstrip("/").rsplit("/", 1)[-1])


def discard_abandoned(run: TrainingRun) -> None:
    """Remove the parts that killed workers have left: nothing was appended to them for long."""
    filesystem, _root = _place()
    for name in names_in(run):
        path = f"{folder_of(run)}/{name}"
        with suppress(FileNotFoundError):
            if name.endswith(PART) and filesystem.modified(path) <= timezone.now() - ABANDONED_AFTER:
                discard(path)


def destroy(run: TrainingRun) -> None:
    """Remove the files of a run, with its folder. It can be stopped anywhere and run again.

    A worker that removes or leaves a file in there at the same moment is met again: what is found then is removed too.
    """
    filesystem, _root = _place()
    folder = folder_of(run)
    while filesystem.exists(folder):
        try:
            filesystem.rm(folder, recursive=True)
        except OSError as problem:
            if not isinstance(problem, FileNotFoundError) and problem.errno != errno.ENOTEMPTY:
                raise


def as_json(value: dict[str, Any]) -> bytes:
    """Return a value as the JSON that is written beside the shards."""
    return (json.dumps(value, ensure_ascii=False, indent=2) + "\n").encode()
