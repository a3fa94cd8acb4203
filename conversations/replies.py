"""Having a message answered: the assistant is asked outside any transaction, since it may take its time."""

import logging
from collections.abc import Callable, Iterator
from datetime import datetime
from itertools import accumulate

from conversations.actions import save_reply
from conversations.assistant import Assistant, NoReply
from conversations.models import Message

logger = logging.getLogger(__name__)

# How much of a conversation the assistant is given; older messages stay stored.
CONTEXT_MESSAGES = 50
CONTEXT_CHARACTERS = 200_000
# Longer than any model answers at once; it bounds what another kind of assistant may store.
LONGEST_REPLY = 100_000


def pieces_of_reply(message: Message, assistant: Assistant, *, at: Callable[[], datetime]) -> Iterator[str]:
    """Yield the reply to a message as it comes, and save it once it is whole. Raises NoReply.

    `at` tells the instant at which it has come. Who stops reading, or leaves, ends the assistant's work; nothing
    is saved then, and the reply can be asked for again.
    """
    if Message.objects.filter(answers=message).exists():
        return
    text = ""
    try:
        for piece in assistant.reply(context_of(message)):
            text += piece
            yield piece
            if len(text) >= LONGEST_REPLY:
                break
    except NoReply:
        raise
    except Exception as error:  # noqa: BLE001 - an assistant may raise anything
        # What it says may repeat what was written; what kind it is is enough.
        logger.error("The assistant failed to answer: %s.", type(error).__name__)  # noqa: TRY400
        raise NoReply from None
    if not text.strip():
        raise NoReply
    save_reply(message, text, at=at())


def context_of(message: Message) -> list[Message]:
    """Return a message with the latest ones before it, in order: as many as the assistant is given."""
    latest = message.conversation.messages.filter(pk__lte=message.pk).order_by("-pk")[:CONTEXT_MESSAGES]
    lengths = accumulate(len(stored.text) for stored in latest)
    within = [stored for stored, length in zip(latest, lengths, strict=True) if length <= CONTEXT_CHARACTERS]
    return within[::-1] or [message]


def answer_message(message: Message, assistant: Assistant, *, at: Callable[[], datetime]) -> None:
    """Have a message answered, whole. Raises NoReply."""
    for _piece in pieces_of_reply(message, assistant, at=at):
        pass
