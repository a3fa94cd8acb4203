"""Who answers. The setting `ASSISTANT` names a class of this shape."""

from collections.abc import Sequence
from typing import Protocol, cast

from django.conf import settings
from django.utils.module_loading import import_string
from django.utils.translation import gettext as _

from conversations.models import Message


class Assistant(Protocol):
    """Something that answers a conversation."""

    def reply(self, messages: Sequence[Message]) -> str:
        """Return the reply to the last of these messages, which are in order. May raise anything."""


class OfflineAssistant:
    """The default: says plainly that nobody is there."""

    def reply(self, messages: Sequence[Message]) -> str:
        """Return the one thing it can say, in the language of the page."""
        return _("No model is connected here, so there is no reply. Your message is saved.")


def connected_assistant() -> Assistant:
    """Return the assistant that the settings name."""
    return cast(Assistant, import_string(settings.ASSISTANT)())
