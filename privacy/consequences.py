"""What is true for someone now, in words: the same sentences after an answer and in settings."""

from django.conf import settings
from django.utils.translation import gettext as _

from privacy.models import Training
from privacy.standing import Standing
from privacy.wording import retention_if_allowed, retention_otherwise


def choice_in_words(standing: Standing) -> str:
    """Return the present training choice as one sentence."""
    if standing.state.training == Training.ALLOW:
        return _("You allow training.")
    if standing.state.training == Training.REFUSE:
        return _("You do not allow training.")
    return _("You have not chosen yet.")


def consequences(standing: Standing) -> list[str]:
    """Return what follows from the present choice, a sentence each."""
    update, training = standing.update, standing.state.training
    if update is None:
        return []
    names = {
        "product": settings.PRODUCT_NAME,
        "allowed": retention_if_allowed(update),
        "otherwise": retention_otherwise(update),
    }
    if not standing.user.is_consumer:
        return [_("While you are on a commercial plan, nothing of yours is used to train models.")]
    if training == Training.ALLOW:
        lines = [
            _("What you write from now on may be used to train models, sensitive data filtered out.") % names,
            _("Conversations you start or resume are kept for %(allowed)s after your last message.") % names,
        ]
    else:
        lines = [
            _("Nothing you write is used to train models.") if training else _("Until you choose, nothing is used."),
            _("Conversations are kept for %(otherwise)s after your last message.") % names,
        ]
        if training:
            lines.append(
                _("If you had allowed it before: runs already started keep what they have; no new run uses it.")
            )
    if training and not standing.has_accepted_terms:
        lines.append(
            _("The updated Consumer Terms are not accepted. From the deadline on, %(product)s asks for that.") % names
        )
    return lines
