"""What people do in conversations."""

import logging
from datetime import datetime

from django.db import transaction
from django.utils.text import Truncator

from accounts.actions import lock_user
from accounts.models import User
from conversations.assistant import Assistant
from conversations.models import Conversation, ConversationKind, Message, Role
from privacy.models import ConsentState

logger = logging.getLogger(__name__)

# How much of a conversation the assistant is given; older messages stay stored.
CONTEXT_MESSAGES = 50


@transaction.atomic
def start_conversation(
    user: User, text: str, *, at: datetime, kind: ConversationKind = ConversationKind.CHAT
) -> Message:
    """Start a conversation with its first message, and return the message."""
    user = lock_user(user)
    title = Truncator(" ".join(text.split())).chars(80)
    conversation = Conversation(user=user, kind=kind, title=title, created_at=at, last_message_at=at)
    conversation.save(force_insert=True)
    return _add_message(user, conversation, text, at)


@transaction.atomic
def write_message(user: User, conversation: Conversation, text: str, *, at: datetime) -> Message:
    """Write in a conversation of one's own, and return the message.

    The plan and the choice it is written under are read under the lock that changing them takes too.
    """
    user = lock_user(user)
    conversation.last_message_at = at
    conversation.save(update_fields=["last_message_at"])
    return _add_message(user, conversation, text, at)


def _add_message(user: User, conversation: Conversation, text: str, at: datetime) -> Message:
    training = ConsentState.objects.filter(pk=user.pk).values_list("training", flat=True).first()
    return conversation.messages.create(
        role=Role.OWNER, text=text, created_at=at, plan_class=user.plan_class, training=training or ""
    )


def answer_message(message: Message, assistant: Assistant, *, at: datetime) -> Message | None:
    """Have a message answered and return the reply, or None if the assistant failed; the message stays.

    The assistant is asked outside any transaction: it may take its time.
    """
    latest = message.conversation.messages.filter(pk__lte=message.pk).order_by("-pk")[:CONTEXT_MESSAGES]
    try:
        text = assistant.reply(list(reversed(latest)))
    except Exception:
        logger.exception("The assistant failed to answer.")
        return None
    return message.conversation.messages.create(
        role=Role.ASSISTANT, text=text, created_at=at, plan_class=message.plan_class, training=message.training
    )
