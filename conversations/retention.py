"""Until when a conversation is kept (rule D1)."""

from datetime import datetime
from functools import cache
from typing import Any

from django.db.models import Case, DateTimeField, Exists, F, OuterRef, Q, QuerySet, Subquery, When
from django.db.models.functions import Coalesce, Least

from privacy.models import ConsentState, PolicyUpdate, TrainingRefusal


def years_after(at: datetime, years: int) -> datetime:
    """Return the same instant of the calendar so many years on, in UTC; 28 February where the year has no 29th."""
    try:
        return at.replace(year=at.year + years)
    except ValueError:
        return at.replace(year=at.year + years, day=28)


def retention_date(last_message_at: datetime, *, covered: bool, periods: PolicyUpdate) -> datetime:
    """Return the instant from which a conversation is no longer kept, told from its owner's last message."""
    if covered:
        return years_after(last_message_at, periods.allow_retention_years)
    return periods.refuse_retention_date(last_message_at)


def shortened(date: datetime | None, ended_at: datetime, periods: PolicyUpdate) -> datetime | None:
    """Return the retention date of a conversation whose coverage ended without a message: never a later one."""
    return date and min(date, periods.refuse_retention_date(ended_at))


def uncovered_before(refusal: TrainingRefusal) -> Exists:
    """Return the expression for whether a conversation's coverage had ended before a refusal, by an earlier one.

    Who refuses again, or after an allow under which they have not written there, ends nothing: the date stands.
    """
    return Exists(_earlier(refusal.user_id, OuterRef("allowed_message_at"), refusal.at))


def written_before_the_commit_of(refusal: TrainingRefusal) -> Q:
    """Return the condition for what was last written under *allow* after the instant of a refusal.

    A message can come in after a refusal has been asked for and be committed before it: it took the lock first, or
    another machine's clock is ahead. Its *allow* ended with the refusal all the same. Where there is a later refusal,
    that one reaches it.
    """
    later = TrainingRefusal.objects.filter(user=refusal.user_id, at__gt=refusal.at)
    allowed_again = ConsentState.objects.filter(user=refusal.user_id, allowed_since__lte=OuterRef("allowed_message_at"))
    return Q(
        ~Exists(later),
        ~Exists(allowed_again),
        last_message_at__gt=refusal.at,
        allowed_message_at=F("last_message_at"),
    )


def _earlier(user: Any, since: Any, before: Any) -> QuerySet[TrainingRefusal]:
    return TrainingRefusal.objects.filter(user=user, at__gte=since, at__lt=before)


@cache
def kept_until() -> Case:
    """Return the expression for the retention date as it is true now.

    A refusal shortens dates by a task, row by row. Until that has been done the refusal itself says what is true,
    of everything that was last written in before it and whose coverage it ended.
    """
    # Made once: it is on every page about conversations, takes longer to make than to use, and a query that is given
    # it works on a copy.
    pending = TrainingRefusal.objects.filter(
        ~Exists(_earlier(OuterRef("user"), OuterRef(OuterRef("allowed_message_at")), OuterRef("at"))),
        user=OuterRef("user"),
        applied_at__isnull=True,
        at__gte=OuterRef("last_message_at"),
    )
    earliest = Subquery(pending.order_by("kept_until").values("kept_until")[:1])
    return Case(
        When(expires_at__isnull=True, then=None),
        When(allowed_message_at__isnull=True, then=F("expires_at")),
        default=Least(F("expires_at"), Coalesce(earliest, F("expires_at"))),
        output_field=DateTimeField(),
    )
