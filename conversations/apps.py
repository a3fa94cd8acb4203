"""The conversations app."""

import uuid

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ConversationsConfig(AppConfig):
    """What the choice governs: chats, coding sessions and feedback."""

    name = "conversations"
    verbose_name = _("conversations")

    def ready(self) -> None:
        """Let a refusal reach what is stored here."""
        from conversations.tasks import shorten_retention
        from privacy import effects

        def on_refusal(refusal: uuid.UUID) -> None:
            shorten_retention.delay(str(refusal))

        effects.on_refusal.append(on_refusal)
