"""What is done for an account outside of requests. Each task can die at any point and be run again."""

import uuid

from celery import shared_task

from accounts import exports, leaving


@shared_task
def write_export(key: str) -> None:
    """Write the file of a data export."""
    exports.write_export(uuid.UUID(key))


@shared_task
def erase_account(principal: str) -> None:
    """Remove all that identifies the person of a deleted account."""
    leaving.erase(uuid.UUID(principal))
