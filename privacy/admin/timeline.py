"""What was done with a policy update, as staff read it."""

import uuid
from dataclasses import dataclass
from datetime import date

from django.db.models import Count, Q

from accounts.models import User
from privacy.models import Act, PolicyUpdate, UpdateAct


@dataclass(frozen=True, slots=True)
class Entry:
    """One act: the row, the last day and the percentage before it, who did it, and how many letters went out for it.

    `actor` is None for nobody's act, and for someone whose account is gone.
    """

    act: UpdateAct
    last_day_before: date | None
    percentage_before: int | None
    actor: User | None
    letters: int

    @property
    def moves_the_last_day(self) -> bool:
        """Return whether it moved the last day."""
        return self.act.kind == Act.LAST_DAY_MOVED

    @property
    def raises_the_percentage(self) -> bool:
        """Return whether it rolled the update out further."""
        return self.act.kind == Act.ROLLED_OUT


def timeline_of(update: PolicyUpdate) -> list[Entry]:
    """Return what was done with an update, in order, in two queries."""
    acts = list(update.acts.annotate(letters_sent=Count("letters", filter=Q(letters__sent_at__isnull=False))))
    actors = _people({act.actor for act in acts if act.actor})
    entries = []
    before: UpdateAct | None = None
    for act in acts:
        last_day, percentage = (before.last_day, before.rollout_percentage) if before else (None, None)
        actor = actors.get(act.actor) if act.actor else None
        entries.append(Entry(act, last_day, percentage, actor, act.letters_sent))
        before = act
    return entries


def _people(principals: set[uuid.UUID]) -> dict[uuid.UUID, User]:
    return {user.principal: user for user in User.objects.filter(principal__in=principals, erased_at=None)}
