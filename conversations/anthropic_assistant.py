"""An assistant that talks to a model over the Anthropic Messages API, with its official SDK.

    ASSISTANT=conversations.anthropic_assistant.AnthropicAssistant
    ANTHROPIC_API_KEY=…  ANTHROPIC_MODEL=…  (ANTHROPIC_BASE_URL, ANTHROPIC_TIMEOUT)

The SDK is an extra: `pip install --no-deps -r requirements/anthropic.txt`.
"""

import logging
import re
import time
from collections.abc import Iterator, Sequence
from functools import cache
from itertools import groupby

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from conversations.assistant import Declined, NoReply
from conversations.models import Format, Message, Role

try:
    import anthropic
    from anthropic.types import MessageParam
except ModuleNotFoundError as error:
    raise ImproperlyConfigured(
        "AnthropicAssistant needs its SDK: pip install --no-deps -r requirements/anthropic.txt; or choose another"
        " ASSISTANT."
    ) from error

logger = logging.getLogger(__name__)

MOST_TOKENS = 4096
CONNECTING_TAKES = 10.0
# The SDK tries again by itself, before anything has come.
RETRIES = 2
# A whole reply may take so many times as long as the wait for its next piece.
WHOLE_REPLY = 10


class AnthropicAssistant:
    """Answers with what a model says, piece by piece."""

    def __init__(self) -> None:
        missing = [name for name in ("api_key", "model") if not settings.ANTHROPIC[name]]
        if missing:
            raise ImproperlyConfigured(f"AnthropicAssistant needs ANTHROPIC_{' and ANTHROPIC_'.join(missing).upper()}.")

    def reply(self, messages: Sequence[Message]) -> Iterator[str]:
        """Yield the model's reply. Raises Declined if it will not answer, NoReply if anything else went wrong.

        A reply that reaches the length it may have ends there. Closing the iterator closes the connection.
        """
        try:
            with connected().messages.stream(
                model=settings.ANTHROPIC["model"], max_tokens=MOST_TOKENS, messages=turns(messages)
            ) as stream:
                end = time.monotonic() + settings.ANTHROPIC["seconds"] * WHOLE_REPLY
                for piece in stream.text_stream:
                    yield piece
                    if time.monotonic() > end:
                        logger.error("The model went on for too long.")
                        raise NoReply  # noqa: TRY301 - it ends as whatever goes wrong here does
                stop_reason = stream.get_final_message().stop_reason
        except Exception as error:  # noqa: BLE001 - the SDK's errors, and those of the connection below it
            # Their texts may repeat what was sent; what kind they are is enough.
            logger.error("The model did not answer: %s.", type(error).__name__)  # noqa: TRY400
            raise NoReply from None
        if stop_reason == "refusal":
            raise Declined
        if stop_reason is None:
            # It hung up in the middle.
            raise NoReply


@cache
def connected() -> anthropic.Anthropic:
    """Return the client, whose connections are shared by all threads of a process."""
    configured = settings.ANTHROPIC
    return anthropic.Anthropic(
        api_key=configured["api_key"],
        base_url=configured["base_url"],
        timeout=anthropic.Timeout(configured["seconds"], connect=CONNECTING_TAKES),
        max_retries=RETRIES,
        # Conversations go to the address that is configured, and to no other that it names.
        http_client=anthropic.DefaultHttpxClient(follow_redirects=False),
    )


def turns(messages: Sequence[Message]) -> list[MessageParam]:
    """Return messages as the API takes them: turns of the two sides, the owner's first.

    What someone wrote again because no reply came is one turn.
    """
    sides = groupby(messages, key=lambda message: Role(message.role))
    made = [_turn(role, "\n\n".join(map(_content, own))) for role, own in sides]
    return made if made and made[0]["role"] == "user" else made[1:]


def _turn(role: Role, content: str) -> MessageParam:
    if role is Role.OWNER:
        return {"role": "user", "content": content}
    return {"role": "assistant", "content": content}


def _content(message: Message) -> str:
    if message.format == Format.TEXT:
        return message.text
    # A fence is longer than any that stands in what it holds.
    fence = "`" * max(3, 1 + max(map(len, re.findall("`+", message.text)), default=0))
    return f"{fence}{'diff' if message.format == Format.DIFF else ''}\n{message.text}\n{fence}"
