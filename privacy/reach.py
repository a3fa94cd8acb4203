"""Whom a policy update concerns, as sets: what staff are shown before they act, and who gets letters.

What one person may do is `Standing`'s to say; these are the same rules, for everyone at once.
"""

from dataclasses import dataclass
from datetime import date, datetime

from django.db.models import Case, Count, IntegerField, Q, QuerySet, Value, When
from django.db.models.functions import Greatest

from accounts.models import CONSUMER_PLANS, Plan, User
from privacy.models import PolicyUpdate

# Up to so many people are counted one by one; of more than that, a share is told.
COUNTED = 10_000


@dataclass(frozen=True, slots=True)
class Estimate:
    """A number of people, and whether each of them was counted."""

    number: int
    is_exact: bool


def in_scope() -> QuerySet[User]:
    """Return who is asked: people on consumer plans whose account is open. Personas never count."""
    return User.objects.filter(plan__in=sorted(CONSUMER_PLANS), is_active=True, is_persona=False)


def by_plan(people: QuerySet[User]) -> list[tuple[str, int]]:
    """Return how many people there are on each consumer plan."""
    counts = dict(people.values_list("plan").annotate(Count("pk")))
    return [(str(plan.label), counts.get(plan.value, 0)) for plan in Plan if plan in CONSUMER_PLANS]


def undecided(update: PolicyUpdate) -> QuerySet[User]:
    """Return who has saved no training choice for an update, nor for a later one."""
    later = PolicyUpdate.objects.later_than(update)
    settling = [update.version, *later.values_list("version", flat=True)]
    return in_scope().exclude(consent_state__answered_update__in=settling)


def is_asked(update: PolicyUpdate, at: datetime) -> bool:
    """Return whether an update is the one of all announced that is asked (rule A4): letters are about no other."""
    return PolicyUpdate.objects.announced(at).material().first() == update


def there_before(people: QuerySet[User], update: PolicyUpdate) -> QuerySet[User]:
    """Return those who had joined before an update's announcement. Who joined later answers when signing up."""
    return people.filter(joined_at__lt=update.announced_at)


def newly_shown(update: PolicyUpdate, percentage: int, at: datetime) -> Estimate:
    """Return how many more people would see the pop-up if an update were rolled out to a percentage.

    Who is in is told by a hash of each person, which no database computes: it is exact for few, and for many the
    share that hashes, being even, come to. Before the announcement it is who would see it then.
    """
    at = max(at, update.announced_at)
    if at >= update.deadline or not is_asked(update, at):
        return Estimate(0, is_exact=True)
    people = there_before(undecided(update), update)
    total = people.count()
    if total > COUNTED:
        return Estimate(round(total * (percentage - update.rollout_percentage) / 100), is_exact=False)
    buckets = (update.bucket_of(principal) for principal in people.values_list("principal", flat=True))
    return Estimate(sum(update.rollout_percentage <= bucket < percentage for bucket in buckets), is_exact=True)


def gated(at: datetime, update: PolicyUpdate, last_day: date) -> QuerySet[User]:
    """Return who the gate stops at an instant if this update's last day were another (rules A4 and B4)."""
    asked = list(PolicyUpdate.objects.announced(at).material())
    for each in asked:
        if each.version == update.version:
            each.last_day = last_day
    overdue = [place for place, each in enumerate(asked) if at >= each.deadline]
    if not overdue:
        return in_scope().none()
    # The newer of two unsettled updates is the first in the list; all before `ends` are unsettled.
    ends = Greatest(_place(asked, "answered_update"), _place(asked, "terms_update"))
    first_unsettled = [
        Q(ends=place + 1, joined_at__lt=each.announced_at) for place, each in enumerate(asked) if place >= overdue[0]
    ]
    old_enough = Q()
    for condition in first_unsettled:
        old_enough |= condition
    return in_scope().alias(ends=ends).filter(old_enough)


def _place(asked: list[PolicyUpdate], settled: str) -> Case:
    """Return the place in the list of the update someone has settled, or its length for none of them."""
    return Case(
        *(
            When(Q(**{f"consent_state__{settled}": each.version}), then=Value(place))
            for place, each in enumerate(asked)
        ),
        default=Value(len(asked)),
        output_field=IntegerField(),
    )
