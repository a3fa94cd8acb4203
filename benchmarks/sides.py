"""The three sides that are compared: the site as it is, without the gate, and with the peer's gate instead."""

from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from importlib import import_module
from typing import Any

from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.core.handlers.wsgi import WSGIHandler
from django.template import engines
from django.template.backends.django import DjangoTemplates
from django.test import RequestFactory, override_settings
from django.utils.module_loading import import_string

from accounts.models import User

GATE = "privacy.middleware.GateMiddleware"
OURS = "privacy.middleware."
PROMPT = "privacy.context_processors.prompt"
OWN_BACKEND = "privacy.auth_backends.AuthenticationBackend"
STOCK_BACKEND = "allauth.account.auth_backends.AuthenticationBackend"
PEER = "termsandconditions.middleware.TermsAndConditionsRedirectMiddleware"


@dataclass(frozen=True, slots=True)
class Side:
    """One way to run the site, ready to answer requests of one signed-in person."""

    name: str
    handler: WSGIHandler
    context_processors: tuple[Callable[..., Any], ...]
    cookie: str

    def prepare(self, address: str) -> Callable[[], None]:
        """Return what answers one GET request, with everything that is not the request done before."""
        # Assigning replaces a cached property: the templates, compiled once, are the same for every side.
        django_templates = engines["django"]
        assert isinstance(django_templates, DjangoTemplates)
        django_templates.engine.template_context_processors = self.context_processors
        environ = RequestFactory().get(address, headers={"cookie": self.cookie}).environ

        def start_response(status: str, _headers: object, _error: object = None, /) -> Callable[[bytes], object]:
            if not status.startswith(str(HTTPStatus.OK.value)):
                raise RuntimeError(f"{self.name} answered {address} with {status}.")
            return lambda _data: None  # WSGI's old way to write, which Django does not use.

        def answer() -> None:
            response = self.handler(environ, start_response)
            b"".join(response)
            response.close()

        return answer


def ours(user: User) -> Side:
    """Return the site as it is."""
    return _side("ours", user, OWN_BACKEND, settings.MIDDLEWARE, with_prompt=True)


def without(user: User) -> Side:
    """Return the site without the gate: no middleware, no context processor, allauth's own backend."""
    return _side("without", user, STOCK_BACKEND, _middleware(""))


def peer(user: User) -> Side:
    """Return the site with the peer's middleware where ours would stand, and none of ours."""
    return _side("peer", user, STOCK_BACKEND, _middleware(PEER))


def _middleware(gate: str) -> list[str]:
    """Return the site's middleware with another gate in place of ours, or with none."""
    names = [gate if name == GATE else name for name in settings.MIDDLEWARE]
    return [name for name in names if name and not name.startswith(OURS)]


def _side(name: str, user: User, backend: str, middleware: list[str], *, with_prompt: bool = False) -> Side:
    template_engine: dict[str, Any] = settings.TEMPLATES[0]
    names = template_engine["OPTIONS"]["context_processors"]
    # The engine puts the CSRF token first by itself.
    processors = ["django.template.context_processors.csrf", *(n for n in names if with_prompt or n != PROMPT)]
    with override_settings(MIDDLEWARE=middleware):
        handler = WSGIHandler()
    return Side(name, handler, tuple(import_string(processor) for processor in processors), _signed_in(user, backend))


def _signed_in(user: User, backend: str) -> str:
    session = import_module(settings.SESSION_ENGINE).SessionStore()
    session[SESSION_KEY] = str(user.pk)
    session[BACKEND_SESSION_KEY] = backend
    session[HASH_SESSION_KEY] = user.get_session_auth_hash()
    session.save()
    return f"{settings.SESSION_COOKIE_NAME}={session.session_key}"
