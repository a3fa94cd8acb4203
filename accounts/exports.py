"""The download of all that is held about a person: one JSON file, written outside of requests (rule D5).

Items are written as they are read, so memory stays flat however much there is. The file has another name until it is
whole; a task that was killed starts over when it is run again.
"""

import json
import logging
import os
import uuid
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import IO, Any

from django.conf import settings
from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import translation

from accounts import clock, personal_data
from accounts.actions import lock_user
from accounts.models import DataExport, User

logger = logging.getLogger(__name__)

FORMAT = 1
KEPT_FOR = timedelta(days=7)
# After how many items progress is noted.
STEP = 200


class Overtaken(Exception):
    """The export came to an end otherwise: another task has written it, or another was asked for."""


def path_of(export: DataExport) -> Path:
    """Return where the file of an export is, or will be."""
    return Path(settings.EXPORTS_DIR) / f"{export.pk}.json"


@transaction.atomic
def request_export(user: User, *, at: datetime) -> DataExport:
    """Return the export that is being written for someone, or a new one that is to be."""
    user = lock_user(user)
    running = DataExport.objects.filter(user=user, finished_at__isnull=True, failed_at__isnull=True).first()
    if running is not None and running.is_running(at):
        return running
    if running is not None:
        DataExport.objects.filter(pk=running.pk).update(failed_at=at)
    return DataExport.objects.create(user=user, requested_at=at, moved_at=at)


def write_export(key: uuid.UUID) -> None:
    """Write the file of an export. Whatever goes wrong is noted, for the page to say so, and leaves no file."""
    export = DataExport.objects.select_related("user").filter(pk=key, finished_at=None, failed_at=None).first()
    if export is None:
        return
    path = path_of(export)
    written = path.with_suffix(f".{uuid.uuid4().hex}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with os.fdopen(os.open(written, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
            with translation.override(export.user.language):
                _write(export, file)
            file.flush()
            os.fsync(file.fileno())
        _publish(export, written, path)
    except Exception:
        logger.exception("The data export %s could not be written.", export.pk)
        with suppress(OSError):
            written.unlink()
        _unfinished(export).update(failed_at=clock.now())


def _unfinished(export: DataExport) -> QuerySet[DataExport]:
    """Return the row of an export, unless it has come to an end: another task may have brought it there."""
    return DataExport.objects.filter(pk=export.pk, finished_at=None, failed_at=None)


@transaction.atomic
def _publish(export: DataExport, written: Path, path: Path) -> None:
    """Give a whole file its name, and remove the one before it."""
    lock_user(export.user)
    now, total = clock.now(), export.total
    done = _unfinished(export).update(done=total, total=total, moved_at=now, finished_at=now, expires_at=now + KEPT_FOR)
    if not done:
        raise Overtaken
    remove(DataExport.objects.filter(user=export.user, finished_at__isnull=False).exclude(pk=export.pk))
    written.rename(path)


def _write(export: DataExport, file: IO[str]) -> None:
    """Write everything as one JSON object, with a list for each holding."""
    user, done = export.user, 0
    export.total = sum(holding.count(user) for holding in personal_data.HOLDINGS)
    _note(export, done)
    head = {"format": FORMAT, "product": settings.PRODUCT_NAME, "made_at": export.requested_at}
    file.write(_json(head)[:-1])
    for holding in personal_data.HOLDINGS:
        file.write(f",\n{_json(holding.name)}: [")
        for number, item in enumerate(holding.export(user)):
            file.write(("," if number else "") + "\n" + _json(item))
            done += 1
            if done % STEP == 0:
                _note(export, done)
        file.write("]")
    file.write("}\n")


def _note(export: DataExport, done: int) -> None:
    written = _unfinished(export).filter(user__closed_at=None)
    if not written.update(done=min(done, export.total), total=export.total, moved_at=clock.now()):
        raise Overtaken


def _json(value: Any) -> str:
    return json.dumps(value, default=_plain, ensure_ascii=False)


def _plain(value: Any) -> str:
    """Return an instant to its last microsecond, in UTC, as the hashes of consent records have it."""
    return value.astimezone(UTC).isoformat(timespec="microseconds") if isinstance(value, datetime) else str(value)


def remove(found: QuerySet[DataExport]) -> None:
    """Remove exports with their files, finished or not."""
    for export in found:
        for path in (path_of(export), *path_of(export).parent.glob(f"{export.pk}.*.part")):
            path.unlink(missing_ok=True)
        export.delete()


def expired(at: datetime) -> QuerySet[DataExport]:
    """Return the exports whose file is past its date, and those that came to nothing as long ago."""
    nothing = Q(finished_at=None, moved_at__lte=at - KEPT_FOR)
    return DataExport.objects.filter(Q(expires_at__lte=at) | nothing)


def purge_strays() -> None:
    """Remove the files that no export names: what a killed task or a restored database has left behind."""
    for path in _stray_files():
        with suppress(FileNotFoundError):
            path.unlink()


def _stray_files() -> Iterator[Path]:
    for path in Path(settings.EXPORTS_DIR).glob("*"):
        try:
            key = uuid.UUID(path.name.partition(".")[0])
        except ValueError:
            continue
        export = DataExport.objects.filter(pk=key).first()
        if export is None or (not export.finished_at if path.suffix == ".json" else not export.is_running(clock.now())):
            yield path
