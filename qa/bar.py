"""The bar at the foot of every page: who one is, when it is, and a link that brings anyone there."""

import re

from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.templatetags.static import static
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import get_language

from accounts import clock
from accounts.next_url import is_path
from qa.browser import Browser, Theme
from qa.personas import Persona, persona_of

# Django 6.1 gives the tag a nonce, or leaves a space where it would be.
ADMINS_SWITCH = re.compile(rb'<script src="[^"]*admin/js/theme[^"]*"[^>]*></script>')


def with_bar(request: HttpRequest, page: bytes) -> bytes:
    """Return a page with the bar as the last thing in it, its style sheet, and the look that was chosen."""
    browser, user = Browser.of(request), request.user
    persona = persona_of(user)
    bar = render_to_string(
        "qa/_bar.html",
        {
            "at": clock.now(),
            "is_moved": browser.clock_for(user) is not None,
            "is_set": browser.at is not None,
            "link": _link_to(request, browser, persona),
            "persona": persona,
            "user": user,
        },
    )
    if browser.theme:
        page = _in_the_look(page, browser.theme)
    sheet = f'<link rel="stylesheet" href="{static("qa/qa.css")}">'
    page = page.replace(b"</head>", sheet.encode() + b"</head>", 1)
    head, end, tail = page.rpartition(b"</body>")
    return head + bar.encode() + end + tail


def _in_the_look(page: bytes, theme: Theme) -> bytes:
    """Return a page that is light or dark whatever the system says.

    The admin's style sheets go by the second attribute, which its own script would set to what was chosen there.
    """
    page = ADMINS_SWITCH.sub(b"", page)
    return page.replace(b"<html", f'<html data-qa-theme="{theme.value}" data-theme="{theme.value}"'.encode(), 1)


def _link_to(request: HttpRequest, browser: Browser, persona: Persona | None) -> str:
    """Return the address that opens this page as it is now, or an empty text.

    There is none for what answers an act, for QA's own pages, and for an ordinary account: it is nobody else's.
    """
    path = request.get_full_path()
    is_qa = path.startswith(reverse("qa:index"))
    if request.method not in ("GET", "HEAD") or is_qa or not is_path(path):
        return ""
    if persona is None and not isinstance(request.user, AnonymousUser):
        return ""
    return link_to(path, persona=persona, browser=browser, language=get_language() or "")


def link_to(path: str, *, persona: Persona | None, browser: Browser, language: str) -> str:
    """Return the address that opens a page as a persona, or signed out, in a language and a look."""
    values = {
        "persona": persona.slug if persona else "",
        "at": browser.at.isoformat() if persona and not persona.role and browser.at else "",
        "language": language,
        "theme": browser.theme.value,
        "to": path,
    }
    return f"{reverse('qa:open')}?{urlencode({name: value for name, value in values.items() if value})}"
