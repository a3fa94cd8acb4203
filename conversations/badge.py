"""What a conversation's badge says: whether it may be used for training, why, and until when it is kept (rule C5)."""

import uuid
from collections.abc import Callable, Sequence

from django.utils.translation import gettext as _

from conversations.eligibility import Reason
from conversations.models import Conversation

# What says, in words and by id, in which training runs some conversations are; the app that has runs adds it in
# `AppConfig.ready()`. They come from `with_reason`.
runs_of: list[Callable[[Sequence[Conversation]], dict[uuid.UUID, list[str]]]] = []


def name_runs(conversations: Sequence[Conversation]) -> None:
    """Add `runs` to conversations: the training runs that hold them, in words (rules C5 and E3)."""
    found = [runs(conversations) for runs in runs_of] if conversations else []
    for conversation in conversations:
        conversation.runs = [words for runs in found for words in runs.get(conversation.pk, ())]


def use_in_words(conversation: Conversation) -> str:
    """Return whether a conversation may be used, and why not. It has to come from `with_reason`."""
    reason = Reason(conversation.reason)
    if reason is Reason.NONE:
        return _("May be used for training")
    return _("Not used for training: %(why)s") % {"why": _why(reason, conversation)}


def _why(reason: Reason, conversation: Conversation) -> str:
    if reason is Reason.COMMERCIAL and conversation.has_commercial_message:
        return _("something in it was written under a commercial plan")
    return str(reason.label)
