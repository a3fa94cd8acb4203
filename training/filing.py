"""The files of a prepared run follow its manifest: what is taken out of the one leaves the other, and is written again.

Which locks are taken, and in which order, is said in `training/actions.py`.
"""

from collections.abc import Callable
from datetime import datetime

from django.db import transaction
from django.utils import timezone

from accounts.journal import require_replayed
from training import card, manifest, store
from training.models import Removal, Shard, State, TrainingRun
from training.problems import noting_problems
from training.shards import pending, write_shard

# How many noted removals one statement names, each of them twice. PostgreSQL takes 65,535 parameters, and a replay may
# have noted more.
REMOVALS = 10_000


def take_out_removed(run: TrainingRun) -> None:
    """Take out of a prepared run what acts have removed, with the files that held it."""
    with transaction.atomic():
        run = TrainingRun.objects.select_for_update(no_key=True).get(pk=run.pk)
        if run.state == State.PREPARED:
            removed_taken_out(run)
        elif run.state == State.CANCELLED:
            run.removals.all().delete()


def removed_taken_out(run: TrainingRun) -> list[Shard]:
    """Do the same to a run that is locked, and return the shards whose files have to be written again."""
    noted, shards = list(run.removals.order_by("pk").values_list("pk", flat=True)), []
    for begin in range(0, len(noted), REMOVALS):
        # By their keys: what an act notes that is committed meanwhile is not to be deleted unseen.
        removals = Removal.objects.filter(run=run, pk__in=noted[begin : begin + REMOVALS])
        shards += _taken_out(manifest.take_out(run, manifest.removed(run, removals)))
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
            removed_taken_out(run)
            _taken_out(manifest.take_out(run, manifest.ineligible(run, at)))


def take_out_of_every_run(at: datetime) -> None:
    """Do the same to each prepared run: what is ineligible at an instant stays out, whatever may be in the next."""
    for run in TrainingRun.objects.filter(state=State.PREPARED):
        take_out_ineligible(run, at)


def write_files(run: TrainingRun, *, on_batch: Callable[[int], object] = lambda _count: None) -> None:
    """Write what is missing of a prepared run's files.

    Raises OSError, Incomplete or TooSlow where that can't be done, which the run says too; or Behind.
    """
    with noting_problems(run):
        # Where an earlier release has masked some, the first one that is written has the others written again.
        for _time in range(2):
            for number in pending(run):
                write_shard(run, number, on_batch=on_batch)
        file_run(run)


def file_run(run: TrainingRun) -> bool:
    """Write the card of a prepared run once all its shards are written, and return whether they are. Raises Behind."""
    require_replayed()
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


def renew_files(run: TrainingRun, *, on_file: Callable[[int], object] = lambda _count: None) -> None:
    """Let the files of a prepared run that are not as they were written be written again.

    `on_file` is called with how many conversations are in each file that was looked at.
    """
    for shard in run.shards.filter(written_at__isnull=False):
        try:
            is_whole = store.sha256_of(store.path_of(shard)) == shard.sha256
        except FileNotFoundError:
            is_whole = False
        if not is_whole:
            _renew(shard)
        on_file(shard.conversations)


@transaction.atomic
def _renew(shard: Shard) -> None:
    run = TrainingRun.objects.select_for_update(no_key=True).get(pk=shard.run_id)
    if run.state == State.PREPARED:
        Shard.objects.filter(pk=shard.pk, version=shard.version).update(written_at=None, sha256="")
        run.filed_at = None
        run.save(update_fields=["filed_at"])
