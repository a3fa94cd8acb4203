"""What this app holds of a person: which runs hold, or held, a conversation of theirs, and who moved runs."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from django.db.models import Count, Exists, OuterRef, Q, QuerySet

from accounts.models import User
from accounts.personal_data import Holding, in_batches
from conversations.models import Conversation
from privacy.models import ConsentRecord, Kind
from training.models import FROZEN, HOLDS, ManifestRow, Removal, RunMove, Step, TrainingRun


def rows_of(user: User) -> QuerySet[ManifestRow]:
    """Return the rows of runs that rest on a consent record of someone's.

    That finds conversations that are deleted too: a started run keeps what it has (rule D6).
    """
    allowed = ConsentRecord.objects.filter(principal=user.principal, kind=Kind.TRAINING_ALLOWED)
    return ManifestRow.objects.filter(record__in=allowed, run__state__in=HOLDS)


def runs_with_something_of(user: User, at: datetime) -> list[tuple[TrainingRun, int]]:
    """Return the runs that hold conversations of someone's, each with how many. The latest comes first.

    Of one that has not started only what may still be used counts: the rest is taken out before it does.
    """
    eligible = Conversation.objects.eligible(at).filter(user=user, pk=OuterRef("conversation"))
    held = rows_of(user).filter(Q(run__state__in=FROZEN) | Exists(eligible)).order_by()
    counts = dict(held.values_list("run").annotate(count=Count("pk")))
    return [(run, counts[run.pk]) for run in TrainingRun.objects.filter(pk__in=counts)]


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


def _moves(user: User) -> QuerySet[RunMove]:
    return RunMove.objects.filter(moved_by=user.principal)


def _steps(user: User) -> QuerySet[Step]:
    return Step.objects.filter(asked_by=user.principal)


def _acts(user: User) -> Iterator[dict[str, Any]]:
    """Yield what someone did with runs, and asked of them, as a member of staff."""
    for move in in_batches(_moves(user)):
        yield {"run": str(move.run_id), "moved_to": move.state, "reason": move.reason, "at": move.at}
    for step in in_batches(_steps(user)):
        yield {"run": str(step.run_id), "asked_for": step.doing, "reason": step.reason, "at": step.asked_at}


def _stays(_user: User) -> None:
    """Leave it: what a started run has leads to nobody, and what goes out of another one is noted already."""


HOLDINGS = (
    Holding("training_runs", (ManifestRow, Removal), lambda user: rows_of(user).count(), _export, _stays),
    # Who of the staff moved a run, or asked for it, is part of why it is where it is.
    Holding(
        "moves_of_training_runs",
        (RunMove, Step),
        lambda user: _moves(user).count() + _steps(user).count(),
        _acts,
        _stays,
    ),
)
