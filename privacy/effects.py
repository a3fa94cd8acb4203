"""What a changed choice sets off in the other apps: each says so in `AppConfig.ready()`."""

import uuid
from collections.abc import Callable
from datetime import datetime

from django.db import transaction
from django.utils import timezone

from accounts.models import User
from privacy.models import PolicyUpdate, TrainingRefusal

# Each is called with the key of a `TrainingRefusal` once its answer has been committed, and may be called again.
on_refusal: list[Callable[[uuid.UUID], object]] = []

# Each is called with the instant, in the transaction that moves a last day whose deadline has come, before it is moved.
on_deadline_undone: list[Callable[[datetime], object]] = []


def refuse(user: User, update: PolicyUpdate, *, at: datetime, key: uuid.UUID | None = None) -> TrainingRefusal:
    """Write down a *refuse* that is to reach what is stored, and tell the other apps once it is committed."""
    refusal = TrainingRefusal.objects.create(
        pk=key or uuid.uuid4(),
        user=user,
        at=at,
        recorded_at=timezone.now(),
        kept_until=update.refuse_retention_date(at),
    )
    # Robust: a broker that is down must not keep an answer from being confirmed. The purge looks for what is left.
    # (Django names in its log what failed: a `partial` has no name, and would fail there.)
    for effect in on_refusal:
        transaction.on_commit(lambda effect=effect: effect(refusal.pk), robust=True)  # type: ignore[misc]  # mypy infers no defaults
    return refusal
