"""The privacy app."""

from django.apps import AppConfig
from django.core import checks
from django.db.models.signals import post_migrate
from django.utils.translation import gettext_lazy as _


class PrivacyConfig(AppConfig):
    """What a person was told and chose."""

    name = "privacy"
    verbose_name = _("Privacy")

    def ready(self) -> None:
        """Register the checks, the triggers that every `migrate` makes, what is held here, and what is journalled."""
        from accounts import journal, personal_data
        from privacy import actions, holdings, restoring
        from privacy.checks import check_notes, check_site_address, check_triggers
        from privacy.models import TrainingRefusal
        from privacy.noting import NOTES
        from privacy.triggers import TRIGGERS

        checks.register(check_site_address)
        checks.register(check_triggers, checks.Tags.database)
        checks.register(check_notes, checks.Tags.database)
        post_migrate.connect(TRIGGERS.install_after_migrate, sender=self, weak=False)
        post_migrate.connect(NOTES.install_after_migrate, sender=self, weak=False)
        personal_data.register(*holdings.HOLDINGS)
        journal.register(actions.TRAINING_REFUSED, restoring.refuse_again)
        journal.register_proof(journal.Proof(TrainingRefusal, actions.line_of, needs=("user",)))
