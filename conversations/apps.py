"""The conversations app."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ConversationsConfig(AppConfig):
    """What the choice governs: chats and coding sessions."""

    name = "conversations"
    verbose_name = _("conversations")
