"""The accounts app."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class AccountsConfig(AppConfig):
    """Who a person is: the user, the plan, sign-up, signing in."""

    name = "accounts"
    verbose_name = _("accounts")
