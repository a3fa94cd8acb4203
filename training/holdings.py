"""What this app holds of a person: which runs hold, or held, a conversation of theirs, and who moved runs."""

from collections.abc import Iterator
from typing import Any

from django.db.models import QuerySet

from accounts.holdings import nothing
from accounts.models import User
from accounts.personal_data import Holding, in_batches
from privacy.models import ConsentRecord, Kind
from training.manifest import SEEN
from training.models import ManifestRow, Removal, RunMove


def rows_of(user: User) -> QuerySet[ManifestRow]:
    """Return the rows of runs that rest on a consent record of someone's.

    That finds conversations that are deleted too: a started run keeps what it has (rule D6).
    """
    allowed = ConsentRecord.objects.filter(principal=user.principal, kind=Kind.TRAINING_ALLOWED)
    return ManifestRow.objects.filter(record__in=allowed, run__state__in=SEEN)


def _export(user: User) -> Iterator[dict[str, Any]]:
    for row in in_batches(rows_of(user).select_related("run")):
        yield {
            "conversation": str(row.conversation),
            "run": str(row.run_id),
            "purpose": row.run.purpose,
            "state": row.run.state,
            "manifest_frozen": row.run.frozen_at,
            "files_destroyed": row.run.destroyed_at,
            "messages": row.messages,
            "consent_record": str(row.record_id),
        }


def _stays(_user: User) -> None:
    """Leave it: what a started run has leads to nobody, and what goes out of another one is noted already."""


HOLDINGS = (
    Holding("training_runs", (ManifestRow, Removal), lambda user: rows_of(user).count(), _export, _stays),
    # Who of the staff moved a run is part of why it is where it is.
    Holding("moves_of_training_runs", (RunMove,), lambda _user: 0, nothing, _stays),
)
