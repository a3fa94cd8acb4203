"""The Chinese of the site: complete, compiled, and on every page (rule G2)."""

import io
import os
import re
import shutil
import subprocess
import sys
import zoneinfo
from collections.abc import Callable, Iterable, Iterator
from http import HTTPStatus
from pathlib import Path
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from babel.messages.catalog import Catalog, Message
from babel.messages.mofile import read_mo
from babel.messages.pofile import read_po
from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import PermissionDenied
from django.core.management import call_command
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.template.loader import render_to_string
from django.test import Client, RequestFactory
from django.urls import reverse
from django.utils import timezone, translation

from accounts.models import Plan, User
from consent_site import views
from conversations.models import Conversation
from privacy.models import ConsentRecord, PolicyUpdate, Surface, Training
from privacy.question import Question, question_for
from privacy.standing import standing_of
from tests.conftest import MoveClock
from tests.factories import AFTERWARDS, MEANWHILE, PASSWORD, answer_as, defer_as, make_conversation, make_user
from tests.pages import Element, page, parsed

CHINESE = "zh-hans"
FOLDER = Path("locale") / "zh_Hans" / "LC_MESSAGES"
TEMPLATES = settings.BASE_DIR / "templates"
PLACEHOLDER = re.compile(r"%\(\w+\)[sd]|%[sd]|\{\w*\}|</?\w+>")


@pytest.fixture(scope="session")
def catalog() -> Catalog:
    with (settings.BASE_DIR / FOLDER / "django.po").open("rb") as file:
        return read_po(file, abort_invalid=True)


# The catalog


def texts(message: Message) -> tuple[str, ...]:
    return (message.string,) if isinstance(message.string, str) else tuple(message.string or ("",))


def originals(message: Message) -> tuple[str, ...]:
    return (message.id,) if isinstance(message.id, str) else tuple(message.id)


def context_of(message: Message) -> str | None:
    """Return the context of a message; from compiled catalogs Babel reads it as bytes."""
    context: str | bytes | None = message.context
    return context.decode() if isinstance(context, bytes) else context


def messages_of(catalog: Catalog) -> Iterator[Message]:
    return (message for message in catalog if message.id)


def keys_of(catalog: Catalog) -> set[tuple[str | None, tuple[str, ...]]]:
    return {(message.context, originals(message)) for message in messages_of(catalog)}


def test_every_text_has_a_translation_and_none_is_a_guess(catalog: Catalog) -> None:
    lacking = [m.id for m in messages_of(catalog) if m.fuzzy or not all(text.strip() for text in texts(m))]
    assert lacking == []


def test_translations_have_the_placeholders_and_tags_of_their_texts(catalog: Catalog) -> None:
    differing = [
        message.id
        for message in messages_of(catalog)
        for text in texts(message)
        if sorted(PLACEHOLDER.findall(text)) != sorted(PLACEHOLDER.findall(originals(message)[-1]))
    ]
    assert differing == []


def test_chinese_is_punctuated_as_chinese(catalog: Catalog) -> None:
    # A half-width mark beside a Chinese character, or a space after a full-width one.
    wrong = re.compile(r"[一-鿿][,;:!?()]|[,;:!?()][一-鿿]|[，。；：！？、（）《》] | [，。；：！？、（）《》]")
    assert [text for m in messages_of(catalog) for text in texts(m) if wrong.search(text)] == []


def test_compiled_catalog_is_made_of_the_written_one(catalog: Catalog) -> None:
    with (settings.BASE_DIR / FOLDER / "django.mo").open("rb") as file:
        compiled = read_mo(file)
    assert {(context_of(m), originals(m)): texts(m) for m in messages_of(compiled)} == {
        (m.context, originals(m)): texts(m) for m in messages_of(catalog)
    }, "run `make messages`"


def test_catalog_has_every_text_of_the_source_and_no_other(catalog: Catalog, tmp_path: Path) -> None:
    if not shutil.which("xgettext"):
        pytest.skip("needs gettext: install it")
    apart = shutil.ignore_patterns(".*", "__pycache__", "var", "tests", "benchmarks", "docs", "static", "requirements")
    copy = tmp_path / "copy"
    shutil.copytree(settings.BASE_DIR, copy, ignore=apart)

    subprocess.run(  # Settings are read from the copy, so that its folders are the ones gone through.
        [sys.executable, "manage.py", "makemessages", "--locale", "zh_Hans", "--no-location", "--no-obsolete"],
        cwd=copy,
        env={**os.environ, "DJANGO_SETTINGS_MODULE": "consent_site.settings"},
        check=True,
        capture_output=True,
    )

    with (copy / FOLDER / "django.po").open("rb") as file:
        collected = keys_of(read_po(file))
    assert collected - keys_of(catalog) == set(), "run `make messages`, and translate what is new"
    assert keys_of(catalog) - collected == set(), "run `make messages`"


def test_english_has_no_catalog() -> None:
    assert [folder.name for folder in (settings.BASE_DIR / "locale").iterdir()] == ["zh_Hans"]


# The two answers


@pytest.mark.parametrize("surface", [Surface.SIGN_UP, Surface.POP_UP, Surface.GATE, Surface.SETTINGS])
def test_two_answers_differ_by_one_word_and_the_period(alice: User, update: PolicyUpdate, surface: Surface) -> None:
    allow, refuse = question_in_chinese(alice, surface).options

    assert refuse.label == f"不{allow.label}"
    period = re.compile(r"\d+\xa0[年天]")
    assert len(period.findall(allow.hint)) == len(period.findall(refuse.hint)) == 1
    assert period.sub("", refuse.hint).replace("不", "") == period.sub("", allow.hint)


def question_in_chinese(user: User, surface: Surface) -> Question:
    with translation.override(CHINESE):
        question = question_for(standing_of(user, MEANWHILE), surface)
    assert question is not None
    return question


# The pages

NAMES = {
    *(settings.PRODUCT_NAME, settings.CODING_TOOL_NAME, settings.CONTROLLER["name"]),
    *map(str, Plan.labels),
    *("JSON", "ISO/IEC TS 27560", "SHA-256", "IBAN", "IP", "AI", "API", "UTC", "PIN", "Cookie", "JavaScript", "Esc"),
    *("Global Privacy Control", "English"),
    *("Asia/Shanghai", "CST"),  # Mei's time zone, and its initials.
}
NOT_WORDS = re.compile(
    r"""
    \b[\w.+-]+@[\w.-]+\b                        # e-mail addresses
    | \bhttps?://\S+                            # addresses of pages
    | \b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b | \b[0-9a-f]{64}\b
    | \b[A-Z2-7]{32}\b                          # the secret of an authenticator app
    | ^(?:update|language|surface):\ .*$        # what a notice belongs to, as it is hashed
    """,
    re.VERBOSE | re.MULTILINE,
)
NAME = re.compile("|".join(rf"(?<![A-Za-z]){re.escape(name)}(?![A-Za-z])" for name in sorted(NAMES, key=len)[::-1]))
ZONES = zoneinfo.available_timezones()
WORD = re.compile(r"[A-Za-z]{2,}")
SPOKEN = ("alt", "aria-label", "placeholder", "title")
UNSPOKEN = {"script", "style", "svg"}


def spoken(element: Element) -> Iterator[str]:
    """Yield each piece of text that a person reads or hears."""
    if element.tag in UNSPOKEN:
        return
    yield from (element[name] for name in SPOKEN if name in element)
    for child in element.children:
        if isinstance(child, str):
            yield child
        else:
            yield from spoken(child)


def foreign(text: str) -> list[str]:
    if text.strip().replace(" ", "_") in ZONES:
        return []
    return WORD.findall(NAME.sub(" ", NOT_WORDS.sub(" ", text)))


def english_on(response: HttpResponseBase) -> list[str]:
    """Return every text of a page with a word in it that is neither Chinese nor a name."""
    found = page(response)
    assert found.one("html")["lang"] == CHINESE
    return [" ".join(text.split()) for text in spoken(found) if foreign(text)]


def test_english_is_found_where_there_is_some() -> None:
    texts = ("您好 Marlow", "Save my choice", "保存 choice", "2025年9月10日 17:00 UTC", "Marlows")
    assert [text for text in texts if foreign(text)] == ["Save my choice", "保存 choice", "Marlows"]
    assert list(spoken(parsed('<p title="a">b<script>c</script><b>d</b></p>'))) == ["a", "b", "d"]


@pytest.fixture
def client() -> Client:
    return Client(headers={"accept-language": "zh-CN"})


@pytest.fixture
def seeded(db: None, moved_to: MoveClock) -> None:
    """Fill the site with the texts that ship and with the people of the demo, between announcement and deadline."""
    call_command("seed_demo", verbosity=0, stdout=io.StringIO())
    moved_to(MEANWHILE)


@pytest.fixture
def mei(seeded: None) -> User:
    """Return someone who joined before the announcement and reads Chinese."""
    return User.objects.get(email="mei@example.com")


@pytest.fixture
def newcomer(seeded: None) -> User:
    return User.objects.get(email="lin@example.com")


def english_at(client: Client, addresses: Iterable[str], *, follow: bool = False) -> dict[str, list[str]]:
    """Visit pages, and return those with English on them."""
    found = {}
    for address in addresses:
        response = client.get(address, follow=follow)
        assert response.status_code == HTTPStatus.OK, address
        if english := english_on(response):
            found[address] = english
    return found


def test_pages_of_the_signed_out(client: Client, seeded: None) -> None:
    names = (
        *("home", "account_login", "account_signup", "account_reset_password", "account_reset_password_done"),
        "account_inactive",
    )
    dead_link = reverse("account_reset_password_from_key", args=("1", "dead-link"))
    assert english_at(client, [*map(reverse, names), dead_link]) == {}


@pytest.mark.parametrize("kind", ["terms", "privacy", "changes", "faq"])
def test_documents(client: Client, seeded: None, kind: str) -> None:
    earlier = reverse("legal:earlier_document", args=(kind, "2025-01-15"))
    assert english_at(client, [reverse("legal:document", args=(kind,)), earlier]) == {}


@pytest.mark.parametrize(
    ("name", "sent"),
    [
        ("account_login", {}),
        ("account_login", {"login": "nobody", "password": "x"}),
        ("account_login", {"login": "nobody@example.com", "password": "wrong"}),
        ("account_signup", {}),
        ("account_signup", {"email": "new", "password1": "short"}),
        ("account_signup", {"email": "newcomer@example.com", "password1": "password"}),
        ("account_signup", {"email": "newcomer@example.com", "password1": "20250910"}),
        ("account_signup", {"email": "newcomer@example.com", "password1": "newcomer@example.com"}),
        ("account_signup", {"email": "new\0comer@example.com", "password1": "x\0"}),
        ("account_reset_password", {"email": ""}),
    ],
)
def test_errors_of_the_signed_out(client: Client, seeded: None, name: str, sent: dict[str, str]) -> None:
    response = client.post(reverse(name), sent)

    assert page(response).all(class_="error-summary"), "the form is shown again"
    assert english_on(response) == []


def test_confirming_an_address(client: Client, seeded: None) -> None:
    sent = {"email": "newcomer@example.com", "password1": PASSWORD}
    shown = client.post(reverse("account_signup"), sent, follow=True)
    resent = client.post(reverse("account_email_verification_sent"), {"action": "resend"}, follow=True)
    refused = client.post(reverse("account_email_verification_sent"), {"code": "WRONG"}, follow=True)

    assert [english_on(response) for response in (shown, resent, refused)] == [[], [], []]


# The question and what comes of it


def test_pop_up_and_its_answers(client: Client, mei: User) -> None:
    client.force_login(mei)
    form = {"token": token_on(client.get(reverse("conversations:index")))}

    htmx = {"hx-request": "true"}
    wrong = client.post(reverse("privacy:answer"), form, headers=htmx)
    right = client.post(reverse("privacy:answer"), {**form, "training": "refuse", "terms": "on"}, headers=htmx)
    stale = client.post(reverse("privacy:answer"), {**form, "training": "allow", "terms": "on"}, headers=htmx)

    for response in (wrong, right, stale):
        assert [text for text in spoken(page(response)) if foreign(text)] == []
    assert "不允许" in right.content.decode()


def token_on(response: HttpResponseBase) -> str:
    form = page(response).one("form", id="answer-form")
    return form.one("input", name="token")["value"]


QUESTION, SETTINGS, CHATS = "privacy:question", "privacy:settings", "conversations:index"


def test_question_before_the_deadline(client: Client, mei: User) -> None:
    client.force_login(mei)
    assert english_at(client, map(reverse, (CHATS, QUESTION, SETTINGS))) == {}


def test_question_when_put_off(client: Client, mei: User) -> None:
    defer_as(mei)
    client.force_login(mei)
    assert english_at(client, map(reverse, (CHATS, QUESTION, SETTINGS, "privacy:history"))) == {}


def test_question_at_sign_up(client: Client, newcomer: User) -> None:
    client.force_login(newcomer)
    assert english_at(client, map(reverse, (CHATS, QUESTION, SETTINGS, "conversations:overview")), follow=True) == {}


def test_question_at_the_gate(client: Client, mei: User, moved_to: MoveClock) -> None:
    moved_to(AFTERWARDS)
    client.force_login(mei)
    assert english_at(client, map(reverse, (CHATS, QUESTION, SETTINGS, "conversations:overview")), follow=True) == {}


@pytest.mark.parametrize("sent", [{}, {"training": "allow"}, {"training": "maybe"}, {"token": "of someone else"}])
def test_errors_of_the_question(client: Client, mei: User, moved_to: MoveClock, sent: dict[str, str]) -> None:
    moved_to(AFTERWARDS)
    client.force_login(mei)
    token = token_on(client.get(reverse(QUESTION)))

    response = client.post(reverse("privacy:answer"), {"token": token, **sent})

    assert page(response).all(class_="error-summary")
    assert english_on(response) == []


def test_not_now_when_it_is_too_late(client: Client, mei: User, moved_to: MoveClock) -> None:
    moved_to(AFTERWARDS)
    client.force_login(mei)
    token = token_on(client.get(reverse(QUESTION)))

    response = client.post(reverse("privacy:not_now"), {"token": token, "method": "button"})

    assert english_on(response) == []


@pytest.mark.parametrize("terms", [True, False])
@pytest.mark.parametrize("training", [Training.ALLOW, Training.REFUSE])
def test_after_an_answer(client: Client, mei: User, moved_to: MoveClock, training: Training, terms: bool) -> None:
    if training is Training.ALLOW and not terms:
        answer_as(mei, Training.ALLOW, language=CHINESE)
        terms, training = True, Training.REFUSE
    receipt = answer_as(mei, training, terms=terms, language=CHINESE)
    client.force_login(mei)
    pages = [*map(reverse, (CHATS, QUESTION, SETTINGS, "privacy:history")), reverse("privacy:receipt", args=(receipt,))]
    assert ConsentRecord.objects.filter(receipt=receipt).exists()
    assert english_at(client, pages) == {}
    moved_to(AFTERWARDS)
    assert english_at(client, map(reverse, (CHATS, QUESTION, SETTINGS)), follow=True) == {}


def test_change_of_mind_in_settings_and_its_undo(client: Client, mei: User) -> None:
    answer_as(mei, Training.ALLOW, language=CHINESE)
    client.force_login(mei)
    token = token_on(client.get(reverse(SETTINGS)))

    saved = client.post(reverse("privacy:answer"), {"token": token, "training": "refuse"}, follow=True)
    undo = next(form for form in page(saved).all("form", action=reverse("privacy:answer")) if "id" not in form)
    sent = {field["name"]: field["value"] for field in undo.all("input") if "value" in field}
    sent |= {button["name"]: button["value"] for button in undo.all("button") if "name" in button}
    undone = client.post(reverse("privacy:answer"), sent, follow=True)

    assert english_on(saved) == english_on(undone) == []
    assert english_at(client, [reverse("privacy:history")]) == {}


def test_commercial_plan(client: Client, seeded: None) -> None:
    client.force_login(make_user("mingzhu@example.com", plan=Plan.TEAM, language=CHINESE))
    assert english_at(client, map(reverse, (CHATS, QUESTION, SETTINGS, "privacy:history"))) == {}


# Chats, and the account


@pytest.fixture
def settled(client: Client, mei: User) -> User:
    answer_as(mei, Training.REFUSE, language=CHINESE)
    client.force_login(mei)
    return mei


def test_chats(client: Client, settled: User) -> None:
    written = client.post(reverse("conversations:start"), {"text": "周末去哪里徒步？"}, follow=True)
    conversation = make_conversation(settled, "帮我写一首诗。")
    write = reverse("conversations:write", args=(conversation.pk,))
    empty, long = client.post(write, {"text": ""}), client.post(write, {"text": "长" * 1_000_000})

    assert [english_on(response) for response in (written, empty, long)] == [[], [], []]
    assert english_at(client, [reverse(CHATS), *map(Conversation.get_absolute_url, settled.conversations.all())]) == {}


def test_account(client: Client, settled: User) -> None:
    names = (
        *("accounts:preferences", "account_email", "account_change_password", "account_logout", "mfa_index"),
        *("mfa_activate_totp", "mfa_list_webauthn", "mfa_add_webauthn", "usersessions_list", "account_reauthenticate"),
        "account_reset_password",
    )
    sign_in(client, settled)
    assert english_at(client, map(reverse, names)) == {}


def test_account_with_a_second_step(client: Client, settled: User) -> None:
    sign_in(client, settled)
    TOTP.activate(settled, generate_totp_secret())
    RecoveryCodes.activate(settled)
    key = Authenticator.objects.create(
        user=settled, type=Authenticator.Type.WEBAUTHN, data={"name": "钥匙", "credential": {}}
    )
    names = (
        *("mfa_index", "mfa_deactivate_totp", "mfa_view_recovery_codes", "mfa_generate_recovery_codes"),
        *("mfa_list_webauthn", "account_reauthenticate", "mfa_reauthenticate"),
    )
    about_the_key = [reverse(f"mfa_{act}_webauthn", kwargs={"pk": key.pk}) for act in ("edit", "remove")]
    assert english_at(client, [*map(reverse, names), *about_the_key]) == {}


def sign_in(client: Client, user: User) -> None:
    """Sign someone in by the form, so that they count as having just shown who they are."""
    user.set_password(PASSWORD)
    user.save()
    client.logout()
    response = client.post(reverse("account_login"), {"login": user.email, "password": PASSWORD})
    assert response.status_code == HTTPStatus.FOUND
    response = client.post(reverse("account_reauthenticate"), {"password": PASSWORD})
    assert response.status_code == HTTPStatus.FOUND


@pytest.mark.parametrize(
    ("name", "sent"),
    [
        ("account_change_password", {}),
        ("account_change_password", {"oldpassword": "x", "password1": "short", "password2": "other"}),
        ("account_change_password", {"oldpassword": PASSWORD, "password1": PASSWORD + "!", "password2": "other"}),
        ("account_email", {"action_add": "", "email": "new"}),
        ("account_email", {"action_add": "", "email": "mei@example.com"}),
        ("account_email", {"action_add": "", "email": "alice@example.com"}),
        ("mfa_activate_totp", {"code": "000000"}),
        ("account_reauthenticate", {"password": "x"}),
        ("accounts:preferences", {"language": "0", "time_zone": "0"}),
    ],
)
def test_errors_of_the_account(client: Client, settled: User, name: str, sent: dict[str, str]) -> None:
    sign_in(client, settled)
    client.get(reverse(name))

    response = client.post(reverse(name), sent, follow=True)

    # Whether an address is taken is not told.
    assert page(response).all(class_="error-summary") or "alice@example.com" in sent.values()
    assert english_on(response) == []


def test_saved_preferences(client: Client, settled: User) -> None:
    sent = {"language": CHINESE, "time_zone": "Asia/Taipei"}
    assert english_on(client.post(reverse("accounts:preferences"), sent, follow=True)) == []


# When something is wrong


def test_pages_for_errors(client: Client, settled: User) -> None:
    strict = Client(enforce_csrf_checks=True, headers={"accept-language": "zh-CN"})
    expected = {
        HTTPStatus.NOT_FOUND: client.get("/nothing/here/"),
        HTTPStatus.METHOD_NOT_ALLOWED: client.get(reverse("privacy:answer")),
        HTTPStatus.BAD_REQUEST: client.post(reverse("language"), {"language": "fr"}),
        HTTPStatus.FORBIDDEN: strict.post(reverse("account_login"), {"text": "草稿"}),
    }
    for status, response in expected.items():
        assert response.status_code == status
        assert english_on(response) == [], status


@pytest.fixture
def request_of_nobody() -> Iterator[HttpRequest]:
    request = RequestFactory().get("/")
    request.user = AnonymousUser()
    with translation.override(CHINESE):
        yield request


@pytest.mark.parametrize(
    "view",
    [
        lambda request: views.permission_denied(request, PermissionDenied()),
        views.server_error,
        lambda request: HttpResponse(render_to_string("429.html", request=request)),
    ],
    ids=["403", "500", "429"],
)
def test_pages_for_errors_that_are_not_provoked_here(
    request_of_nobody: HttpRequest, view: Callable[[HttpRequest], HttpResponse]
) -> None:
    assert english_on(view(request_of_nobody)) == []


def test_problem_documents(client: Client, mei: User, moved_to: MoveClock) -> None:
    moved_to(AFTERWARDS)
    problems = [client.get(reverse(CHATS), headers={"accept": "application/json"})]
    client.force_login(mei)
    problems += [
        client.get(address, headers={"accept": "application/json"})
        for address in (reverse(CHATS), "/nothing/here/", reverse("privacy:answer"))
    ]
    said = [text for problem in problems for name, text in problem.json().items() if name in {"title", "detail"}]

    assert len(said) > len(problems)
    assert [text for text in said if foreign(text)] == []


# Letters and messages

SHORT_TEXTS = sorted(
    path.relative_to(TEMPLATES).as_posix()
    for path in TEMPLATES.rglob("*.txt")
    if path.parent.name in {"email", "messages"} and not path.name.startswith("base_")
)


@pytest.mark.parametrize("template", SHORT_TEXTS)
def test_letters_and_messages(request_of_nobody: HttpRequest, template: str) -> None:
    address = "mei@example.com"
    context: dict[str, Any] = {
        **dict.fromkeys(("email", "from_email", "to_email", "deleted_email"), address),
        **dict.fromkeys(("code_minutes", "link_days"), 3),
        **dict.fromkeys(("password_reset_url", "signup_url"), "https://example.com/accounts/"),
        "product_name": settings.PRODUCT_NAME,
        "code": "123456",
        "device": "手机",
        "ip": "127.0.0.1",
        "timestamp": timezone.now(),
    }

    text = render_to_string(template, context, request_of_nobody)

    assert [
        line for line in text.replace("http://testserver", "https://example.com").splitlines() if foreign(line)
    ] == []
