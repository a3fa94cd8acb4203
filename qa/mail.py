"""The mails sent, kept for QA: as files, so that whatever process sends one, every process can show it.

Anyone may look at them, so only those to addresses that can be nobody's are shown (RFC 2606): a code to sign in with
is worth an account.
"""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from email import message_from_bytes, policy
from email.message import EmailMessage as Parsed
from email.utils import getaddresses
from itertools import islice
from pathlib import Path

from django.conf import settings
from django.core.mail import EmailMessage
from django.core.mail.backends import console
from django.utils import timezone

NOBODYS = ("example.com", "example.net", "example.org", "example", "test", "invalid")
MOST_SHOWN = 30
MOST_KEPT = 200


class EmailBackend(console.EmailBackend):
    """The console, and a copy in a file each."""

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        """Send to the console, and keep a copy."""
        for message in email_messages:
            keep(message)
        return super().send_messages(email_messages) or 0


def keep(message: EmailMessage) -> None:
    """Write a mail to a file of its own whose name says when, by the real clock; the oldest files go."""
    directory: Path = settings.QA_MAILS_DIR
    directory.mkdir(parents=True, exist_ok=True)
    path = directory / f"{timezone.now():%Y%m%dT%H%M%S.%fZ}-{uuid.uuid4().hex}.eml"
    path.write_bytes(message.message().as_bytes())
    for old in _files()[MOST_KEPT:]:
        old.unlink(missing_ok=True)


@dataclass(frozen=True, slots=True)
class Mail:
    """One mail as it was sent."""

    sent_at: datetime
    to: tuple[str, ...]
    subject: str
    text: str


def sent(*, to: str = "") -> list[Mail]:
    """Return the mails to addresses that are nobody's, or to one of them, the latest first."""
    mails = filter(None, map(_read, _files()))
    found = (mail for mail in mails if all(map(_is_nobodys, mail.to)) and (not to or to in mail.to))
    return list(islice(found, MOST_SHOWN))


def _files() -> list[Path]:
    return sorted(settings.QA_MAILS_DIR.glob("*.eml"), reverse=True)


def _read(path: Path) -> Mail | None:
    try:
        parsed = message_from_bytes(path.read_bytes(), policy=policy.default)
    except FileNotFoundError:  # It was old, and went a moment ago.
        return None
    assert isinstance(parsed, Parsed)
    body = parsed.get_body(("plain",))
    sent_at = datetime.strptime(path.name.partition("-")[0], "%Y%m%dT%H%M%S.%f%z")
    named = getaddresses([str(value) for name in ("To", "Cc", "Bcc") for value in parsed.get_all(name, [])])
    to = tuple(address for _name, address in named)
    return Mail(sent_at, to, str(parsed["Subject"]), body.get_content() if body else "")


def _is_nobodys(address: str) -> bool:
    host = address.rpartition("@")[2].lower()
    return any(host == name or host.endswith(f".{name}") for name in NOBODYS)
