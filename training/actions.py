"""What staff do with a training run. Each move is recorded; between the moves, files follow the manifest (`filing`).

The order that decides is the order of commits (rule E1). An act that makes something ineligible notes a `Removal` in
its own transaction, for every run whose freeze has begun. `lock_everyone` waits for the acts under way: before the
freeze, so that each of them either shows in what is frozen or notes its removal; and while a run is started, so that
each either is taken out or comes after the start.

Removals are noted for as long as a draft says when its freeze began. Where whoever froze it was killed, that would be
for ever: `give_up_freezes` takes it back. A freeze looks, once it holds the run's row, whether its beginning still
stands; so none ever rests on removals that were not noted.

The run's row is locked first, then everyone, then shards: whoever waits for a run, while it is frozen or a file gets
its name, keeps nobody else waiting. An act holds its person and never waits for a run.
"""

import uuid
from collections.abc import Callable
from datetime import datetime, timedelta

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils import timezone

from accounts.actions import lock_everyone
from accounts.journal import require_replayed
from accounts.models import User
from conversations.eligibility import Reason
from conversations.redaction import VERSION
from training import filing, manifest, store
from training.models import Purpose, RunMove, State, TrainingRun
from training.problems import Overdue, Unsettled, WrongState
from training.records import SCHEMA_VERSION

PERMISSION = "training.move_trainingrun"


def check_mover(user: User) -> None:
    """Raise PermissionDenied unless someone may move runs."""
    if not (user.is_active and user.is_staff and user.has_perm(PERMISSION)):
        raise PermissionDenied


def create_run(
    user: User, purpose: Purpose, *, at: datetime, reason: str = "", key: uuid.UUID | None = None
) -> TrainingRun:
    """Make a draft of a run; the same `key` twice is the same run. Raises PermissionDenied."""
    check_mover(user)
    with transaction.atomic():
        run, is_new = TrainingRun.objects.get_or_create(
            pk=key or uuid.uuid4(), defaults={"purpose": purpose, "created_at": at}
        )
        if is_new:
            _record_move(run, State.DRAFT, user, reason, at)
    return run


def prepare_run(run: TrainingRun, user: User, *, at: datetime, reason: str = "") -> int:
    """Freeze the manifest of a draft, and return how many conversations are in it. Its files are written next.

    Raises PermissionDenied, Behind or WrongState. What was killed half-way has frozen nothing, and can be done again.
    """
    check_mover(user)
    require_replayed()
    with transaction.atomic():
        run = _locked(run, State.PREPARED)
        lock_everyone()
        run.removals.all().delete()
        run.frozen_at = at
        run.save(update_fields=["frozen_at"])
    with transaction.atomic():
        run = _locked(run, State.PREPARED)
        if run.frozen_at != at:
            raise WrongState  # Another freeze has begun since, or this one was given up.
        counts = manifest.count_by_reason(at)
        run.kept_out = {reason: count for reason, count in counts.items() if reason != Reason.NONE}
        run.filter_version, run.schema_version = VERSION, SCHEMA_VERSION
        rows = manifest.freeze(run, at)
        run.save(update_fields=["kept_out", "filter_version", "schema_version"])
        _move(run, State.PREPARED, user, reason, at)
    filing.take_out_removed(run)
    return rows


# How long a freeze may wait for its run, once it has begun, until whoever began it is taken for dead.
GIVEN_UP_AFTER = timedelta(hours=1)


@transaction.atomic
def give_up_freezes(at: datetime) -> None:
    """Let drafts collect no more removals whose freeze was begun long ago, and is not going on."""
    begun = TrainingRun.objects.filter(state=State.DRAFT, frozen_at__lte=at - GIVEN_UP_AFTER)
    # Whoever freezes a run holds its row.
    for run in begun.select_for_update(no_key=True, skip_locked=True):
        run.removals.all().delete()
        run.frozen_at = None
        run.save(update_fields=["frozen_at"])


def _locked(run: TrainingRun, state: State) -> TrainingRun:
    """Return a run, re-read and locked, that can be moved to a state. Raises WrongState."""
    # Not FOR UPDATE: an act that notes a removal refers to the run, and must not wait for it.
    run = TrainingRun.objects.select_for_update(no_key=True).get(pk=run.pk)
    if not run.can_move(state):
        raise WrongState
    return run


def _move(run: TrainingRun, state: State, user: User | None, reason: str, at: datetime) -> None:
    """Move a locked run, and record it."""
    _record_move(run, state, user, reason, at)
    run.state, run.problem = state, ""
    run.save(update_fields=["state", "problem"])


def _record_move(run: TrainingRun, state: State, user: User | None, reason: str, at: datetime) -> None:
    moved_by = user.principal if user else None
    RunMove.objects.create(run=run, state=state, moved_by=moved_by, reason=reason, at=at, recorded_at=timezone.now())


# Starting, and what comes after

# How often files are written again because something was taken out meanwhile.
TRIES = 20


def start_run(
    run: TrainingRun,
    user: User,
    *,
    at: Callable[[], datetime],
    reason: str = "",
    on_batch: Callable[[int], object] = lambda _count: None,
) -> None:
    """Start a prepared run: from then on its rows and files are as they are.

    All of E2 is looked at again, and files that held what may not be used any more are written again first. That may
    take hours in which dates come: `at` gives the instant, and the run starts at one at which nothing was to be taken
    out. `on_batch` is called all along, with how many conversations were looked at or written since. Raises
    PermissionDenied, Behind, WrongState, Overdue, Unsettled, or OSError; then the run has not started, and can be
    started later, unless it is overdue.
    """
    check_mover(user)
    require_replayed()
    if not run.can_move(State.STARTED):
        raise WrongState
    begun = at()
    _check_in_time(run, begun)
    filing.take_out_ineligible(run, begun)
    filing.renew_files(run, on_file=on_batch)
    for _try in range(TRIES):
        filing.write_files(run, on_batch=on_batch)
        now = at()
        filing.take_out_ineligible(run, now)
        on_batch(0)
        if _start(run, user, reason, now):
            return
    raise Unsettled


def _check_in_time(run: TrainingRun, at: datetime) -> None:
    """Raise Overdue if a run has been prepared for so long that it cancels itself."""
    if TrainingRun.objects.overdue(State.PREPARED, at).filter(pk=run.pk).exists():
        raise Overdue


@transaction.atomic
def _start(run: TrainingRun, user: User, reason: str, at: datetime) -> bool:
    """Start a run whose files hold nothing that was removed by now, and return whether they do."""
    run = _locked(run, State.STARTED)
    _check_in_time(run, at)
    lock_everyone()
    if filing.removed_taken_out(run) or run.filed_at is None:
        return False
    _move(run, State.STARTED, user, reason, at)
    return True


def finish_run(run: TrainingRun, user: User, *, at: datetime, reason: str = "") -> None:
    """Say that the training is done. Raises PermissionDenied, Behind or WrongState."""
    check_mover(user)
    require_replayed()
    with transaction.atomic():
        _move(_locked(run, State.FINISHED), State.FINISHED, user, reason, at)


def cancel_run(run: TrainingRun, user: User | None, *, at: datetime, reason: str = "") -> None:
    """Cancel a run that has not started, with its files. Raises PermissionDenied, Behind or WrongState.

    Nobody cancels one that was prepared and forgotten.
    """
    if user is not None:
        check_mover(user)
    require_replayed()
    with transaction.atomic():
        run = _locked(run, State.CANCELLED)
        _empty(run)
        _move(run, State.CANCELLED, user, reason, at)
    destroy_files(run)


def _empty(run: TrainingRun) -> None:
    for rows in (run.rows.all(), run.shards.all(), run.removals.all()):
        rows._raw_delete(rows.db)
    run.filed_at = None
    run.save(update_fields=["filed_at"])


def destroy_files(run: TrainingRun) -> None:
    """Remove the files of a run that is finished or cancelled, and write down that they are gone."""
    store.destroy(run)
    TrainingRun.objects.filter(pk=run.pk, destroyed_at__isnull=True).update(destroyed_at=timezone.now())
