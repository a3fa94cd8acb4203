"""What is done for an account outside of requests. Each task can die at any point and be run again."""

import logging
import uuid
from typing import Any

from celery import Task, shared_task
from kombu.exceptions import OperationalError

from accounts import exports, leaving

logger = logging.getLogger(__name__)


def send(task: "Task[Any, Any]", *arguments: str) -> None:
    """Have a task done. If the broker is down it is left to the purge, or asked for again: what came before stands."""
    try:
        task.delay(*arguments)
    except OperationalError:
        logger.exception("%s could not be sent.", task.name)


@shared_task
def write_export(key: str) -> None:
    """Write the file of a data export."""
    exports.write_export(uuid.UUID(key))


@shared_task
def erase_account(principal: str) -> None:
    """Remove all that identifies the person of a deleted account."""
    leaving.erase(uuid.UUID(principal))
