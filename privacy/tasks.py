"""What is done about people's answers outside of requests. Each task can die at any point and be run again."""

from celery import shared_task

from privacy.counting import count_due


@shared_task
def count_rollout() -> None:
    """Count whoever changed again, until nobody is left."""
    while count_due():
        pass
