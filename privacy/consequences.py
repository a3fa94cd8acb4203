"""What is true for someone now, in words: the same sentences after an answer and in settings."""

from django.conf import settings
from django.utils.translation import gettext as _

from privacy.models import CoverageReading, Training
from privacy.standing import Standing
from privacy.wording import retention_if_allowed, retention_otherwise


def choice_in_words(standing: Standing) -> str:
    """Return the present training choice as one sentence."""
    training = standing.state.training
    if not standing.user.is_consumer:
        return _commercial_choice(training)
    if training == Training.ALLOW:
        return _("You allow training.")
    if training == Training.REFUSE:
        return _("You do not allow training.")
    return _("You have not chosen yet.")


def _commercial_choice(training: str) -> str:
    if training == Training.ALLOW:
        return _("For a consumer plan, you allow training.")
    if training == Training.REFUSE:
        return _("For a consumer plan, you do not allow training.")
    return _("There is nothing for you to choose.")


def consequences(standing: Standing) -> list[str]:
    """Return what follows from the present choice, a sentence each."""
    if standing.update is None:
        return []
    names = {
        "product": settings.PRODUCT_NAME,
        "allowed": retention_if_allowed(standing.periods),
        "otherwise": retention_otherwise(standing.periods),
    }
    lines = (
        [*_of_the_choice(standing), *_of_the_terms(standing)] if standing.user.is_consumer else _of_the_plan(standing)
    )
    return [line % names for line in lines]


def _of_the_plan(standing: Standing) -> list[str]:
    """Return what follows from a commercial plan, and from an earlier *allow* that was withdrawn."""
    nothing = _("While you are on a commercial plan, nothing of yours is used to train models.")
    return [nothing, _of_an_earlier_allow()] if standing.state.training == Training.REFUSE else [nothing]


def _of_the_choice(standing: Standing) -> list[str]:
    training = standing.state.training
    if training == Training.ALLOW:
        return [
            _use(standing),
            _(
                "Conversations you start or resume are kept for %(allowed)s after your last message; all others, and"
                " private and excluded ones, for %(otherwise)s."
            ),
        ]
    kept = _("Conversations are kept for %(otherwise)s after your last message.")
    if not training:
        return [_("Until you choose, nothing is used to train models."), kept]
    return [_("Nothing of yours is used to train models."), kept, _of_an_earlier_allow()]


def _of_an_earlier_allow() -> str:
    return _(
        "If you had allowed it before: training runs that have started keep what they have, no new one uses it, and"
        " what was kept for longer goes within %(otherwise)s of your change."
    )


def _use(standing: Standing) -> str:
    """Return what an *allow* means for the use of conversations (rules A4 and C3)."""
    if standing.is_overdue:
        return _("Until you answer the present question, nothing is used to train models.")
    if standing.periods.coverage_reading == CoverageReading.MESSAGE:
        return _(
            "What you write while you allow it, and the replies, may be used to train models, filtered for sensitive"
            " data."
        )
    return _(
        "Conversations you start or resume may be used to train models, filtered for sensitive data. Their earlier"
        " messages count too, except those you wrote under a “No”."
    )


def _of_the_terms(standing: Standing) -> list[str]:
    """Return the line about terms that wait, for whoever has answered without accepting them."""
    if not standing.has_answered or standing.has_accepted_terms:
        return []
    if standing.gate:
        return [_("The updated Consumer Terms are not accepted yet. %(product)s opens once they are.")]
    return [
        _("The updated Consumer Terms are not accepted yet. From the deadline on, %(product)s opens once they are.")
    ]
