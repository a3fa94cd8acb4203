"""What staff do with a policy update: publish it, roll it out further, move its last day.

Each act leaves a row (`UpdateAct`) that says who did it, when and what holds from then on; triggers let the update
have nothing else. `by` is the member of staff; it is None where a command sets a site up, which is nobody's act.
`seen` is the fingerprint of the update as its page showed it: what has changed since is not acted on.
"""

import hashlib
import json
from datetime import date, datetime

from django.conf import settings
from django.core.exceptions import PermissionDenied, ValidationError
from django.core.serializers.json import DjangoJSONEncoder
from django.db import transaction
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import User
from privacy import effects
from privacy.documents import unknown_placeholders
from privacy.models import (
    EARLIEST,
    LATEST,
    MOST_YEARS_TO_ANSWER,
    Act,
    DocumentKind,
    PolicyDocument,
    PolicyUpdate,
    UpdateAct,
)

EVERYONE = 100
PERMISSION = "privacy.act_on_policyupdate"


class NotPublishable(Exception):
    """The draft is not ready. `problems` lists what is missing or wrong, a sentence each."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


class CannotChange(Exception):
    """A policy update does not allow this change. `message` says why, to the member of staff."""

    def __init__(self, message: str | Promise) -> None:
        super().__init__(str(message))
        self.message = message


class Stale(CannotChange):
    """The update is no longer as the page showed it that this was asked on."""

    def __init__(self) -> None:
        super().__init__(gettext_lazy("Nothing was done: the policy update has changed since that page was opened."))


def may_act(user: User) -> bool:
    """Return whether someone may act on policy updates."""
    return user.is_active and user.is_staff and user.has_perm(PERMISSION)


def check_actor(by: User | None) -> None:
    """Raise PermissionDenied unless who acts may do so."""
    if by is not None and not may_act(by):
        raise PermissionDenied


def fingerprint(update: PolicyUpdate) -> str:
    """Return a hash of all that an update says and of what has been done with it: another once anything differs.

    The row is taken as it was read: if it has changed since, the hash is not that of any state there is.
    """
    row = {field.attname: getattr(update, field.attname) for field in PolicyUpdate._meta.concrete_fields}
    documents = list(update.documents.order_by("kind", "language").values_list("kind", "language", "markdown"))
    acts = list(update.acts.values_list("pk", flat=True))
    return hashlib.sha256(json.dumps([row, documents, acts], cls=DjangoJSONEncoder).encode()).hexdigest()


def problems_of(update: PolicyUpdate, at: datetime) -> list[str]:
    """Return what keeps a draft from being published at an instant, a sentence each."""
    documents = list(update.documents.order_by("kind", "language"))
    problems = [*_missing(documents), *(text for document in documents for text in _unknown(document))]
    if update.announced_at < at:
        problems.append(_("The announcement has passed: nobody can be told afterwards that they had been asked."))
    problem = problem_of_last_day(update.announced_at, update.last_day)
    return [*problems, *([problem] if problem else []), *_wrong_settings(update)]


def problem_of_last_day(announced_at: datetime, last_day: date) -> str | None:
    """Return in a sentence what is wrong with a last day for an announcement, if anything is.

    What is announced never gets an earlier last day: a slip of the keys in its year would stand for good.
    """
    if not EARLIEST <= announced_at <= LATEST:
        # It is what has to be put right first.
        return None
    if last_day.year - announced_at.year > MOST_YEARS_TO_ANSWER:
        return _("The last day is more than %(years)s years after the announcement.") % {"years": MOST_YEARS_TO_ANSWER}
    if PolicyUpdate(last_day=last_day).deadline <= announced_at:
        return _("The last day has ended before the announcement.")
    return None


def _wrong_settings(update: PolicyUpdate) -> list[str]:
    names = {field.name: capfirst(str(field.verbose_name)) for field in PolicyUpdate._meta.fields}
    try:
        update.clean_fields()
    except ValidationError as error:
        return [
            _("%(setting)s: %(problem)s") % {"setting": names[name], "problem": problem}
            for name, found in error.message_dict.items()
            for problem in found
        ]
    return []


def _missing(documents: list[PolicyDocument]) -> list[str]:
    there = {(document.kind, document.language) for document in documents if document.markdown.strip()}
    return [
        _("Missing: %(document)s, %(language)s.") % {"document": kind.label, "language": name}
        for kind in DocumentKind
        for language, name in settings.LANGUAGES
        if (kind.value, language) not in there
    ]


def _unknown(document: PolicyDocument) -> list[str]:
    names = {"document": document.get_kind_display(), "language": document.get_language_display()}
    return [
        _("%(document)s, %(language)s: there is no placeholder %(name)s.") % {**names, "name": f"{{{name}}}"}
        for name in unknown_placeholders(document.markdown)
    ]


def _locked(update: PolicyUpdate, seen: str | None) -> PolicyUpdate:
    """Return an update, re-read and locked. Raises Stale if it is not what was seen."""
    update = PolicyUpdate.objects.select_for_update(no_key=True).get(pk=update.pk)
    if seen is not None and seen != fingerprint(update):
        raise Stale
    return update


def _record(
    update: PolicyUpdate, kind: Act, by: User | None, at: datetime, *, reason: str = "", tells_people: bool = False
) -> UpdateAct:
    """Write down an act, with what the update says from now on."""
    return update.acts.create(
        kind=kind,
        rollout_percentage=update.rollout_percentage,
        last_day=update.last_day,
        reason=reason,
        tells_people=tells_people,
        actor=by.principal if by else None,
        at=at,
        recorded_at=timezone.now(),
    )


@transaction.atomic
def publish(update: PolicyUpdate, *, by: User | None, at: datetime, seen: str | None = None) -> PolicyUpdate:
    """Publish a draft: from its announcement on, it is what people read and are asked about.

    Raises NotPublishable if a document is missing in a language, or has a placeholder that means nothing, or if
    the announcement would lie in the past; CannotChange if it has been published before; PermissionDenied.
    """
    check_actor(by)
    update = _locked(update, seen)
    if update.published_at is not None:
        raise CannotChange(gettext_lazy("It is published already."))
    if problems := problems_of(update, at):
        raise NotPublishable(problems)
    _record(update, Act.PUBLISHED, by, at)
    update.published_at = at
    update.save(update_fields=["published_at"])
    return update


def check_rollout(update: PolicyUpdate, percentage: int) -> None:
    """Raise CannotChange unless an update can be rolled out to a percentage."""
    if update.published_at is None:
        raise CannotChange(gettext_lazy("The percentage of a draft is edited, not raised."))
    if not update.rollout_percentage < percentage <= EVERYONE:
        raise CannotChange(gettext_lazy("The percentage only grows, up to 100."))


@transaction.atomic
def raise_rollout(
    update: PolicyUpdate, percentage: int, *, by: User | None, at: datetime, seen: str | None = None
) -> PolicyUpdate:
    """Roll an update out to more people. Raises CannotChange if that is not what it would do; PermissionDenied."""
    check_actor(by)
    update = _locked(update, seen)
    check_rollout(update, percentage)
    update.rollout_percentage = percentage
    _record(update, Act.ROLLED_OUT, by, at)
    update.save(update_fields=["rollout_percentage"])
    return update


def check_last_day(update: PolicyUpdate, last_day: date, at: datetime) -> None:
    """Raise CannotChange unless the last day of an update can be moved to a day at an instant."""
    if update.published_at is None:
        raise CannotChange(gettext_lazy("The last day of a draft is edited, not moved."))
    if last_day == update.last_day:
        raise CannotChange(gettext_lazy("That is the last day already."))
    if at >= update.announced_at and last_day < update.last_day:
        raise CannotChange(gettext_lazy("The last day never moves to before a day already shown."))
    if problem := problem_of_last_day(update.announced_at, last_day):
        raise CannotChange(problem)
    if PolicyUpdate(last_day=last_day).deadline <= at:
        raise CannotChange(gettext_lazy("That day has ended everywhere already: nobody could answer by it any more."))


@transaction.atomic
def move_last_day(
    update: PolicyUpdate,
    last_day: date,
    *,
    reason: str,
    by: User | None,
    at: datetime,
    tells_people: bool = False,
    seen: str | None = None,
) -> UpdateAct:
    """Move the last day and return the row that keeps why.

    With `tells_people`, those whom it concerns get a letter from the next task that sends any (`privacy.tasks`), which
    is the caller's to start after the commit. Raises CannotChange for a draft,
    which is simply edited, without a reason, to the day it is already, or to before a day people were shown;
    PermissionDenied.
    """
    check_actor(by)
    update = _locked(update, seen)
    check_last_day(update, last_day, at)
    if not reason.strip():
        raise CannotChange(gettext_lazy("Moving the last day needs a reason."))
    if at >= update.deadline:
        for effect in effects.on_deadline_undone:
            effect(at)
    update.last_day = last_day
    act = _record(update, Act.LAST_DAY_MOVED, by, at, reason=reason, tells_people=tells_people)
    update.save(update_fields=["last_day"])
    return act
