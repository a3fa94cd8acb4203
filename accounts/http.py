"""Requests as views receive them, for the type checker: what the middleware has put there has a type."""

from django.http import HttpRequest
from django_htmx.middleware import HtmxDetails

from accounts.models import User


class Request(HttpRequest):
    """A request, whoever makes it."""

    htmx: HtmxDetails


class SignedInRequest(Request):
    """A request of someone signed in: `SignInRequiredMiddleware` lets no other through to the view."""

    user: User
