"""The forms of signing up, signing in and securing an account: allauth's, in our own words."""

from typing import Any, NamedTuple

from allauth.account import forms as account
from allauth.mfa.base import forms as mfa
from allauth.mfa.totp import forms as totp
from allauth.mfa.webauthn import forms as webauthn
from django import forms
from django.contrib.auth.hashers import make_password
from django.http import HttpRequest
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from accounts.models import validate_time_zone


class Words(NamedTuple):
    """What a field says: its name, what is missing when it is empty, and a hint if it needs one."""

    label: str | Promise
    missing: str | Promise
    hint: str | Promise = ""


EMAIL = Words(_("E-mail address"), _("Enter your e-mail address."))
DIGITS = {"code": {"inputmode": "numeric"}}
NEW_PASSWORD_HINT = _("At least 8 characters, not digits alone, and not a password that many people use.")

WORDS = {
    "login": EMAIL,
    "email": EMAIL,
    "password": Words(_("Password"), _("Enter your password.")),
    "oldpassword": Words(_("Current password"), _("Enter your current password.")),
    "password1": Words(_("New password"), _("Choose a password."), NEW_PASSWORD_HINT),
    "password2": Words(_("New password, once more"), _("Enter the new password once more.")),
    "code": Words(_("Code"), _("Enter the code.")),
    "name": Words(_("Name"), _("Give it a name.")),
    "credential": Words("", _("No passkey was read. It needs JavaScript, and your browser’s permission.")),
    "passwordless": Words(
        _("Sign me in with this key alone"),
        "",
        _("No password and no code are asked for then; the key asks for your PIN, your finger or your face."),
    ),
}


class InOurWords(forms.Form):
    """Gives a form the words above, and takes away what repeats them in the field itself."""

    use_required_attribute = False
    words: dict[str, Words] = {}
    attributes: dict[str, dict[str, str]] = {}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, words in {**WORDS, **self.words}.items():
            if field := self.fields.get(name):
                field.label, field.help_text = str(words.label), str(words.hint)
                field.error_messages["required"] = str(words.missing)
                field.widget.attrs.pop("placeholder", None)
            if isinstance(field, forms.EmailField):
                field.error_messages["invalid"] = _("Enter an address like name@example.com.")
        for name, attributes in self.attributes.items():
            self.fields[name].widget.attrs |= attributes


# Signing up and in


class SignupForm(InOurWords, account.SignupForm):
    """Signing up: an address, a password, and the time zone the browser names by itself."""

    time_zone = forms.CharField(required=False, widget=forms.HiddenInput(attrs={"data-time-zone": ""}))
    words = {"password1": Words(_("Password"), _("Choose a password."), NEW_PASSWORD_HINT)}

    def try_save(self, request: HttpRequest) -> Any:
        """Save the account; take as long where there is one already, so that the time does not tell."""
        if self.account_already_exists:
            make_password(self.cleaned_data["password1"])
        return super().try_save(request)

    def clean_time_zone(self) -> str:
        """Return the browser's time zone, or nothing if we don't know it: it is only a convenience."""
        name: str = self.cleaned_data["time_zone"]
        try:
            validate_time_zone(name)
        except forms.ValidationError:
            return ""
        return name


class LoginForm(InOurWords, account.LoginForm):
    """Signing in with an address and a password."""

    # By "username" a password manager knows to which account a password belongs.
    attributes = {"login": {"autocomplete": "username"}}


class ConfirmEmailVerificationCodeForm(InOurWords, account.ConfirmEmailVerificationCodeForm):
    """Confirming an address by the code that was sent to it."""

    words = {"code": Words(_("Code from the e-mail"), _("Enter the code from the e-mail."))}
    attributes = {"code": {"autocapitalize": "none", "spellcheck": "false"}}


class ReauthenticateForm(InOurWords, account.ReauthenticateForm):
    """Entering the password again before something that needs it."""


# The password and the address


class ResetPasswordForm(InOurWords, account.ResetPasswordForm):
    """Asking for a link with which a new password can be chosen."""


class ResetPasswordKeyForm(InOurWords, account.ResetPasswordKeyForm):
    """Choosing a new password after following that link."""


class ChangePasswordForm(InOurWords, account.ChangePasswordForm):
    """Changing the password."""


class SetPasswordForm(InOurWords, account.SetPasswordForm):
    """Choosing the first password of an account that has none."""


class AddEmailForm(InOurWords, account.AddEmailForm):
    """Changing the address: the new one is confirmed by code before it replaces the old one."""

    words = {"email": Words(_("New e-mail address"), _("Enter the new e-mail address."))}


# The second step


class AuthenticateForm(InOurWords, mfa.AuthenticateForm):
    """The second step of signing in: a code of the authenticator app, or a recovery code."""

    words = {"code": Words(_("Code from your app, or a recovery code"), _("Enter the code."))}
    attributes = DIGITS


class ReauthenticateByCodeForm(InOurWords, mfa.ReauthenticateForm):
    """The same code again before something that needs it."""

    words = AuthenticateForm.words
    attributes = DIGITS


class ActivateTOTPForm(InOurWords, totp.ActivateTOTPForm):
    """Proving that the authenticator app has the secret."""

    words = {"code": Words(_("Six-digit code from the app"), _("Enter the code that the app shows."))}
    attributes = DIGITS


class AddWebAuthnForm(InOurWords, webauthn.AddWebAuthnForm):
    """Adding a passkey or a security key."""


class EditWebAuthnForm(InOurWords, webauthn.EditWebAuthnForm):
    """Giving a key another name."""


class LoginWebAuthnForm(InOurWords, webauthn.LoginWebAuthnForm):
    """Signing in with a passkey alone."""


class AuthenticateWebAuthnForm(InOurWords, webauthn.AuthenticateWebAuthnForm):
    """The second step of signing in with a key."""


class ReauthenticateWebAuthnForm(InOurWords, webauthn.ReauthenticateWebAuthnForm):
    """A key again before something that needs it."""
