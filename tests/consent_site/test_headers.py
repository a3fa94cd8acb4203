"""What a browser is told, and that no page needs more than that (rule G1); and how production starts."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from http import HTTPStatus
from pathlib import Path

import pytest
from django.conf import settings
from django.http import HttpResponseBase
from django.test import Client, override_settings

from accounts.models import User
from privacy.models import PolicyUpdate, Training
from tests.conftest import MoveClock
from tests.factories import AFTERWARDS, MEANWHILE, PASSWORD, answer_as, make_conversation, make_staff
from tests.pages import Element, page
from tests.routes import address_of, own_routes

TEMPLATES = sorted((Path(settings.BASE_DIR) / "templates").rglob("*.html"))
PRODUCTION = {
    "PATH": os.environ["PATH"],
    "SECRET_KEY": "a-secret-of-fifty-characters-that-nobody-could-guess-0123456789",
    "ALLOWED_HOSTS": "marlow.example",
    "DJANGO_SETTINGS_MODULE": "consent_site.settings",
}

# What would be script or style inside a page, and what htmx would evaluate.
INLINE = {
    "a script in the page": r"<script(?![^>]*\b(?:src=|type=.application/json))[^>]*>",
    "a style in the page": r"<style\b",
    "a style attribute": r"\sstyle\s*=",
    "an event attribute": r"\son[a-z]+\s*=",
    "hx-on": r"\shx-on\b",
    "js:": r"[\"']\s*(?:js|javascript):",
    "a trigger filter": r"\shx-trigger=[\"'][^\"']*\[",
    "hx-vars": r"\shx-vars\b",
}
REQUESTED = {"src", "srcset", "action", "formaction", "poster", "data", "hx-get", "hx-post", "hx-put", "hx-delete"}


def in_production(*arguments: str, **environment: str) -> "subprocess.CompletedProcess[str]":
    """Run Python with nothing but a production environment; an empty value takes a variable out of it."""
    variables = {name: value for name, value in (PRODUCTION | environment).items() if value}
    return subprocess.run(
        [sys.executable, *arguments], cwd=settings.BASE_DIR, env=variables, capture_output=True, text=True, check=False
    )


def without_noise(html: str) -> str:
    return re.sub(r"{%\s*comment\s*%}.*?{%\s*endcomment\s*%}", "", html, flags=re.DOTALL)


# Every template


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: str(path.relative_to(settings.BASE_DIR)))
def test_template_has_nothing_inline(path: Path) -> None:
    html = without_noise(path.read_text(encoding="utf-8"))

    assert [name for name, pattern in INLINE.items() if re.search(pattern, html, re.IGNORECASE)] == []


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: str(path.relative_to(settings.BASE_DIR)))
def test_template_names_no_other_host(path: Path) -> None:
    html = without_noise(path.read_text(encoding="utf-8"))

    assert re.findall(r"https?://(?!www\.w3\.org/)[^\s\"'<]+|[\"']//[^\s\"']+", html) == []


# Every page


def pages(update: PolicyUpdate, alice: User, moved_to: MoveClock) -> Iterator[tuple[str, HttpResponseBase]]:
    """Yield every page: signed out, with the pop-up, at the gate, after an answer, in the admin; and the errors."""
    for name in sorted(own_routes()):
        yield f"signed out: {name}", Client().get(address_of(name))
    client = Client()
    client.force_login(alice)
    known = {"pk": make_conversation(alice).pk}
    for who in ("asked", "gated", "settled"):
        moved_to(AFTERWARDS if who == "gated" else MEANWHILE)
        receipt = answer_as(alice, Training.ALLOW) if who == "settled" else None
        for name in sorted(own_routes() - {"account_logout"}):
            values = ({} if name.startswith("mfa_") else known) | ({"receipt": receipt} if receipt else {})
            yield f"{who}: {name}", client.get(address_of(name, **values))
    yield "refused", client.post("/chats/new/", {"text": ""})
    yield "not found", client.get("/nothing/")
    yield "wrong method", client.get("/chats/new/")
    yield "not understood", client.post("/language/", {})
    strict = Client(enforce_csrf_checks=True)
    yield "forged", strict.post("/language/", {"language": "en"})
    client.post("/accounts/reauthenticate/", {"password": PASSWORD})
    for name in ("mfa_activate_totp", "mfa_add_webauthn", "account_change_password"):
        yield f"reauthenticated: {name}", client.get(address_of(name))
    staff = Client()
    staff.force_login(make_staff())
    yield "admin", staff.get("/admin/")


def test_every_page_is_as_strict_as_its_policy(update: PolicyUpdate, alice: User, moved_to: MoveClock) -> None:
    seen = 0
    for name, response in pages(update, alice, moved_to):
        assert response.status_code < HTTPStatus.INTERNAL_SERVER_ERROR, name
        check_headers(name, response)
        if response.headers.get("Content-Type", "").startswith("text/html"):
            seen += 1
            check_page(name, page(response))

    assert seen > 60


def check_headers(name: str, response: HttpResponseBase) -> None:
    policy = dict(part.strip().partition(" ")[::2] for part in response["Content-Security-Policy"].split(";"))
    assert policy == {
        "default-src": "'none'",
        "script-src": "'self'",
        "style-src": "'self'",
        "img-src": "'self'",
        "connect-src": "'self'",
        "form-action": "'self'",
        "frame-ancestors": "'none'",
        "base-uri": "'none'",
        "manifest-src": "'self'",
    }, name
    assert response["X-Content-Type-Options"] == "nosniff", name
    assert response["X-Frame-Options"] == "DENY", name
    assert response["Referrer-Policy"] == "same-origin", name
    assert response["Cross-Origin-Opener-Policy"] == "same-origin", name
    assert "Cookie" in response.get("Vary", ""), name


def check_page(name: str, shown: Element) -> None:
    for element in shown.walk():
        where = f"{name}: <{element.tag} {element.attributes}>"
        is_data = element.tag == "script" and element.attributes.get("type") == "application/json"
        assert element.tag != "style", where
        assert element.tag != "script" or is_data or not element.raw.strip(), where
        assert not any(
            attribute == "style" or attribute.startswith(("on", "hx-on")) for attribute in element.attributes
        ), where
        requested = REQUESTED | ({"href"} if element.tag in {"link", "use", "image"} else set())
        for attribute in requested & set(element.attributes):
            assert not re.match(r"\s*([a-z]+:|//|\\)", element[attribute], re.IGNORECASE), where
        if element.tag == "meta" and element.attributes.get("http-equiv"):
            assert re.fullmatch(r"0; url=/[a-z].*", element["content"]), where
        if element.tag == "a" and "href" in element:
            assert not element["href"].lower().startswith(("javascript:", "data:")), where


# Cookies and transport


@override_settings(
    SESSION_COOKIE_SECURE=True,
    CSRF_COOKIE_SECURE=True,
    LANGUAGE_COOKIE_SECURE=True,
    SECURE_SSL_REDIRECT=True,
    SECURE_HSTS_SECONDS=63072000,
    SECURE_HSTS_INCLUDE_SUBDOMAINS=True,
    SECURE_HSTS_PRELOAD=True,
)
def test_cookies_and_transport_are_strict_in_production(alice: User) -> None:
    client = Client()

    signed_in = client.post("/accounts/login/", {"login": alice.email, "password": PASSWORD}, secure=True)
    client.get("/accounts/preferences/", secure=True)
    client.post("/language/", {"language": "en"}, secure=True)

    assert signed_in["Strict-Transport-Security"] == "max-age=63072000; includeSubDomains; preload"
    assert set(client.cookies) >= {"session", "csrftoken", "language"}
    for name in ("session", "csrftoken", "language"):
        cookie = client.cookies[name]
        assert cookie["secure"], name
        assert cookie["samesite"] == "Lax", name
        assert cookie["httponly"] or name == "csrftoken", name
    assert client.get("/chats/")["Location"] == "https://testserver/chats/"
    assert client.get("/health/").status_code == HTTPStatus.OK


def test_session_gets_a_new_key_when_someone_signs_in(client: Client, alice: User) -> None:
    client.get("/accounts/login/")
    client.post("/accounts/login/", {"login": alice.email, "password": "wrong"})
    before = client.cookies.get("session")
    client.post("/accounts/login/", {"login": alice.email, "password": PASSWORD})

    assert before is None or client.cookies["session"].value != before.value


# Production


FLAGS = {
    "DEBUG": False,
    "DEMO": False,
    "SECURE_HSTS_SECONDS": 63072000,
    "SECURE_HSTS_INCLUDE_SUBDOMAINS": True,
    "SECURE_SSL_REDIRECT": True,
    "SESSION_COOKIE_SECURE": True,
    "CSRF_COOKIE_SECURE": True,
    "LANGUAGE_COOKIE_SECURE": True,
    "MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN": False,
    "ALLOWED_HOSTS": ["marlow.example"],
}


def test_production_is_closed_by_default(tmp_path: Path) -> None:
    names = list(FLAGS)
    program = (
        f"import json; from consent_site import settings as s; print(json.dumps([getattr(s, n) for n in {names}]))"
    )

    done = in_production("-c", program, VAR_DIR=str(tmp_path))

    assert done.returncode == 0, done.stderr
    assert dict(zip(names, json.loads(done.stdout), strict=True)) == FLAGS
    assert list(tmp_path.iterdir()) == [], "No secret of a demo is made."


def test_deploy_check_is_clean(tmp_path: Path) -> None:
    done = in_production("manage.py", "check", "--deploy", "--fail-level", "WARNING", VAR_DIR=str(tmp_path))

    assert done.returncode == 0, done.stderr
    assert "no issues (0 silenced)" in done.stdout


def test_production_does_not_start_without_a_secret(tmp_path: Path) -> None:
    done = in_production("manage.py", "check", SECRET_KEY="", VAR_DIR=str(tmp_path))

    assert done.returncode != 0
    assert "SECRET_KEY is not set." in done.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("demo", ["", "off"])
def test_production_does_not_start_with_a_moved_clock(tmp_path: Path, demo: str) -> None:
    done = in_production("manage.py", "check", NOW="2025-09-10T09:00Z", DEMO=demo, VAR_DIR=str(tmp_path))

    assert done.returncode != 0
    assert "NOW moves the product's clock and is refused outside DEMO=on." in done.stderr


def test_demo_data_is_not_made_in_production(tmp_path: Path) -> None:
    done = in_production("manage.py", "seed_demo", VAR_DIR=str(tmp_path))

    assert done.returncode != 0
    assert "DEMO=on" in done.stderr
