"""What staff type in about a policy update: a draft with its documents, and what an act needs to know."""

from typing import Any

from django import forms
from django.conf import settings
from django.contrib.admin.widgets import AdminTextareaWidget
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from privacy.documents import PLACEHOLDERS, unknown_placeholders
from privacy.models import DocumentKind, PolicyUpdate
from privacy.publication import EVERYONE, fingerprint, problem_of_last_day

# The documents of an update, by the names of their fields.
TEXTS = {
    f"{kind.value}_{language.replace('-', '_')}": (kind, language)
    for language, _name in settings.LANGUAGES
    for kind in DocumentKind
}
MODEL_FIELDS = tuple(field.name for field in PolicyUpdate._meta.fields if field.editable)
REASON_LENGTH = 1000


class SeenForm(forms.Form):
    """What an update was like on the page on which an act was decided (`publication.fingerprint`)."""

    seen = forms.CharField(widget=forms.HiddenInput)


class DraftForm(forms.ModelForm):  # type: ignore[type-arg]  # not generic at run time
    """A draft and its eight documents, which may still be missing."""

    class Meta:
        model = PolicyUpdate
        fields = MODEL_FIELDS

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        is_new = self.instance._state.adding
        stored = {} if is_new else {(text.kind, text.language): text.markdown for text in self.instance.documents.all()}
        names = dict(settings.LANGUAGES)
        for name, (kind, language) in TEXTS.items():
            self.fields[name] = forms.CharField(
                label=f"{kind.label} · {names[language]}",
                required=False,
                strip=False,
                initial=stored.get((kind.value, language), ""),
                widget=AdminTextareaWidget(attrs={"rows": 16, "lang": language, "spellcheck": "true"}),
            )
        initial = "" if is_new else fingerprint(self.instance)
        self.fields["seen"] = forms.CharField(required=False, widget=forms.HiddenInput, initial=initial)

    def clean(self) -> dict[str, Any]:
        """Look for placeholders that mean nothing, for a last day that is none, and for what someone else has saved."""
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        for name in TEXTS:
            cleaned[name] = cleaned.get(name, "").replace("\r\n", "\n")
            if unknown := unknown_placeholders(cleaned[name]):
                self.add_error(name, _unknown_in_words(unknown))
        self._check_last_day()
        self._check_seen()
        return cleaned

    def _check_last_day(self) -> None:
        announced_at, last_day = self.cleaned_data.get("announced_at"), self.cleaned_data.get("last_day")
        problem = problem_of_last_day(announced_at, last_day) if announced_at and last_day else None
        if problem:
            self.add_error("last_day", problem)

    def _check_seen(self) -> None:
        """Say once that someone else has saved meanwhile; who then saves again means it."""
        if self.instance._state.adding or self.cleaned_data.get("seen") == fingerprint(self.instance):
            return
        self.data = {**self.data.dict(), self.add_prefix("seen"): fingerprint(self.instance)}  # type: ignore[attr-defined]  # what a browser sends is a QueryDict
        self.add_error(
            None,
            _(
                "Someone else has saved this draft since you opened it. Here is what you wrote; if you save it now, it"
                " takes the place of theirs. To see theirs first, open the draft in another tab."
            ),
        )

    def save_documents(self, update: PolicyUpdate) -> None:
        """Store the documents; one without text is not there."""
        for name, (kind, language) in TEXTS.items():
            if text := self.cleaned_data[name]:
                update.documents.update_or_create(kind=kind, language=language, defaults={"markdown": text})
            else:
                update.documents.filter(kind=kind, language=language).delete()


def _unknown_in_words(unknown: list[str]) -> str:
    return _("There is no placeholder %(unknown)s. There are: %(known)s.") % {
        "unknown": ", ".join(f"{{{name}}}" for name in unknown),
        "known": known_placeholders(),
    }


def known_placeholders() -> str:
    """Return the placeholders that documents may use, as they are written."""
    return ", ".join(f"{{{name}}}" for name in sorted(PLACEHOLDERS))


class PercentageForm(forms.Form):
    """To how many of a hundred an update is to be rolled out."""

    percentage = forms.IntegerField(
        label=gettext_lazy("New percentage"),
        min_value=0,
        max_value=EVERYONE,
        error_messages={"required": gettext_lazy("Enter a percentage.")},
    )


class RollOutForm(PercentageForm, SeenForm):
    """The same, once it has been seen what that would do: another percentage would do something else."""

    percentage = forms.IntegerField(min_value=0, max_value=EVERYONE, widget=forms.HiddenInput)


class LastDayForm(forms.Form):
    """The day to which the last day is to be moved."""

    last_day = forms.DateField(
        label=gettext_lazy("New last day"),
        help_text=gettext_lazy("The last date to answer, anywhere on Earth."),
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        input_formats=["%Y-%m-%d"],
        error_messages={"required": gettext_lazy("Enter a day.")},
    )


class MoveForm(LastDayForm, SeenForm):
    """The same with its reason, once it has been seen what that would do: another day would do something else."""

    last_day = forms.DateField(widget=forms.HiddenInput, input_formats=["%Y-%m-%d"])
    reason = forms.CharField(
        label=gettext_lazy("Reason"),
        help_text=gettext_lazy("It is kept with the act, for good. People do not see it. No personal data, please."),
        max_length=REASON_LENGTH,
        widget=AdminTextareaWidget(attrs={"rows": 3}),
        error_messages={"required": gettext_lazy("Moving the last day needs a reason.")},
    )
    tells_people = forms.BooleanField(
        label=gettext_lazy("Send a letter to those whom it concerns"),
        help_text=gettext_lazy(
            "It names the new last day, in each person’s language. It goes to who has not answered, except who has put"
            " the question off or wants no letters."
        ),
        required=False,
    )

    def __init__(self, *args: Any, can_tell: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not can_tell:
            del self.fields["tells_people"]

    def clean(self) -> dict[str, Any]:
        """Let nobody be told where that was not offered."""
        return {"tells_people": False, **(super().clean() or self.cleaned_data)}
