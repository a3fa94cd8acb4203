"""What is typed about an account."""

import zoneinfo
from typing import Any

from django import forms
from django.conf import settings
from django.utils.translation import get_language_info
from django.utils.translation import gettext_lazy as _

from accounts.models import User


class PreferencesForm(forms.ModelForm):  # type: ignore[type-arg]  # not generic at run time
    """The language and the time zone of someone's pages."""

    class Meta:
        model = User
        fields = ("language", "time_zone")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # Each language is named in itself: whoever reads none of the page still finds theirs.
        self.fields["language"].widget.choices = [
            (code, get_language_info(code)["name_local"]) for code, _name in settings.LANGUAGES
        ]
        names = [(name, name.replace("_", " ")) for name in sorted(zoneinfo.available_timezones())]
        self.fields["time_zone"].widget = forms.Select(choices=names)


class LanguageForm(forms.Form):
    """A language to read the site in."""

    language = forms.ChoiceField(choices=settings.LANGUAGES)


class DeleteAccountForm(forms.Form):
    """The last word before an account is deleted."""

    understood = forms.BooleanField(
        error_messages={"required": _("Tick the box if you want your account deleted for good.")}
    )
