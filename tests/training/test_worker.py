"""A run through a real broker and real workers, one of which is killed in the middle of a file."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from accounts.models import User
from consent_site.celery import app
from privacy.models import Training
from tests.factories import answer_as, make_conversation, make_staff, make_update, make_user
from tests.processes import start
from tests.training.runs import exported, files
from tests.training.test_command import run_command
from training import actions, manifest, steps, store, tasks
from training.models import Doing, Purpose, Removal, State, TrainingRun
from training.verification import differences

BROKER = os.environ.get("CELERY_BROKER_URL", "")
TAKES = 120
QUEUE = f"runs-{os.getpid()}"
# As many as a filter takes a while for.
WORDS = "Call me on +1 212 555 0123 about the plan for the weekend. 我们周末去爬山吧。 " * 1000

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.long,
    # As in `consent_site.test_worker`.
    pytest.mark.postgresql,
    pytest.mark.skipif(not BROKER, reason="needs Redis: name it in CELERY_BROKER_URL"),
]

StartWorker = Callable[[], "subprocess.Popen[str]"]


@pytest.fixture
def start_worker() -> Iterator[StartWorker]:
    """Return what starts one more worker on the tests' database; what is asked for meanwhile is sent to them."""
    before = {name: getattr(app.conf, name) for name in ("task_always_eager", "task_default_queue")}
    app.conf.update(task_always_eager=False, task_default_queue=QUEUE)
    workers: list[subprocess.Popen[str]] = []

    def run() -> "subprocess.Popen[str]":
        worker = start(
            *("-m", "celery", "-A", "consent_site", "worker", "--pool", "solo", "--queues", QUEUE),
            *("--loglevel", "INFO", "--without-mingle", "--hostname", f"worker-{len(workers)}@{QUEUE}"),
            CELERY_BROKER_URL=BROKER,
            CELERY_QUEUE=QUEUE,
            # What a killed worker had is another's after seconds here, not after a quarter of an hour.
            VISIBILITY_TIMEOUT="5",
        )
        workers.append(worker)
        return worker

    yield run
    app.conf.update(before)
    for worker in workers:
        worker.terminate()
        out, _err = worker.communicate(timeout=TAKES)
        sys.stdout.write(out)


def wait_for(done: Callable[[], bool]) -> None:
    until = time.monotonic() + TAKES
    while not done():
        assert time.monotonic() < until, "it takes too long"
        time.sleep(0.01)


def is_now(run: TrainingRun, **fields: object) -> Callable[[], bool]:
    return lambda: TrainingRun.objects.filter(pk=run.pk, **fields).exists()


@pytest.fixture
def people() -> list[User]:
    make_update()
    people = [make_user(f"person-{number}@example.com") for number in range(4)]
    for person in people:
        answer_as(person, Training.ALLOW)
        for _turn in range(2):
            make_conversation(person, WORDS)
    return people


def test_run_whose_worker_is_killed_is_written_by_another_and_started(
    people: list[User], start_worker: StartWorker, monkeypatch: pytest.MonkeyPatch, settings: Any
) -> None:
    monkeypatch.setattr(manifest, "SHARD_SIZE", 2)
    staff, now = make_staff(), timezone.now()
    run = actions.create_run(staff, Purpose.MODEL_IMPROVEMENT, at=now)
    actions.prepare_run(run, staff, at=now)

    # Written by one worker, killed in the middle of a file, and by another.
    killed = start_worker()
    tasks.write_files.delay(str(run.pk))
    wait_for(lambda: any(name.endswith(store.PART) for name in store.names_in(run)))
    killed.kill()
    killed.wait()
    assert any(name.endswith(store.PART) for name in store.names_in(run)), "it was not in the middle"
    assert run.shards.filter(written_at__isnull=True).exists()
    start_worker()
    wait_for(is_now(run, filed_at__isnull=False))
    run.refresh_from_db()
    assert list(differences(run)) == []
    assert len(exported(run)) == 8
    whole = files(run)

    # A withdrawal takes its files away at once, and the next look writes what is left.
    answer_as(people[0], Training.REFUSE, at=now + timedelta(seconds=1))
    wait_for(lambda: not Removal.objects.exists())
    wait_for(lambda: bool(set(whole) - set(files(run))))
    run.refresh_from_db()
    assert run.filed_at is None
    tasks.keep_runs.delay()
    wait_for(is_now(run, filed_at__isnull=False))
    assert len(exported(run)) == 6

    # The command has workers write, and an old problem is no problem of what it asks for now.
    answer_as(people[1], Training.REFUSE, at=now + timedelta(seconds=1))
    wait_for(lambda: not Removal.objects.exists())
    TrainingRun.objects.update(problem="No space left on device")
    settings.CELERY_BROKER_URL = BROKER
    assert "written" in run_command("prepare", str(run.pk), "--by", staff.email)
    assert len(exported(run)) == 4

    # Sent twice, as a broker may: it starts once.
    step = steps.ask_for(run, Doing.START, staff, at=timezone.now(), reason="The autumn model.")
    for _time in range(2):
        tasks.take_step.delay(step.pk)
    wait_for(is_now(run, state=State.STARTED))
    tasks.keep_runs.delay()
    answer_as(people[2], Training.REFUSE, at=now + timedelta(seconds=2))
    run.refresh_from_db()
    assert (run.problem, len(exported(run))) == ("", 4)
    assert run.moves.get(state=State.STARTED).moved_by == staff.principal
    assert list(differences(run)) == []
