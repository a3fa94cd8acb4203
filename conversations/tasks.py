"""What is done to conversations outside of requests. Each task can die at any point and be run again."""

import uuid

from celery import shared_task

from accounts import clock
from conversations.actions import apply_refusal
from conversations.purge import purge


@shared_task
def shorten_retention(refusal_id: str) -> int:
    """Bring the stored retention dates in line with a refusal, and return how many were shortened."""
    return apply_refusal(uuid.UUID(refusal_id))


@shared_task
def purge_expired() -> dict[str, int]:
    """Remove what is past its date, and return how much of each kind."""
    counts: dict[str, int] = purge(clock.now()).counts
    return counts
