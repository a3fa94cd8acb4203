"""What a conversation's badge says: whether it may be used for training, why, and until when it is kept (rule C5)."""

from django.utils.translation import gettext as _

from conversations.eligibility import Reason
from conversations.models import Conversation


def use_in_words(conversation: Conversation) -> str:
    """Return whether a conversation may be used, and why not. It has to come from `with_reason`."""
    reason = Reason(conversation.reason)
    if reason is Reason.NONE:
        return _("May be used for training")
    return _("Not used for training: %(why)s") % {"why": _why(reason, conversation)}


def _why(reason: Reason, conversation: Conversation) -> str:
    if reason is Reason.COMMERCIAL and conversation.has_commercial_message:
        return _("part of it was written under a commercial plan")
    return str(reason.label)
