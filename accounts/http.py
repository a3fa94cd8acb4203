"""Requests as views receive them, for the type checker, and what their addresses say."""

from django.http import HttpRequest
from django_htmx.middleware import HtmxDetails

from accounts.models import User

# A longer number is no key of a row: it would not fit its column.
KEY_DIGITS = 18


class Request(HttpRequest):
    """A request, whoever makes it."""

    htmx: HtmxDetails


class SignedInRequest(Request):
    """A request of someone signed in: `SignInRequiredMiddleware` lets no other through to the view."""

    user: User


def number_before(request: HttpRequest) -> int | None:
    """Return the number that the page of a list stands before, as its address says; None on the first page."""
    text = request.GET.get("before", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) <= KEY_DIGITS else None
