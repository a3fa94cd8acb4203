"""Where allauth asks the project: how accounts are made, what messages say, and in whose language a letter is."""

import time
import zoneinfo
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

from allauth.account import app_settings as account_settings
from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.internal.flows.login import get_authentication_records
from allauth.account.internal.stagekit import clear_login
from allauth.account.models import EmailAddress
from allauth.core import context as allauth_context
from allauth.core.exceptions import ImmediateHttpResponse
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.models import Authenticator
from django.conf import settings
from django.contrib import messages
from django.core.mail import EmailMessage
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.utils import timezone, translation
from django.utils.translation import get_language, gettext
from django.utils.translation import gettext_lazy as _

from accounts.actions import AccountClosed, lock_user
from accounts.devices import device_name
from accounts.models import ERASED, User
from accounts.next_url import is_path

DAY = 24 * 60 * 60


class AccountAdapter(DefaultAccountAdapter):
    """Gives a new account the language of its sign-up, and writes each letter in its reader's."""

    error_messages = {
        **DefaultAccountAdapter.error_messages,
        "account_inactive": _("This account is closed."),
        "duplicate_email": _("That is already your address."),
        "email_password_mismatch": _("The e-mail address or the password is not right."),
        "email_taken": _("That address can’t be used."),
        "enter_current_password": _("That is not your current password."),
        "incorrect_code": _("That code is not right, or no longer valid."),
        "incorrect_password": _("That password is not right."),
        "invalid_login": _("The e-mail address or the password is not right."),
        "rate_limited": _("A code was sent a moment ago. Wait a little before you ask for another."),
        "too_many_login_attempts": _("There were too many attempts. Wait a few minutes, then try again."),
    }

    # Requests

    def is_safe_url(self, url: str) -> bool:
        """Return whether to go on to an address after signing in: a path of this site."""
        return is_path(url) and bool(super().is_safe_url(url))

    def is_reauthentication_required(self, *, app: str, **kwargs: Any) -> bool:
        """Return whether someone has to show again that it is them, before their address or first password changes.

        Who has signed in a moment ago has shown it; allauth counts only what was asked for once more. What hands out
        a whole account, or changes its second step, names another app or none, and asks in any case.
        """
        required: bool = super().is_reauthentication_required(app=app, **kwargs)
        return required and not (app == "allauth.account" and _has_just_signed_in(allauth_context.request))

    # Accounts

    def new_user(self, request: HttpRequest) -> User:
        """Return an unsaved account in the language of the page."""
        user: User = super().new_user(request)
        user.language = get_language() or user.language
        return user

    def save_user(self, request: HttpRequest, user: User, form: Any, commit: bool = True) -> User:  # noqa: FBT001, FBT002 - allauth's signature
        """Fill the account from the sign-up form, the browser's time zone included, and save it."""
        user.time_zone = form.cleaned_data.get("time_zone") or user.time_zone
        saved: User = super().save_user(request, user, form, commit=commit)
        return saved

    def pre_login(self, request: HttpRequest, user: User, **kwargs: Any) -> HttpResponse | None:
        """Keep whoever may not sign in from it, by whatever way they come: a password, a code or a passkey."""
        if not user.may_sign_in:
            clear_login(request)
            refused: HttpResponse = self.respond_user_inactive(request, user)
            return refused
        response: HttpResponse | None = super().pre_login(request, user, **kwargs)
        return response

    def login(self, request: HttpRequest, user: User) -> None:
        """Begin a session, unless the account was deleted while the password was checked."""
        with self.open_account(user):
            super().login(request, user)

    def clean_email(self, email: str) -> str:
        """Refuse the addresses that erased accounts get: who had one would keep somebody's erasure from its end."""
        if email.lower().endswith(f"@{ERASED}"):
            raise self.validation_error("email_taken")
        return str(super().clean_email(email))

    def set_password(self, user: User, password: str) -> None:
        """Save a new password and nothing else: the rest of the row may have changed since it was read."""
        user.set_password(password)
        with self.open_account(user):
            user.save(update_fields=["password"])

    def confirm_email(self, request: HttpRequest, email_address: EmailAddress) -> bool:
        """Take an address for confirmed, unless it is another account's, or there is none any more whose it could be.

        It may be that of a sign-up which nobody has confirmed: until the purge closes that, it is taken.
        """
        with self.open_account(email_address.user):
            if User.objects.filter(email=email_address.email.lower()).exclude(pk=email_address.user_id).exists():
                template = "account/messages/email_confirmation_failed.txt"
                self.add_message(request, messages.ERROR, template, {"email": email_address.email})
                return False
            return bool(super().confirm_email(request, email_address))

    @contextmanager
    def open_account(self, user: User) -> Iterator[None]:
        """Lock an account while allauth writes to it, or lead to the page that says it is closed.

        What allauth writes is of a row read earlier. Another device may have deleted the account since, and nothing
        is written after its erasure.
        """
        with transaction.atomic():
            try:
                lock_user(user)
            except AccountClosed as closed:
                raise ImmediateHttpResponse(self.respond_user_inactive(allauth_context.request, user)) from closed
            yield

    # Letters

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """Send a letter in the language and the time zone of its reader, or of the page if we know no such person."""
        reader = context.get("user") or User.objects.filter(email=email.lower()).first()
        language = reader.language if reader else get_language()
        zone = zoneinfo.ZoneInfo(reader.time_zone if reader else settings.TIME_ZONE)
        with translation.override(language), timezone.override(zone):
            super().send_mail(template_prefix, email, {**context, **self.letter_context(context)})

    def letter_to(
        self, reader: User, template_prefix: str, context: dict[str, Any], headers: dict[str, str]
    ) -> EmailMessage:
        """Return a letter that is not sent yet, in its reader's language and time zone. It needs no request."""
        with translation.override(reader.language), timezone.override(zoneinfo.ZoneInfo(reader.time_zone)):
            context = {**context, **self.letter_context(context)}
            letter: EmailMessage = self.render_mail(template_prefix, reader.email, context, headers)
        return letter

    def letter_context(self, context: dict[str, Any]) -> dict[str, Any]:
        """Return what letters say besides what they are about. A subject is made without a request, hence the name."""
        return {
            "product_name": settings.PRODUCT_NAME,
            "code_minutes": account_settings.EMAIL_VERIFICATION_BY_CODE_TIMEOUT // 60,
            "link_days": settings.PASSWORD_RESET_TIMEOUT // DAY,
            "device": device_name(context.get("user_agent", "")),
            "site_url": self.site_url(),
        }

    def site_url(self) -> str:
        """Return the address of the site, without a path: as it was asked for, or as it is set where nobody asks."""
        request = allauth_context.request
        return f"{request.scheme}://{request.get_host()}" if request else settings.SITE_URL

    def send_notification_mail(
        self, template_prefix: str, user: User, context: dict[str, Any] | None = None, email: str | None = None
    ) -> None:
        """Send word of a change to an account, naming whose it is: the address written to may be an old one.

        It leaves once the change is saved: no mail server keeps an account locked.
        """
        named = {**(context or {}), "user": user}
        transaction.on_commit(partial(super().send_notification_mail, template_prefix, user, named, email))


def _has_just_signed_in(request: HttpRequest) -> bool:
    records = get_authentication_records(request, request.user)
    return bool(records) and time.time() - records[-1]["at"] < account_settings.REAUTHENTICATION_TIMEOUT


class MFAAdapter(DefaultMFAAdapter):
    """Names keys and the site in our words, and draws QR codes that can stand in a page."""

    error_messages = {
        **DefaultMFAAdapter.error_messages,
        "cannot_generate_recovery_codes": _("Recovery codes come with two-step sign-in. Set that up first."),
        "incorrect_code": _("That code is not right, or no longer valid."),
        "unverified_email": _("Confirm your e-mail address before you set up two-step sign-in."),
    }

    def build_totp_svg(self, url: str) -> str:
        """Return the QR code as an element for the page: an XML prolog has no place inside HTML."""
        svg: str = super().build_totp_svg(url)
        return svg[svg.index("<svg") :]

    def generate_authenticator_name(self, user: User, type: Authenticator.Type) -> str:  # noqa: A002 - allauth's name
        """Return the name a new key starts with."""
        count = Authenticator.objects.filter(user=user, type=type).count()
        return gettext("Passkey {number}").format(number=count + 1)

    def get_public_key_credential_rp_entity(self) -> dict[str, str]:
        """Return what a browser shows as the site a passkey is for."""
        entity: dict[str, str] = super().get_public_key_credential_rp_entity()
        return {**entity, "name": settings.PRODUCT_NAME}
