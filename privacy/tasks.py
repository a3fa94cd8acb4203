"""What is done about policy updates outside of requests. Each task can die at any point and be run again."""

import logging

from celery import shared_task

from accounts.journal import Behind
from accounts.tasks import send
from privacy.counting import count_due
from privacy.reminders import send_letters, unclear

logger = logging.getLogger(__name__)

# How long one task sends before it leaves the rest to another: less than it takes for a killed one to be given away.
SLICE = 8 * 60


@shared_task
def count_rollout() -> None:
    """Count whoever changed again, until nobody is left."""
    while count_due():
        pass


@shared_task
def send_reminders() -> int:
    """Send the letters that are due, and return how many were sent. What is left over is another task's."""
    try:
        report = send_letters(seconds=SLICE)
    except (OSError, Behind) as error:
        # The next one in the schedule tries again. What it says may repeat an address.
        logger.error("Letters could not be sent: %s.", type(error).__name__)  # noqa: TRY400
        return 0
    if lost := unclear().count():
        logger.warning("%s letters were begun and are not known to have been sent.", lost)
    if not report.is_done:
        send(send_reminders)
    return report.sent
