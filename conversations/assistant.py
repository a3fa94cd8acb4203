"""Who answers. The setting `ASSISTANT` names a class of this shape."""

from collections.abc import Iterator, Sequence
from typing import Protocol, cast

from django.conf import settings
from django.utils.module_loading import import_string
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from conversations.models import Message


class NoReply(Exception):
    """There is no reply, or it broke off. `message` says why, to the person who wrote."""

    message = _("No reply came. Your message is saved, and you can ask for the reply again.")


class Declined(NoReply):
    """The model will not answer this."""

    message = _("The assistant declined to answer this message. Your message is saved; try putting it another way.")


class Assistant(Protocol):
    """Something that answers a conversation."""

    def reply(self, messages: Sequence[Message]) -> Iterator[str]:
        """Yield the reply to the last of these messages, which are in order, piece by piece.

        Raises NoReply, before the first piece or after any. Closing the iterator ends what it holds open.
        """


class OfflineAssistant:
    """The default: says plainly that nobody is there."""

    def reply(self, messages: Sequence[Message]) -> Iterator[str]:
        """Yield the one thing it can say, in the language of the page."""
        yield gettext("No model is connected here, so there is no reply. Your message is saved.")


def connected_assistant() -> Assistant:
    """Return the assistant that the settings name."""
    return cast(Assistant, import_string(settings.ASSISTANT)())
