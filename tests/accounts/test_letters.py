"""The letters about an account: in their reader's language, plain, and by nobody's name but the product's."""

import re
from pathlib import Path

import pytest
from allauth.account.adapter import get_adapter
from allauth.core import context
from django.conf import settings as django_settings
from django.test import Client, RequestFactory
from django.urls import reverse
from django.utils import timezone, translation
from pytest_django import Settings

from accounts.models import User
from privacy.models import PolicyUpdate
from tests.accounts.signing_in import letters, mailed_reset_link, sign_up
from tests.factories import ANNOUNCED, LAST_DAY, make_user

CHINESE = re.compile(r"[\u4e00-\u9fff]")
TEMPLATES = Path(django_settings.BASE_DIR) / "templates"
LETTERS = sorted(
    str(path.relative_to(TEMPLATES)).removesuffix("_subject.txt") for path in TEMPLATES.glob("*/email/*_subject.txt")
)
FACTS = {
    "code": "ABCD-EFGH",
    "password_reset_url": "http://testserver/accounts/password/reset/key/1-abc/",
    "signup_url": "http://testserver/accounts/signup/",
    "from_email": "before@example.org",
    "to_email": "after@example.org",
    "deleted_email": "gone@example.org",
    "update": PolicyUpdate(version="x", announced_at=ANNOUNCED, last_day=LAST_DAY),
    "options": [{"label": "A", "hint": "B"}],
    "question_url": "http://testserver/privacy/question/",
    "unsubscribe_url": "http://testserver/privacy/unsubscribe/abc/",
    "ip": "192.0.2.7",
    "user_agent": "Mozilla/5.0 (Windows NT 10.0) Firefox/140.0 <b>Call 555-0100</b> & 'co'",
}

pytestmark = pytest.mark.django_db


@pytest.fixture
def mei(db: None) -> User:
    """Return someone who reads Chinese, in Shanghai."""
    return make_user("mei@example.com", language="zh-hans", time_zone="Asia/Shanghai")


@pytest.mark.parametrize("language", ["en", "zh-hans"])
@pytest.mark.parametrize("letter", LETTERS)
def test_letter_is_in_its_reader_s_language_and_by_the_product_s_name(
    settings: Settings, letter: str, language: str
) -> None:
    settings.PRODUCT_NAME, settings.CODING_TOOL_NAME = "Acme & Co", "Acme Code"
    reader = make_user("reader@example.com", language=language)
    other = "en" if language == "zh-hans" else "zh-hans"

    with context.request_context(RequestFactory().get("/")), translation.override(other):
        facts = {**FACTS, "user": reader, "timestamp": timezone.now()}
        get_adapter().send_mail(letter, reader.email, facts)

    (sent,) = letters()
    assert "Acme & Co" in sent.subject
    assert "Acme & Co" in sent.body
    assert bool(CHINESE.search(sent.subject)) is bool(CHINESE.search(sent.body)) is (language == "zh-hans")
    assert "\n\n\n" not in sent.body
    assert not re.search(r"Marlow|None|555|&amp;|&#", sent.subject + sent.body)


@pytest.mark.django_db(transaction=True)  # The letter leaves once the password is saved.
def test_letter_follows_its_reader_and_not_the_page(client: Client, mei: User) -> None:
    client.cookies["language"] = "en"
    client.post(reverse("account_reset_password"), {"email": mei.email})
    form = client.get(mailed_reset_link())["Location"]
    client.post(form, {"password1": "another-fine-horse", "password2": "another-fine-horse"})

    link, done = letters()
    assert CHINESE.search(link.subject)
    assert CHINESE.search(done.subject)
    assert re.search(r"\d{4}年\d{1,2}月\d{1,2}日", done.body), "the time is written as its reader writes it"
    assert "Asia/Shanghai" in done.body, "and in their time zone, by the name that the pages give it"


def test_letter_about_an_existing_account_is_in_its_owner_s_language(client: Client, mei: User) -> None:
    client.cookies["language"] = "en"

    sign_up(client, mei.email)

    assert CHINESE.search(letters()[0].body)


def test_letter_to_a_stranger_is_in_the_language_of_the_page(client: Client) -> None:
    client.cookies["language"] = "zh-hans"

    client.post(reverse("account_reset_password"), {"email": "nobody@example.com"})

    assert CHINESE.search(letters()[0].body)
