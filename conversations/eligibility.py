"""The one rule that decides whether a conversation may train models (rules C3 and E2).

It is set-based: the same expressions judge one conversation for its badge and a million for a training run.
"""

from datetime import datetime

from django.db import models
from django.db.models import Case, F, Q, Value, When
from django.utils.translation import gettext_lazy as _

from accounts.models import CONSUMER_PLANS
from privacy.models import PolicyUpdate, Training


class Reason(models.TextChoices):
    """Why a conversation is kept out of training, in the order in which the first that applies is given."""

    PERSONA = "persona", _("it belongs to a test account")
    ACCOUNT_DELETED = "account_deleted", _("its account is deleted or switched off")
    DELETED = "deleted", _("it is deleted")
    EXPIRED = "expired", _("it is past its retention date")
    COMMERCIAL = "commercial", _("you are on a commercial plan")
    PRIVATE = "private", _("it is private, for good")
    EXCLUDED = "excluded", _("you excluded it")
    NEVER_ANSWERED = "never_answered", _("you have not chosen yet")
    OVERDUE = "overdue", _("the present question is not answered yet")
    REFUSED = "refused", _("you do not allow training")
    NOT_RESUMED = "not_resumed", _("it counts once you write in it again")
    NONE = "", _("nothing")


def is_covered() -> Q:
    """Return the condition under which the present *allow* applies to a conversation (rule C3).

    A private or an excluded conversation has no `allowed_message_at`; one whose exclusion was lifted has none until
    its owner writes in it again.
    """
    return Q(
        user__consent_state__training=Training.ALLOW,
        allowed_message_at__gte=F("user__consent_state__allowed_since"),
    )


def reason_at(at: datetime) -> Case:
    """Return the expression for the first reason that applies at an instant, as a value of `Reason`.

    It needs `kept_until` on the query (`ConversationQuerySet.with_reason` adds both).
    """
    conditions = {
        Reason.PERSONA: Q(user__is_persona=True),
        # Staff can switch an account off too: its person can neither refuse nor delete meanwhile.
        Reason.ACCOUNT_DELETED: Q(user__is_active=False),
        Reason.DELETED: Q(deleted_at__isnull=False),
        Reason.EXPIRED: Q(kept_until__lte=at),
        Reason.COMMERCIAL: Q(has_commercial_message=True) | ~Q(user__plan__in=sorted(CONSUMER_PLANS)),
        Reason.PRIVATE: Q(is_private=True),
        Reason.EXCLUDED: Q(excluded_at__isnull=False),
        Reason.NEVER_ANSWERED: Q(user__consent_state__isnull=True) | Q(user__consent_state__training=""),
        Reason.OVERDUE: ~Q(user__consent_state__answered_update__in=answers_that_stand(at)),
        Reason.REFUSED: Q(user__consent_state__training=Training.REFUSE),
        Reason.NOT_RESUMED: ~is_covered(),
    }
    whens = [When(condition, then=Value(reason.value)) for reason, condition in conditions.items()]
    return Case(*whens, default=Value(Reason.NONE.value), output_field=models.CharField())


def answers_that_stand(at: datetime) -> list[str]:
    """Return the versions of the material updates an answer to which still makes something eligible (rule A4).

    Once the deadline of an update has come, an answer to an earlier one does not.
    """
    standing = []
    for update in PolicyUpdate.objects.announced(at).material():
        standing.append(update.version)
        if update.deadline <= at:
            break
    return standing
