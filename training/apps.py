"""The training app."""

import uuid

from django.apps import AppConfig
from django.core import checks
from django.db import transaction
from django.db.models.signals import post_migrate
from django.utils.translation import gettext_lazy as _


class TrainingConfig(AppConfig):
    """What is built from conversations: training runs, their manifests and their files."""

    name = "training"
    verbose_name = _("Training")

    def ready(self) -> None:
        """Take out what becomes ineligible, keep dates, and say on badges which runs hold a conversation."""
        from accounts import effects, personal_data
        from accounts.models import User
        from conversations import badge, purge
        from privacy.effects import on_deadline_undone
        from training import filing, holdings, manifest, retention, tasks, triggers
        from training.checks import check_files, check_triggers

        def on_ineligible(user: User, conversation: uuid.UUID | None) -> None:
            for run in manifest.note_removal(user, conversation):
                # Robust: a broker that is down must not keep an act from being done. The next look takes it out.
                transaction.on_commit(lambda key=str(run): tasks.take_out_removed.delay(key), robust=True)  # type: ignore[misc]  # mypy infers no defaults

        checks.register(check_files)
        checks.register(check_triggers, checks.Tags.database)
        post_migrate.connect(triggers.TRIGGERS.install_after_migrate, sender=self, weak=False)
        effects.on_ineligible.append(on_ineligible)
        on_deadline_undone.append(filing.take_out_of_every_run)
        personal_data.register(*holdings.HOLDINGS)
        badge.runs_of.append(manifest.runs_of)
        purge.TARGETS.extend(retention.TARGETS)
