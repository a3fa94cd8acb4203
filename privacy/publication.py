"""What staff do with a policy update: publish it, roll it out further, move its last day."""

from datetime import date, datetime

from django.conf import settings
from django.db import transaction

from accounts.models import User
from privacy.documents import unknown_placeholders
from privacy.models import DocumentKind, LastDayMove, PolicyUpdate

EVERYONE = 100


class NotPublishable(Exception):
    """The draft is not ready. `problems` lists what is missing or wrong, a line each."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


class CannotChange(Exception):
    """A published update does not allow this change."""


@transaction.atomic
def publish(update: PolicyUpdate, *, at: datetime) -> PolicyUpdate:
    """Publish a draft: from its announcement on, it is what people read and are asked about.

    Raises NotPublishable if a document is missing in a language, or has a placeholder that means nothing, or if
    the announcement would lie in the past; CannotChange if it has been published before.
    """
    update = PolicyUpdate.objects.select_for_update().get(pk=update.pk)
    if update.published_at is not None:
        raise CannotChange("It is published already.")
    documents = list(update.documents.all())
    there = {(document.kind, document.language) for document in documents}
    wanted = [(kind.value, language) for kind in DocumentKind for language, _name in settings.LANGUAGES]
    problems = [f"missing: {kind} in {language}" for kind, language in wanted if (kind, language) not in there]
    for document in documents:
        problems += [f"{document}: unknown {{{name}}}" for name in unknown_placeholders(document.markdown)]
    if update.announced_at < at:
        problems.append("the announcement has passed: nobody can be told afterwards that they had been asked")
    if problems:
        raise NotPublishable(problems)
    update.published_at = at
    update.save(update_fields=["published_at"])
    return update


@transaction.atomic
def raise_rollout(update: PolicyUpdate, percentage: int) -> PolicyUpdate:
    """Roll an update out to more people. Raises CannotChange if that would take anyone out again."""
    update = PolicyUpdate.objects.select_for_update().get(pk=update.pk)
    if not update.rollout_percentage <= percentage <= EVERYONE:
        raise CannotChange("The percentage only grows, up to 100.")
    update.rollout_percentage = percentage
    update.save(update_fields=["rollout_percentage"])
    return update


@transaction.atomic
def move_last_day(update: PolicyUpdate, last_day: date, *, reason: str, moved_by: User, at: datetime) -> LastDayMove:
    """Move the last day and return the row that keeps why.

    Raises CannotChange for a draft, which is simply edited, without a reason, to the day it is already, or to
    before a day people were shown.
    """
    update = PolicyUpdate.objects.select_for_update().get(pk=update.pk)
    if update.published_at is None:
        raise CannotChange("The last day of a draft is edited, not moved.")
    if not reason.strip():
        raise CannotChange("Moving the last day needs a reason.")
    if last_day == update.last_day:
        raise CannotChange("That is the last day already.")
    if at >= update.announced_at and last_day < update.last_day:
        raise CannotChange("The last day never moves to before a day already shown.")
    move = update.moves.create(
        previous_last_day=update.last_day, last_day=last_day, reason=reason, moved_by=moved_by.principal, at=at
    )
    update.last_day = last_day
    update.save(update_fields=["last_day"])
    return move
