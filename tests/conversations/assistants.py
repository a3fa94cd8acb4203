"""Assistants that the tests connect: what the setting `ASSISTANT` names is the product's own way to do so."""

from collections.abc import Iterator, Sequence

from conversations.assistant import Declined
from conversations.models import Message


class Echo:
    """Answers with how much it was given, and with the last of it, in two pieces."""

    def reply(self, messages: Sequence[Message]) -> Iterator[str]:
        yield f"{len(messages)}: "
        yield messages[-1].text


class Broken:
    """Never answers."""

    def reply(self, messages: Sequence[Message]) -> Iterator[str]:
        raise ConnectionError("Nobody there.")


class BreaksOff:
    """Begins, and goes no further."""

    def reply(self, messages: Sequence[Message]) -> Iterator[str]:
        yield "It is"
        raise ConnectionError("Gone again.")


class Declines:
    """Will not answer."""

    def reply(self, messages: Sequence[Message]) -> Iterator[str]:
        raise Declined


class Says:
    """Answers with some pieces."""

    def __init__(self, *pieces: str) -> None:
        self.pieces = pieces

    def reply(self, messages: Sequence[Message]) -> Iterator[str]:
        yield from self.pieces
