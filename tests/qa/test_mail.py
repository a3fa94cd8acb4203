"""The mails sent, for QA to read: those to addresses that are nobody's, and no others."""

from pathlib import Path
from typing import Any

import pytest
from django.core.mail import EmailMessage, send_mail
from django.test import Client

from privacy.models import PolicyUpdate
from qa import mail
from tests.pages import page
from tests.processes import start
from tests.qa.conftest import Become


@pytest.fixture(autouse=True)
def _kept(settings: Any, tmp_path: Path) -> None:
    settings.EMAIL_BACKEND, settings.QA_MAILS_DIR = "qa.mail.EmailBackend", tmp_path / "mails"


def send(*to: str, subject: str = "Hello", body: str = "Your code is ABC-123", **fields: Any) -> None:
    EmailMessage(subject, body, "from@example.com", list(to), **fields).send()


def test_mail_to_a_reserved_address_is_shown_as_it_was_sent(client: Client, update: PolicyUpdate) -> None:
    send("new@example.com", subject="Bestätigen 确认", body="Ihr Code: Ä-1\n确认码")

    text = page(client.get("/qa/mails/")).text

    assert "Bestätigen 确认" in text
    assert "new@example.com" in text
    assert "Ihr Code: Ä-1 确认码" in text


@pytest.mark.parametrize(
    "to",
    [
        ["someone@gmail.com"],
        ["someone@notexample.com"],
        ["someone@example.com.evil.org"],
        ["someone@example.com", "real@gmail.com"],
        ["real@gmail.com", "someone@example.com"],
        ['"someone@example.com" <real@gmail.com>'],
    ],
)
def test_mail_to_anyone_real_is_not_shown(client: Client, update: PolicyUpdate, to: list[str]) -> None:
    send(*to)
    assert mail.sent() == []
    assert "ABC-123" not in page(client.get("/qa/mails/")).text


def test_mail_that_a_real_address_gets_a_copy_of_is_not_shown() -> None:
    send("someone@example.com", cc=["real@gmail.com"])
    assert mail.sent() == []


def test_latest_come_first_and_the_oldest_go(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mail, "MOST_KEPT", 3)
    for number in range(5):
        send("someone@example.com", subject=f"Number {number}")
    assert [found.subject for found in mail.sent()] == ["Number 4", "Number 3", "Number 2"]


def test_persona_page_shows_its_own(client: Client, become: Become) -> None:
    account = become("refused")
    send(account.email, subject="To it")
    send("someone@example.com", subject="To someone else")

    text = page(client.get("/qa/personas/refused/")).text

    assert "To it" in text
    assert "To someone else" not in text


def test_console_has_it_too(capsys: pytest.CaptureFixture[str]) -> None:
    send_mail("On the console", "", "from@example.com", ["someone@example.com"])
    assert "Subject: On the console" in capsys.readouterr().out


def test_mail_of_another_process_is_shown(settings: Any, tmp_path: Path) -> None:
    settings.QA_MAILS_DIR = tmp_path / "qa_mails"
    program = (
        "import django; django.setup()\n"
        "from django.core.mail import send_mail\n"
        "send_mail('From a worker', 'x', 'from@example.com', ['someone@example.com'])"
    )
    started = start(
        "-c", program, DJANGO_SETTINGS_MODULE="consent_site.settings", VAR_DIR=str(tmp_path), EMAIL_URL="consolemail://"
    )
    out, _err = started.communicate(timeout=60)
    assert "From a worker" in out
    assert [found.subject for found in mail.sent()] == ["From a worker"]


def test_sign_up_can_be_followed_through_the_page(client: Client, update: PolicyUpdate) -> None:
    client.post("/accounts/signup/", {"email": "new@example.com", "password1": "correct-horse-battery"})
    assert [found.to for found in mail.sent()] == [("new@example.com",)]


def test_where_mails_leave_for_real_the_page_says_so(client: Client, update: PolicyUpdate, settings: Any) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    assert "leave this site for real" in page(client.get("/qa/mails/")).text
