"""What staff do with a training run. Each move is recorded; between the moves, files follow the manifest.

The order that decides is the order of commits (rule E1). An act that makes something ineligible notes a `Removal` in
its own transaction, for every run whose freeze has begun. `lock_everyone` waits for the acts under way: before the
freeze, so that each of them either shows in what is frozen or notes its removal; and while a run is started, so that
each either is taken out or comes after the start.

The run's row is locked first, then everyone, then shards: whoever waits for a run, while it is frozen or a file gets
its name, keeps nobody else waiting. An act holds its person and never waits for a run.
"""

import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.actions import lock_everyone
from accounts.journal import Behind, require_replayed
from accounts.models import User
from conversations.eligibility import Reason
from conversations.recognisers import TooSlow
from conversations.redaction import VERSION
from training import card, manifest, store
from training.models import FROZEN, Purpose, Removal, RunMove, Shard, State, TrainingRun
from training.records import SCHEMA_VERSION, Incomplete
from training.shards import pending, write_shard

PERMISSION = "training.move_trainingrun"


class Refusal(Exception):
    """Something was not done to a run. `message` says why, to who asked for it."""

    message = _("That can’t be done.")


class WrongState(Refusal):
    """The run is not where it could be moved from."""

    message = _("The run can’t be moved there from where it is. Someone else may have moved it.")


class Unsettled(Refusal):
    """Something was taken out again and again while the files were written."""

    message = _("Something was taken out of the run while its files were being written. Try again.")


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
        counts = manifest.count_by_reason(at)
        run.kept_out = {reason: count for reason, count in counts.items() if reason != Reason.NONE}
        run.filter_version, run.schema_version = VERSION, SCHEMA_VERSION
        rows = manifest.freeze(run, at)
        run.save(update_fields=["kept_out", "filter_version", "schema_version"])
        _move(run, State.PREPARED, user, reason, at)
    take_out_removed(run)
    return rows


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


# Between the freeze and the start


def take_out_removed(run: TrainingRun) -> None:
    """Take out of a prepared run what acts have removed, with the files that held it."""
    with transaction.atomic():
        run = TrainingRun.objects.select_for_update(no_key=True).get(pk=run.pk)
        if run.state == State.PREPARED:
            _take_out_removed(run)
        elif run.state == State.CANCELLED:
            run.removals.all().delete()


def _take_out_removed(run: TrainingRun) -> list[Shard]:
    """Do the same to a run that is locked, and return the shards whose files have to be written again."""
    removals = Removal.objects.filter(run=run, pk__in=list(run.removals.values_list("pk", flat=True)))
    shards = _taken_out(manifest.take_out(run, manifest.removed(run, removals)))
    removals.delete()
    return shards


def _taken_out(shards: list[Shard]) -> list[Shard]:
    """Remove the files of shards once it is committed that something in them must not be there."""
    for shard in shards:
        # Robust: where the store is away, the file is replaced before the run starts. (Django names in its log what
        # failed: a `partial` has no name, and would fail there.)
        transaction.on_commit(lambda shard=shard: store.discard(store.path_of(shard)), robust=True)  # type: ignore[misc]  # mypy infers no defaults
    return shards


def take_out_ineligible(run: TrainingRun, at: datetime) -> None:
    """Take out of a prepared run whatever any reason keeps out at an instant: all of E2 in one go."""
    with transaction.atomic():
        run = TrainingRun.objects.select_for_update(no_key=True).get(pk=run.pk)
        if run.state == State.PREPARED:
            _take_out_removed(run)
            _taken_out(manifest.take_out(run, manifest.ineligible(run, at)))


def write_files(run: TrainingRun, *, on_batch: Callable[[int], object] = lambda _count: None) -> None:
    """Write what is missing of a prepared run's files.

    Raises OSError, Incomplete or TooSlow where that can't be done, which the run says too.
    """
    with noting_problems(run):
        for number in pending(run):
            write_shard(run, number, on_batch=on_batch)
        file_run(run)


def file_run(run: TrainingRun) -> bool:
    """Write the card of a prepared run once all its shards are written, and return whether they are."""
    with transaction.atomic():
        run = TrainingRun.objects.select_for_update(no_key=True).get(pk=run.pk)
        if run.state != State.PREPARED or run.shards.filter(written_at__isnull=True).exists():
            return False
        _write_card(run)
        run.filed_at, run.problem = timezone.now(), ""
        run.save(update_fields=["filed_at", "problem"])
        return True


def _write_card(run: TrainingRun) -> None:
    files = card.files_of(card.card_of(run))
    for name, content in files.items():
        store.write(f"{store.folder_of(run)}/{name}", content)
    # What a killed worker has left is not part of the run.
    for stray in store.names_in(run) - {*files, *map(store.name_of, run.shards.all())}:
        store.discard(f"{store.folder_of(run)}/{stray}")


def renew_files(run: TrainingRun) -> None:
    """Let the files of a prepared run that are not as they were written be written again."""
    for shard in run.shards.filter(written_at__isnull=False):
        try:
            is_whole = store.sha256_of(store.path_of(shard)) == shard.sha256
        except FileNotFoundError:
            is_whole = False
        if not is_whole:
            _renew(shard)


@transaction.atomic
def _renew(shard: Shard) -> None:
    run = TrainingRun.objects.select_for_update(no_key=True).get(pk=shard.run_id)
    if run.state == State.PREPARED:
        Shard.objects.filter(pk=shard.pk, version=shard.version).update(written_at=None, sha256="")
        run.filed_at = None
        run.save(update_fields=["filed_at"])


# Starting, and what comes after

# How often files are written again because something was taken out meanwhile.
TRIES = 20


def start_run(run: TrainingRun, user: User, *, at: datetime, reason: str = "") -> None:
    """Start a prepared run: from then on its rows and files are as they are.

    All of E2 is looked at again, and files that held what may not be used any more are written again first. Raises
    PermissionDenied, Behind, WrongState, Unsettled, or OSError; then the run has not started, and can be started later.
    """
    check_mover(user)
    require_replayed()
    if not run.can_move(State.STARTED):
        raise WrongState
    take_out_ineligible(run, at)
    renew_files(run)
    for _try in range(TRIES):
        write_files(run)
        if _start(run, user, reason, at):
            return
    raise Unsettled


@transaction.atomic
def _start(run: TrainingRun, user: User, reason: str, at: datetime) -> bool:
    """Start a run whose files hold nothing that was removed by now, and return whether they do."""
    run = _locked(run, State.STARTED)
    lock_everyone()
    if _take_out_removed(run) or run.filed_at is None:
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


# What stops a step


def note_problem(run: TrainingRun, problem: Exception) -> None:
    """Write down, for staff, what keeps files from being written."""
    TrainingRun.objects.filter(pk=run.pk).exclude(state__in=FROZEN).update(problem=in_words(problem))


def forget_problem(run: TrainingRun) -> None:
    """Take back what was written down, where another try begins."""
    TrainingRun.objects.filter(pk=run.pk).exclude(state__in=FROZEN).update(problem="")


@contextmanager
def noting_problems(run: TrainingRun) -> Iterator[None]:
    """Write down what stops the writing of files, and raise it again."""
    try:
        yield
    except (OSError, Incomplete, TooSlow) as problem:
        note_problem(run, problem)
        raise


def in_words(problem: Exception) -> str:
    """Return what stopped something, in words for staff."""
    if isinstance(problem, Refusal | Incomplete | TooSlow):
        return str(problem.message)
    if isinstance(problem, PermissionDenied):
        return str(_("Only staff who may move training runs can do that."))
    if isinstance(problem, Behind):
        return str(_("This database is older than the journal, or the journal is missing. Replay the journal first."))
    return _("The files can’t be written or read: %(why)s.") % {"why": getattr(problem, "strerror", None) or problem}
