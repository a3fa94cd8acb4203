"""What is done to conversations outside of requests. Each task can die at any point and be run again."""

import uuid

from celery import shared_task

from conversations.actions import apply_refusal


@shared_task
def shorten_retention(refusal_id: str) -> int:
    """Bring the stored retention dates in line with a refusal, and return how many were shortened."""
    return apply_refusal(uuid.UUID(refusal_id))
