"""The conversations app."""

import uuid

from django.apps import AppConfig
from django.core import checks
from django.db.models.signals import post_migrate
from django.utils.translation import gettext_lazy as _


class ConversationsConfig(AppConfig):
    """What the choice governs: chats, coding sessions and feedback."""

    name = "conversations"
    verbose_name = _("Conversations")

    def ready(self) -> None:
        """Let a refusal reach what is stored here, and register what is held and what is done again after a restore."""
        from accounts import journal, personal_data
        from conversations import actions, feedback, holdings, restoring, tasks
        from conversations.checks import check_assistant, check_triggers
        from conversations.triggers import TRIGGERS
        from privacy import effects

        checks.register(check_assistant)
        checks.register(check_triggers, checks.Tags.database)
        post_migrate.connect(TRIGGERS.install_after_migrate, sender=self, weak=False)

        def on_refusal(refusal: uuid.UUID) -> None:
            tasks.shorten_retention.delay(str(refusal))

        effects.on_refusal.append(on_refusal)
        personal_data.register(*holdings.HOLDINGS)
        journal.register(actions.DELETED, restoring.delete_again)
        journal.register(actions.DELETION_UNDONE, restoring.undo_again)
        journal.register(actions.EXCLUDED, restoring.exclude_again)
        journal.register(actions.EXCLUSION_LIFTED, restoring.lift_again)
        journal.register(feedback.FEEDBACK_DELETED, restoring.forget_feedback_again)
