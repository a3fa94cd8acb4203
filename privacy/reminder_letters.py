"""The letters themselves: their text in their reader's language, the way out of them, and handing them over."""

import smtplib
import uuid
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from allauth.account.adapter import get_adapter
from django.conf import settings
from django.core.mail import EmailMessage, get_connection
from django.core.signing import BadSignature, Signer
from django.urls import reverse
from django.utils import translation

from accounts.models import User
from privacy.models import Training, UpdateAct
from privacy.question import answer_options
from privacy.standing import Standing

SALT = "privacy.unsubscribe"
# From this number on a mail server's refusal is for good (RFC 5321, 4.2.1).
PERMANENT = 500
# With this one it hangs up, whatever it was asked (RFC 5321, 3.8): the next letter would find no connection.
HANGS_UP = 421


class UnknownToken(Exception):
    """The text is no token that was in a letter of ours."""


def unsubscribe_token(user: User) -> str:
    """Return what lets whoever holds a letter stop them, signed in or not. It does not expire."""
    return Signer(salt=SALT).sign(user.principal.hex)


def principal_of(token: str) -> uuid.UUID:
    """Return whose letters a token stops. Raises UnknownToken."""
    try:
        return uuid.UUID(Signer(salt=SALT).unsign(token))
    except (BadSignature, ValueError) as error:
        raise UnknownToken from error


def composed(standing: Standing, act: UpdateAct | None = None) -> EmailMessage:
    """Return the letter to someone who has not decided: a reminder, or about a move of the last day."""
    update, user = standing.update, standing.user
    assert update is not None
    way_out = settings.SITE_URL + reverse("privacy:unsubscribe", args=[unsubscribe_token(user)])
    with translation.override(user.language):
        context = {
            "user": user,
            "update": update,
            "due": standing.due,
            "act": act,
            "options": answer_options(update),
            "has_earlier_choice": standing.state.training in Training.values,
            "question_url": settings.SITE_URL + reverse("privacy:question"),
            "unsubscribe_url": way_out,
            "coding_tool_name": settings.CODING_TOOL_NAME,
        }
    headers = {
        # RFC 8058: a mail program may stop the letters by one POST, without opening a page.
        "List-Unsubscribe": f"<{way_out}>",
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
        # RFC 3834: an automatic answer to this letter would reach nobody.
        "Auto-Submitted": "auto-generated",
    }
    template = "privacy/email/last_day_moved" if act else "privacy/email/reminder"
    return get_adapter().letter_to(user, template, context, headers)  # type: ignore[no-any-return]  # allauth has no types


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a letter that was handed over: `problem` is empty if the server has taken it."""

    problem: str = ""
    is_certainly_not_sent: bool = False
    server_is_away: OSError | None = None

    def raise_if_the_server_is_away(self) -> None:
        """Raise what stopped it, where no other letter would fare better."""
        if self.server_is_away is not None:
            raise self.server_is_away


class Delivery:
    """One connection to the mail server. Entering it raises OSError if the server can't be reached."""

    def __init__(self) -> None:
        self.connection = get_connection()

    def __enter__(self) -> Self:
        self.connection.open()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.connection.close()

    def send(self, letter: EmailMessage) -> Outcome:
        """Hand a letter over, and return what became of it.

        An address that is refused for good is not tried again. What the server puts off, or refuses because of us, was
        not sent and can be later. Where the connection breaks, nobody knows.
        """
        try:
            self.connection.send_messages([letter])
        except smtplib.SMTPRecipientsRefused as error:
            return _refused(error, max(refused[0] for refused in error.recipients.values()))
        except smtplib.SMTPDataError as error:
            return _refused(error, error.smtp_code)
        except smtplib.SMTPResponseException as error:
            return Outcome(type(error).__name__, is_certainly_not_sent=True, server_is_away=error)
        except OSError as error:
            return Outcome(type(error).__name__, server_is_away=error)
        return Outcome()


def _refused(error: OSError, code: int) -> Outcome:
    """Return what became of a letter that the server has answered with a code."""
    server_is_away = error if code == HANGS_UP else None
    return Outcome(f"{type(error).__name__} {code}", code < PERMANENT, server_is_away)
