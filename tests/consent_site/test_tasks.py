"""The schedule, and what tasks are held to."""

import pytest
from django.conf import settings

from consent_site.celery import app
from tests.processes import start


def test_schedule_names_tasks_that_exist() -> None:
    app.loader.import_default_modules()
    assert {entry["task"] for entry in settings.CELERY_BEAT_SCHEDULE.values()} <= set(app.tasks)


@pytest.mark.parametrize(("broker", "in_process"), [("", True), ("redis://localhost:1", False)])
def test_work_is_done_in_process_unless_there_is_a_broker(db: None, broker: str, *, in_process: bool) -> None:
    ask = "from consent_site.celery import app; print(app.conf.task_always_eager)"
    told = start("-c", ask, CELERY_BROKER_URL=broker, DJANGO_SETTINGS_MODULE="consent_site.settings", DEMO="on")

    out, _err = told.communicate(timeout=60)

    assert out.strip() == str(in_process)


def test_killed_task_is_given_to_another_and_takes_one_at_a_time() -> None:
    assert app.conf.task_acks_late
    assert app.conf.task_reject_on_worker_lost
    assert app.conf.worker_prefetch_multiplier == 1
    assert app.conf.broker_transport_options["visibility_timeout"] <= 3600
