"""Signing up, and changing one's address, where there are personas: nobody else gets the address of one."""

from typing import Any

from django.core.exceptions import ValidationError

from accounts import sign_in_forms
from accounts.adapter import AccountAdapter
from qa.personas import HOST


class NoPersonasAddress:
    """Refuses the addresses of personas. The codes sent there are among the mails, so that anyone could confirm one."""

    def clean_email(self) -> Any:
        """Return the address. Raises ValidationError."""
        email = super().clean_email()  # type: ignore[misc]
        if str(email).lower().endswith(f"@{HOST}"):
            raise ValidationError(AccountAdapter.error_messages["email_taken"], code="email_taken")
        return email


class SignupForm(NoPersonasAddress, sign_in_forms.SignupForm):
    """Signing up."""


class AddEmailForm(NoPersonasAddress, sign_in_forms.AddEmailForm):
    """Changing one's address."""
