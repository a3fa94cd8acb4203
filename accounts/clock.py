"""The product's clock: what the rules call "now".

The demo can start it at another instant (`NOW=…`), from where it runs on at normal speed. A ContextVar moves
it for one request, since some code that asks (an authentication backend) sees no request. What was really
recorded when is read from `django.utils.timezone` instead, and stands beside it.
"""

from contextvars import ContextVar
from datetime import UTC, datetime, timedelta

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.utils import timezone

moved_to: ContextVar[datetime | None] = ContextVar("moved_to", default=None)


def parse_instant(text: str) -> datetime:
    """Return the aware instant an ISO 8601 text names.

    Raises ImproperlyConfigured if it is none, or names no time zone.
    """
    try:
        instant = datetime.fromisoformat(text)
    except ValueError as error:
        raise ImproperlyConfigured(f"NOW={text!r} is no ISO 8601 instant, such as 2025-09-10T09:00Z.") from error
    if instant.tzinfo is None:
        raise ImproperlyConfigured(f"NOW={text!r} names no time zone; write 2025-09-10T09:00Z.")
    return instant.astimezone(UTC)


def offset() -> timedelta:
    """Return how far the product's clock is ahead of the real one."""
    if not settings.PRODUCT_CLOCK_START:
        return timedelta()
    return parse_instant(settings.PRODUCT_CLOCK_START) - timezone.now()


OFFSET = offset()


def now() -> datetime:
    """Return the instant that rules take as the present, aware, in UTC."""
    return moved_to.get() or timezone.now() + OFFSET
