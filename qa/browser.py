"""What QA has set for one browser: the instant that it is there, and the look of its pages.

Both are in a signed cookie, so they are of this browser and of no account, process or other browser, and outlive
signing out. The look is everyone's in that browser. The instant moves the rules for personas only.
"""

from dataclasses import dataclass
from datetime import UTC, datetime

from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.core import signing
from django.db import models
from django.http import HttpRequest, HttpResponseBase
from django.utils.translation import gettext_lazy as _

from accounts.models import User

COOKIE = "qa"
SALT = "qa.browser"
# Beyond it a date five years on, or thirty days back, may be none that a database can hold.
YEARS = range(2000, 2101)


class Theme(models.TextChoices):
    """How pages look: as the system says, or one of the two whatever it says."""

    SYSTEM = "", _("as the system")
    LIGHT = "light", _("light")
    DARK = "dark", _("dark")


class NoInstant(ValueError):
    """The text is no instant between 2000 and 2100."""


def instant(text: str) -> datetime:
    """Return the instant that a text names in ISO 8601, in UTC where it names no zone. Raises NoInstant."""
    try:
        at = datetime.fromisoformat(text)
        at = at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise NoInstant from error
    if at.year not in YEARS:
        raise NoInstant
    return at


@dataclass(frozen=True, slots=True)
class Browser:
    """One browser's instant, None for the product's own time, and its look."""

    at: datetime | None = None
    theme: Theme = Theme.SYSTEM

    @classmethod
    def of(cls, request: HttpRequest) -> "Browser":
        """Return what is set in the browser of a request: nothing, where the cookie is none of ours."""
        try:
            at, theme = signing.loads(request.COOKIES.get(COOKIE, ""), salt=SALT)
            return cls(instant(at) if at else None, Theme(theme))
        except (signing.BadSignature, ValueError, TypeError):
            return cls()

    def keep(self, response: HttpResponseBase) -> None:
        """Set it in the browser that gets the response, until that is closed."""
        value = signing.dumps([self.at.isoformat() if self.at else "", self.theme.value], salt=SALT)
        response.set_cookie(COOKIE, value, secure=settings.SESSION_COOKIE_SECURE, httponly=True, samesite="Lax")

    def clock_for(self, user: User | AnonymousUser) -> datetime | None:
        """Return the instant it is for someone in this browser, None for the product's own time.

        It moves for personas only, and not for those who are staff: what staff do reaches everyone.
        """
        return self.at if isinstance(user, User) and user.is_persona and not user.is_staff else None
