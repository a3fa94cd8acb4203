"""Signing up and in as a person does, step by step, for tests."""

import re
import time
from dataclasses import dataclass
from typing import Any

from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value
from django.core import mail
from django.test import Client
from django.urls import reverse

from accounts.models import User
from tests.factories import PASSWORD

CODE = re.compile(r"^[A-Z]{4}-[A-Z]{4}$", re.MULTILINE)
RESET_LINK = re.compile(r"https?://testserver(/accounts/password/reset/key/\S+)")


def sign_up(client: Client, email: str = "new@example.com", password: str = PASSWORD, **fields: str) -> Any:
    """Fill in the sign-up form."""
    return client.post(reverse("account_signup"), {"email": email, "password1": password, **fields})


def sign_in(client: Client, user: User | str, password: str = PASSWORD, **fields: str) -> Any:
    """Fill in the sign-in form."""
    email = user if isinstance(user, str) else user.email
    return client.post(reverse("account_login"), {"login": email, "password": password, **fields})


def prove_again(client: Client, password: str = PASSWORD) -> None:
    """Enter the password once more, as what concerns the second step asks for."""
    client.post(reverse("account_reauthenticate"), {"password": password})


def leave_for_an_hour(client: Client) -> None:
    """Leave a session open, and have it be an hour since anyone has shown who they are."""
    session = client.session
    for record in session["account_authentication_methods"]:
        record["at"] -= 60 * 60
    session.save()


@dataclass(frozen=True, slots=True)
class Letter:
    """A letter as its reader gets it."""

    to: list[str]
    subject: str
    body: str


def letters() -> list[Letter]:
    """Return the letters sent, the latest last."""
    return [Letter(sent.to, str(sent.subject), str(sent.body)) for sent in mail.outbox]


def mailed_code() -> str:
    """Return the code in the latest letter."""
    found = CODE.search(letters()[-1].body)
    assert found is not None, letters()[-1]
    return found.group()


def mailed_reset_link() -> str:
    """Return the path of the link in the latest letter."""
    found = RESET_LINK.search(letters()[-1].body)
    assert found is not None, letters()[-1]
    return found.group(1)


# Seconds: how long a code is shown (RFC 6238), and how long at most until a test has sent it.
PERIOD, NEEDED = 30, 5


def app_code(secret: str) -> str:
    """Return what an authenticator app shows now, and goes on showing for some seconds."""
    if (left := PERIOD - time.time() % PERIOD) < NEEDED:
        time.sleep(left)
    return str(format_hotp_value(hotp_value(secret, int(time.time()) // PERIOD)))
