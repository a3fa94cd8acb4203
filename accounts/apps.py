"""The accounts app."""

from django.apps import AppConfig
from django.core import checks
from django.utils.translation import gettext_lazy as _


class AccountsConfig(AppConfig):
    """Who a person is: the user, the plan, sign-up, signing in."""

    name = "accounts"
    verbose_name = _("accounts")

    def ready(self) -> None:
        """Register what is held here, what is done again after a restore, and the check of the journal."""
        from accounts import holdings, journal, leaving, personal_data
        from accounts.checks import check_journal

        personal_data.register(*holdings.HOLDINGS)
        journal.register(leaving.ACCOUNT_DELETED, leaving.close_again)
        checks.register(check_journal, checks.Tags.database)
