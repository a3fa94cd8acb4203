"""Having a message answered: the assistant is asked outside any transaction, since it may take its time."""

import logging
from collections.abc import Callable, Iterator
from datetime import datetime

from conversations.actions import save_reply
from conversations.assistant import Assistant, NoReply
from conversations.models import Message

logger = logging.getLogger(__name__)

# How much of a conversation the assistant is given; older messages stay stored.
CONTEXT_MESSAGES = 50


def pieces_of_reply(message: Message, assistant: Assistant, *, at: Callable[[], datetime]) -> Iterator[str]:
    """Yield the reply to a message as it comes, and save it once it is whole. Raises NoReply.

    `at` tells the instant at which it has come. Who stops reading, or leaves, ends the assistant's work; nothing
    is saved then, and the reply can be asked for again.
    """
    latest = message.conversation.messages.filter(pk__lte=message.pk).order_by("-pk")[:CONTEXT_MESSAGES]
    text = ""
    try:
        for piece in assistant.reply(list(reversed(latest))):
            text += piece
            yield piece
    except NoReply:
        raise
    except Exception as error:
        logger.exception("The assistant failed to answer.")
        raise NoReply from error
    if not text.strip():
        raise NoReply
    save_reply(message, text, at=at())


def answer_message(message: Message, assistant: Assistant, *, at: Callable[[], datetime]) -> None:
    """Have a message answered, whole. Raises NoReply."""
    for _piece in pieces_of_reply(message, assistant, at=at):
        pass
