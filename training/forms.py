"""What staff type in when they make a run or do something to one."""

from django import forms
from django.utils.translation import gettext_lazy as _

from training.models import Purpose

REASON_LENGTH = 1000


class ReasonForm(forms.Form):
    """Why something is done, for the record. It may stay empty."""

    reason = forms.CharField(
        label=_("Reason"),
        help_text=_("It is kept with the move, for good. No personal data, please."),
        required=False,
        max_length=REASON_LENGTH,
        widget=forms.Textarea(attrs={"rows": 3}),
    )


class CreateForm(ReasonForm):
    """What a run is for. `key` makes a form that is sent twice one run."""

    purpose = forms.ChoiceField(
        label=_("Purpose"),
        choices=Purpose,
        widget=forms.RadioSelect,
        error_messages={"required": _("Choose what the run is for.")},
    )
    key = forms.UUIDField(widget=forms.HiddenInput)

    field_order = ["purpose", "reason", "key"]


class ActForm(forms.Form):
    """What had been seen when an act was decided on: the key of the last move. If there is another, it is stale."""

    seen = forms.IntegerField(widget=forms.HiddenInput)


class MoveForm(ReasonForm, ActForm):
    """The same of an act that moves the run, with why: only a move keeps a reason."""
