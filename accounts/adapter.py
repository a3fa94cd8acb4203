"""Where allauth asks the project how accounts are made."""

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from django.http import HttpRequest
from django.utils.translation import get_language

from accounts.models import User


class AccountAdapter(DefaultAccountAdapter):
    """Gives a new account the language in which its person signed up."""

    def new_user(self, request: HttpRequest) -> User:
        """Return an unsaved account in the language of the page."""
        user: User = super().new_user(request)
        user.language = get_language() or user.language
        return user

    def save_user(self, request: HttpRequest, user: User, form: Any, commit: bool = True) -> User:
        """Fill the account from the sign-up form, the browser's time zone included, and save it."""
        user.time_zone = form.cleaned_data.get("time_zone") or user.time_zone
        saved: User = super().save_user(request, user, form, commit=commit)
        return saved
