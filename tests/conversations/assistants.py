"""Assistants that the tests connect: what the setting `ASSISTANT` names is the product's own way to do so."""

from collections.abc import Sequence

from conversations.models import Message


class Echo:
    """Answers with how much it was given, and with the last of it."""

    def reply(self, messages: Sequence[Message]) -> str:
        return f"{len(messages)}: {messages[-1].text}"


class Broken:
    """Never answers."""

    def reply(self, messages: Sequence[Message]) -> str:
        raise ConnectionError("Nobody there.")
