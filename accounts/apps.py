"""The accounts app."""

from django.apps import AppConfig, apps
from django.core import checks
from django.db.models.signals import post_migrate
from django.utils.translation import gettext_lazy as _


class AccountsConfig(AppConfig):
    """Who a person is: the user, the plan, sign-up, signing in."""

    name = "accounts"
    verbose_name = _("Accounts")

    def ready(self) -> None:
        """Register what is held here, what is done again after a restore, the check of the journal, and the roles."""
        from allauth.mfa.signals import authenticator_added

        from accounts import holdings, journal, leaving, personal_data, roles, second_factor
        from accounts.checks import check_journal

        personal_data.register(*holdings.HOLDINGS)
        journal.register(leaving.ACCOUNT_DELETED, leaving.close_again)
        checks.register(check_journal, checks.Tags.database)
        authenticator_added.connect(second_factor.sign_out_elsewhere)
        last = [app for app in apps.get_app_configs() if app.models_module][-1]
        # After the last app's, so that every permission there is has been made.
        post_migrate.connect(roles.make_roles, sender=last, weak=False)
