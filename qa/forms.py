"""What a link says to open, and what the clock is set to."""

from datetime import UTC, datetime
from typing import Any, cast

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.http import HttpRequest, QueryDict
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext_lazy as _

from accounts.next_url import is_path
from qa.browser import NoInstant, Theme, instant
from qa.openings import Opening
from qa.personas import PERSONAS, asked_update
from qa.screens import Screen

NO_INSTANT = _("That is no instant between 2000 and 2100, such as 2025-09-29T11:59:59Z.")


class InstantField(forms.CharField):
    """An instant in ISO 8601, in UTC where it names no zone."""

    def clean(self, value: Any) -> datetime | None:
        """Return the instant, None for an empty text."""
        text = super().clean(value)
        try:
            return instant(text) if text else None
        except NoInstant as error:
            raise ValidationError(NO_INSTANT) from error


class ClockForm(forms.Form):
    """Any instant, as the browser's own control for one gives it."""

    at = InstantField(
        label=_("Any instant, in UTC"),
        widget=forms.DateTimeInput(attrs={"type": "datetime-local", "step": "1"}, format="%Y-%m-%dT%H:%M:%S"),
        error_messages={"required": _("Enter an instant, or choose one of those above.")},
    )


class LookForm(forms.Form):
    """How pages look in this browser."""

    theme = forms.ChoiceField(choices=Theme.choices, required=False)


class OpeningForm(LookForm):
    """What the address of a link says, and the button of the map that was pressed instead of it (`with`).

    A listed screen brings its own persona, instant and page.
    """

    persona = forms.ChoiceField(choices=[(slug, slug) for slug in PERSONAS], required=False)
    at = InstantField(required=False)
    language = forms.ChoiceField(choices=settings.LANGUAGES, required=False)
    to = forms.CharField(required=False)

    def __init__(self, request: HttpRequest, screen: Screen | None) -> None:
        said = request.GET.copy()
        said.update(QueryDict(request.POST.get("with", "")))
        super().__init__(said)
        self.host, self.is_secure, self.screen = request.get_host(), request.is_secure(), screen

    def clean_to(self) -> str:
        """Return a page of this site."""
        to = cast(str, self.cleaned_data["to"])
        is_here = is_path(to) and url_has_allowed_host_and_scheme(to, {self.host}, self.is_secure)
        if to and not is_here:
            raise ValidationError(_("That is no page of this site."))
        return to

    def opening(self) -> Opening:
        """Return what is to be opened. Raises NothingAsked."""
        values, screen = self.cleaned_data, self.screen
        persona = screen.persona if screen else PERSONAS.get(values["persona"])
        at = screen.instant(asked_update()) if screen else values["at"] if persona and not persona.role else None
        to = values["to"] or (persona.home if persona else "/")
        return Opening(
            persona=persona,
            at=at.astimezone(UTC) if at else None,
            language=values["language"],
            theme=Theme(values["theme"]),
            where=screen.where if screen else lambda _user: to,
        )
