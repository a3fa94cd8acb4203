"""The work outside of requests, through a real broker and a real worker: the same code as in process."""

import os
import sys
import time
from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from celery import Celery
from django.conf import settings
from django.utils import timezone

from accounts import exports, tasks
from accounts.models import User
from consent_site.celery import app
from conversations.models import Conversation, Purge
from conversations.tasks import purge_expired, shorten_retention
from privacy.models import Training, TrainingRefusal
from tests.factories import answer_as, make_conversation, make_staff, make_update, make_user
from tests.processes import start
from training.actions import create_run
from training.models import Doing, Purpose, State, Step, TrainingRun
from training.steps import ask_for
from training.tasks import take_step

BROKER = os.environ.get("CELERY_BROKER_URL", "")
TAKES = 60

pytestmark = [
    pytest.mark.django_db(transaction=True),
    # A worker writes beside the tests, which SQLite has no row locks for; `.ci/run` tests PostgreSQL with a broker.
    pytest.mark.postgresql,
    pytest.mark.skipif(not BROKER, reason="needs Redis: name it in CELERY_BROKER_URL"),
]


@pytest.fixture
def worker() -> Iterator[Celery]:
    """Run a worker on the tests' database, and send it what is asked for meanwhile."""
    # Each worker of pytest-xdist a queue of its own.
    queue = f"tests-{os.getpid()}"
    before = {name: getattr(app.conf, name) for name in ("task_always_eager", "task_default_queue")}
    app.conf.update(task_always_eager=False, task_default_queue=queue)
    process = start(
        *("-m", "celery", "-A", "consent_site", "worker", "--beat", "--pool", "solo", "--queues", queue),
        *("--loglevel", "INFO", "--schedule", str(settings.JOURNAL_DIR.parent / "schedule"), "--without-mingle"),
        CELERY_BROKER_URL=BROKER,
        CELERY_QUEUE=queue,
    )
    yield app
    app.conf.update(before)
    process.terminate()
    out, _err = process.communicate(timeout=TAKES)
    sys.stdout.write(out)


def waited_for(done: Callable[[], bool]) -> bool:
    until = time.monotonic() + TAKES
    while time.monotonic() < until:
        if done():
            return True
        time.sleep(0.1)
    return False


def test_worker_purges_shortens_and_exports(worker: Celery) -> None:
    make_update()
    now = timezone.now()
    alice = make_user("alice@example.com")
    answer_as(alice, Training.ALLOW, at=now - timedelta(days=40))
    kept = make_conversation(alice, "Kept for years", at=now - timedelta(days=20))
    gone = make_conversation(alice, "Past its date", at=now - timedelta(days=20))
    Conversation.objects.filter(pk=gone.pk).update(expires_at=now - timedelta(seconds=1))

    # Saving the answer sends its task by itself, once it is committed.
    answer_as(alice, Training.REFUSE, at=now - timedelta(days=1))
    purge_expired.delay()
    export = exports.request_export(alice, at=now)
    tasks.write_export.delay(str(export.pk))

    refusal = TrainingRefusal.objects.get()
    assert waited_for(lambda: TrainingRefusal.objects.filter(applied_at__isnull=False).exists())
    assert waited_for(lambda: Purge.objects.filter(finished_at__isnull=False).exists())
    assert waited_for(lambda: type(export).objects.filter(finished_at__isnull=False).exists())
    assert Conversation.objects.get() == kept
    assert Conversation.objects.get().expires_at == refusal.kept_until
    assert exports.path_of(export).exists()


def test_task_that_is_sent_twice_does_no_harm(worker: Celery) -> None:
    make_update()
    alice = make_user("alice@example.com")
    now = timezone.now()
    answer_as(alice, Training.ALLOW, at=now - timedelta(days=2))
    answer_as(alice, Training.REFUSE, at=now - timedelta(days=1))
    refusal = TrainingRefusal.objects.get()

    for _time in range(2):
        shorten_retention.delay(str(refusal.pk))
        tasks.erase_account.delay(str(alice.principal))

    assert waited_for(lambda: TrainingRefusal.objects.filter(applied_at__isnull=False).exists())
    assert User.objects.get(pk=alice.pk).email == "alice@example.com", "an open account is not erased"


def test_worker_takes_the_steps_of_a_run(worker: Celery) -> None:
    make_update()
    now = timezone.now()
    alice, staff = make_user("alice@example.com"), make_staff()
    answer_as(alice, Training.ALLOW, at=now - timedelta(days=2))
    make_conversation(alice, at=now - timedelta(days=1))
    run = create_run(staff, Purpose.MODEL_IMPROVEMENT, at=now)

    def asked(doing: Doing) -> Step:
        step = ask_for(run, doing, staff, at=timezone.now())
        take_step.delay(step.pk)
        assert waited_for(lambda: Step.objects.filter(pk=step.pk, finished_at__isnull=False).exists())
        step.refresh_from_db()
        return step

    assert asked(Doing.PREPARE).problem == ""
    assert waited_for(lambda: TrainingRun.objects.filter(filed_at__isnull=False).exists())
    verified = asked(Doing.VERIFY)
    assert (verified.problem, verified.done, verified.total) == ("", 1, 1)
    assert asked(Doing.START).problem == ""
    assert TrainingRun.objects.get().state == State.STARTED
