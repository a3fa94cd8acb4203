"""What is typed about an account."""

import zoneinfo
from typing import Any

from allauth.account.forms import SignupForm as AllauthSignupForm
from django import forms
from django.conf import settings

from accounts.models import User, validate_time_zone


class SignupForm(AllauthSignupForm):  # type: ignore[misc]  # allauth is untyped
    """Signing up: an address, a password, and the time zone the browser names by itself."""

    time_zone = forms.CharField(required=False, widget=forms.HiddenInput(attrs={"data-time-zone": ""}))

    def clean_time_zone(self) -> str:
        """Return the browser's time zone, or nothing if we don't know it: it is only a convenience."""
        name: str = self.cleaned_data["time_zone"]
        try:
            validate_time_zone(name)
        except forms.ValidationError:
            return ""
        return name


class PreferencesForm(forms.ModelForm):  # type: ignore[type-arg]  # not generic at run time
    """The language and the time zone of someone's pages."""

    class Meta:
        model = User
        fields = ("language", "time_zone")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        names = [(name, name.replace("_", " ")) for name in sorted(zoneinfo.available_timezones())]
        self.fields["time_zone"].widget = forms.Select(choices=names)


class LanguageForm(forms.Form):
    """A language to read the site in."""

    language = forms.ChoiceField(choices=settings.LANGUAGES)
