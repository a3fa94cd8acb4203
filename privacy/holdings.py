"""What this app holds of a person: evidence, which stays without identifying anyone, and what goes with the account."""

from collections.abc import Iterator
from typing import Any

from django.db.models import QuerySet

from accounts.holdings import rows
from accounts.models import User
from accounts.personal_data import Holding, in_batches
from privacy.counting import forget_place
from privacy.ledger import HASHED_FIELDS
from privacy.models import (
    ConsentRecord,
    ConsentState,
    Draft,
    Letter,
    Notice,
    ReminderStop,
    RolloutDue,
    RolloutPlace,
    TrainingRefusal,
    UpdateAct,
)

# Every column of a record, so that its person can compute its hash too.
RECORDED = (*HASHED_FIELDS, "hash")


def _own_records(user: User) -> QuerySet[ConsentRecord]:
    return ConsentRecord.objects.filter(principal=user.principal)


def _records(user: User) -> Iterator[dict[str, Any]]:
    for record in in_batches(_own_records(user), by="sequence"):
        yield {name: getattr(record, name) for name in RECORDED}


def _notices(user: User) -> QuerySet[Notice]:
    return Notice.objects.filter(pk__in=_own_records(user).values("notice_id"))


def _texts(user: User) -> Iterator[dict[str, Any]]:
    """Yield the texts someone was shown, each once."""
    for notice in in_batches(_notices(user)):
        yield {"sha256": notice.sha256, "language": notice.language, "surface": notice.surface, "text": notice.text}


def _state(user: User) -> Iterator[dict[str, Any]]:
    found = ConsentState.objects.filter(user=user)
    answered = ("training", "allowed_since", "answered_update_id", "terms_update_id")
    put_off = ("deferral_update_id", "deferrals", "deferred_until")
    yield from (dict(row) for row in found.values(*answered, *put_off))


def _stays(_user: User) -> None:
    """Erase nothing: this is evidence, and knows its person by a principal that leads nowhere any more (rule D3)."""


def _places(user: User) -> QuerySet[RolloutPlace]:
    return RolloutPlace.objects.filter(user=user).select_related("cell").order_by("version")


def _counted(user: User) -> Iterator[dict[str, Any]]:
    """Yield as what someone is counted among the people of the roll-out."""
    for place in _places(user):
        yield {"update": place.version, "plan": place.cell.plan, "language": place.cell.language}


def _own_acts(user: User) -> QuerySet[UpdateAct]:
    return UpdateAct.objects.filter(actor=user.principal)


def _acts(user: User) -> Iterator[dict[str, Any]]:
    """Yield what someone did with updates as a member of staff."""
    for act in in_batches(_own_acts(user)):
        yield {
            "policy_update": act.update_id,
            "act": act.kind,
            "rollout_percentage": act.rollout_percentage,
            "last_day": act.last_day,
            "reason": act.reason,
            "tells_people": act.tells_people,
            "at": act.at,
            "recorded": act.recorded_at,
        }


HOLDINGS = (
    Holding(
        "consent_records",
        (ConsentRecord,),
        lambda user: _own_records(user).count(),
        _records,
        _stays,
    ),
    Holding(
        "consent_state", (ConsentState,), lambda user: ConsentState.objects.filter(user=user).count(), _state, _stays
    ),
    Holding("notices", (Notice,), lambda user: _notices(user).count(), _texts, _stays),
    # A refusal is a row of the journal: without it the database would seem to be older than its lines.
    Holding(
        "training_refusals",
        (TrainingRefusal,),
        lambda user: TrainingRefusal.objects.filter(user=user).count(),
        lambda user: (
            {"at": row.at, "kept_until": row.kept_until}
            for row in in_batches(TrainingRefusal.objects.filter(user=user))
        ),
        _stays,
    ),
    rows(
        "kept_texts",
        lambda user: Draft.objects.filter(user_id=user.pk).order_by("pk"),
        lambda row: {"page": row.path, "text": row.text, "to_be_private": row.is_private, "kept": row.kept_at},
    ),
    rows(
        "letters_about_updates",
        lambda user: Letter.objects.filter(user_id=user.pk).order_by("pk"),
        lambda row: {
            "policy_update": row.update_id,
            "days_before_the_deadline": row.days,
            "language": row.language,
            "begun": row.begun_at,
            "sent": row.sent_at,
        },
    ),
    rows(
        "stop_of_reminders",
        lambda user: ReminderStop.objects.filter(user_id=user.pk).order_by("pk"),
        lambda row: {"since": row.at},
    ),
    # Who of the staff published an update or moved its last day is part of why it stands as it does.
    Holding("acts_on_updates", (UpdateAct,), lambda user: _own_acts(user).count(), _acts, _stays),
    # Whose account is deleted is counted nowhere; the note of that is taken up with all others.
    Holding("counted_as", (RolloutPlace, RolloutDue), lambda user: _places(user).count(), _counted, forget_place),
)
