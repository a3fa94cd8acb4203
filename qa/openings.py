"""Opening a page as a persona, or signed out, at an instant, in a language and a look."""

from dataclasses import dataclass
from datetime import datetime

from allauth.account.internal.flows.login import record_authentication
from allauth.usersessions.models import UserSession
from django.conf import settings
from django.contrib.auth import login, logout
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.translation import get_language

from accounts.models import User
from accounts.views import keep_language
from qa.browser import Browser, Theme
from qa.looking import is_changed
from qa.personas import Persona, persona_of
from qa.screens import Where


class PersonaMissing(Exception):
    """The persona has no account: it was deleted, or never made."""

    def __init__(self, persona: Persona) -> None:
        super().__init__(persona.slug)
        self.persona = persona


@dataclass(frozen=True, slots=True)
class Opening:
    """What a link opens. Without a persona nobody is signed in, and it is the product's own time."""

    persona: Persona | None
    at: datetime | None
    language: str
    theme: Theme
    where: Where

    @property
    def browser(self) -> Browser:
        """Return what it sets in the browser."""
        return Browser(self.at, self.theme)

    def path(self) -> str:
        """Return the address of the page. Raises PersonaMissing."""
        return self.where(self._account())

    def is_here(self, request: HttpRequest) -> bool:
        """Return whether all is set already, so that the page may be opened without changing anything."""
        if persona_of(request.user) != self.persona or (self.persona is None and request.user.is_authenticated):
            return False
        return Browser.of(request) == self.browser and self.reads in ("", get_language())

    @property
    def reads(self) -> str:
        """Return the language that is read there: the persona's own, whatever it read last, where none is said."""
        return self.language or (self.persona.language if self.persona else "")

    @property
    def is_changed(self) -> bool:
        """Return whether the persona is no longer as it is made. Raises PersonaMissing."""
        account = self._account()
        return self.persona is not None and account is not None and is_changed(self.persona, account)

    def begin(self, request: HttpRequest) -> HttpResponse:
        """Sign in as the persona, or out, set the rest, and go to the page. Raises PersonaMissing."""
        account, path = self._account(), self.path()
        logout(request)
        if account:
            sign_in(request, account, self.reads)
        response = HttpResponseRedirect(path)
        if self.language:
            keep_language(response, self.language)
        self.browser.keep(response)
        return response

    def _account(self) -> User | None:
        if self.persona is None:
            return None
        account = self.persona.account()
        if account is None:
            raise PersonaMissing(self.persona)
        return account


def sign_in(request: HttpRequest, account: User, language: str = "") -> None:
    """Sign in as a persona, as if its password had been typed a moment ago, and have it read a language.

    There is no impersonation: what follows is done by the persona, and recorded as such (rule F3).
    """
    if language and account.language != language:
        account.language = language
        account.save(update_fields=["language"])
    login(request, account, backend=settings.AUTHENTICATION_BACKENDS[0])
    record_authentication(request, account, method="password", email=account.email, reauthenticated=True)
    # What signing in by its pages does too: the list of devices knows this one, and can end it.
    UserSession.objects.create_from_request(request)
