"""SIGKILL at random moments of preparing, of writing files and of starting: run again, each ends as if nothing was."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from accounts.models import User
from conversations.models import Conversation
from privacy.models import Training
from tests.factories import MEANWHILE, SECOND, answer_as, make_conversation, make_staff, make_update, make_user
from tests.processes import manage
from tests.training.runs import files, held, make_run
from tests.training.test_command import run_command
from training import actions, filing, manifest, shards, store
from training.models import Purpose, State, TrainingRun
from training.triggers import TRIGGERS
from training.verification import differences

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.long]
TIMES = 10
TAKES = 240


@pytest.fixture
def mover() -> User:
    """Return who moves runs, where others have what can be used."""
    make_update()
    for number in range(4):
        person = make_user(f"person-{number}@example.com")
        answer_as(person, Training.ALLOW)
        for turn in range(3):
            make_conversation(person, f"Call me on +1 212 555 01{number}{turn}, 你好", at=MEANWHILE + SECOND)
    return make_staff()


@pytest.fixture(autouse=True)
def _small_files(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(manifest, "SHARD_SIZE", 4)
    monkeypatch.setattr(shards, "BATCH", 2)


def killed(act: str, mover: User, runs: list[TrainingRun]) -> list[TrainingRun]:
    """Do an act to one run, kill it at a random moment for each of the others, and return those."""
    arguments = [act, mover.email, *(str(run.pk) for run in runs)]
    script = f"from tests.training.fork_and_kill import main; main(*{arguments!r})"
    process = manage("shell", "--no-imports", "-c", script)
    out, _err = process.communicate(timeout=TAKES)
    assert out.endswith(f"moments, {TIMES} died\n"), out
    for run in runs:
        run.refresh_from_db()
    assert list(differences(runs[0])) == [] or act == "freeze"
    return runs[1:]


def check_no_half_file(run: TrainingRun) -> dict[str, bytes]:
    """Check that what is written down is there, and return the files that have the name of one that is whole."""
    found = files(run)
    for shard in run.shards.filter(written_at__isnull=False):
        assert store.sha256_of(store.path_of(shard)) == shard.sha256
    if run.state in {State.STARTED, State.FINISHED}:
        assert list(differences(run)) == []
    return {name: content for name, content in found.items() if not name.endswith(store.PART)}


def written_without_a_kill(run: TrainingRun, settings: Any) -> dict[str, bytes]:
    """Write the files of a run's manifest somewhere else, in one go, and return them."""
    settings.TRAINING_FILES = f"{settings.TRAINING_FILES}-again"
    run.shards.update(written_at=None, sha256="", size=0, masked={})
    run.rows.update(sha256="")
    filing.write_files(run)
    found = files(run)
    settings.TRAINING_FILES = settings.TRAINING_FILES.removesuffix("-again")
    return found


@contextmanager
def without_triggers() -> Iterator[None]:
    with connection.cursor() as cursor:
        for trigger in TRIGGERS.expected(connection).values():
            on = "" if connection.vendor == "sqlite" else f" ON {trigger.table}"
            cursor.execute(f"DROP TRIGGER {trigger.name}{on}")
    yield
    TRIGGERS.install(connection)


def test_prepare_killed_at_any_moment_has_frozen_nothing_or_all(mover: User, settings: Any) -> None:
    runs = [actions.create_run(mover, Purpose.MODEL_IMPROVEMENT, at=MEANWHILE) for _time in range(TIMES + 1)]

    left = set()
    for run in killed("freeze", mover, runs):
        left.add((run.state, run.frozen_at is not None))
        assert run.rows.count() == (0 if run.state == State.DRAFT else 12)
        assert run.shards.count() == (0 if run.state == State.DRAFT else 3)
        run_command("prepare", str(run.pk), "--by", mover.email)
        run.refresh_from_db()
        assert held(run) == set(Conversation.objects.all())
        assert list(differences(run)) == []

    assert (State.DRAFT, True) in left, "none was killed in the middle"
    assert files(run) == written_without_a_kill(run, settings)


def test_export_killed_at_any_moment_goes_on_and_ends_the_same(mover: User, settings: Any) -> None:
    runs = [actions.create_run(mover, Purpose.MODEL_IMPROVEMENT, at=MEANWHILE) for _time in range(TIMES + 1)]
    for run in runs:
        actions.prepare_run(run, mover, at=timezone.now())

    left = []
    for run in killed("prepare", mover, runs):
        whole = check_no_half_file(run)
        left.append(len(shards.pending(run)))
        run_command("prepare", str(run.pk), "--by", mover.email)
        run.refresh_from_db()
        found = files(run)
        assert whole.items() <= found.items()
        assert list(differences(run)) == []
        assert found == written_without_a_kill(run, settings)

    assert {1, 2} <= set(left), "none was killed in the middle"


def test_start_killed_at_any_moment_has_started_whole_or_not_at_all(mover: User, settings: Any) -> None:
    runs = [make_run(mover, at=timezone.now()) for _time in range(TIMES + 1)]
    gone = Conversation.objects.order_by("pk").first()
    assert gone
    # Deleted, as by an act whose task died; and a file that is not what was written any more.
    Conversation.objects.filter(pk=gone.pk).update(deleted_at=timezone.now())
    for run in runs:
        store.write(store.path_of(run.shards.get(number=1)), b"damaged")

    left = []
    for run in killed("start", mover, runs):
        whole = check_no_half_file(run) if run.state == State.STARTED else {}
        left.append(-1 if run.state == State.STARTED else len(shards.pending(run)))
        if run.state != State.STARTED:
            run_command("start", str(run.pk), "--by", mover.email)
            run.refresh_from_db()
        assert run.state == State.STARTED
        assert held(run) == set(Conversation.objects.exclude(pk=gone.pk))
        assert list(differences(run)) == []
        assert not whole or whole == files(run)

    with without_triggers():
        TrainingRun.objects.update(state=State.PREPARED)
        for run in runs[1:]:
            assert files(run) == written_without_a_kill(run, settings)
    assert {1, 2} & set(left), "none was killed in the middle"
