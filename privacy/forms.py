"""What is typed and ticked in the question."""

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from privacy.models import Method, Training
from privacy.tokens import FormToken, InvalidToken


class _QuestionForm(forms.Form):
    token = forms.CharField(widget=forms.HiddenInput, strip=False)

    def __init__(self, data: QueryDict, *, user: User) -> None:
        self.user = user
        super().__init__(data)

    def clean_token(self) -> FormToken:
        """Return the token as it was issued to this person."""
        try:
            return FormToken.read(self.cleaned_data["token"], self.user)
        except InvalidToken as error:
            raise forms.ValidationError(_("This form was not made for you. Answer on this page.")) from error


class AnswerForm(_QuestionForm):
    """The two controls of the question. What has to be answered is decided under lock, in the action."""

    terms = forms.BooleanField(required=False)
    training = forms.TypedChoiceField(
        required=False,
        choices=Training.choices,
        coerce=Training,
        empty_value=None,
        error_messages={"invalid_choice": _("Choose one of the two answers.")},
    )


class DeferralForm(_QuestionForm):
    """Putting the question off: the token, and with what "Not now" was said."""

    method = forms.TypedChoiceField(
        required=False,
        choices=[(method.value, method.label) for method in (Method.BUTTON, Method.ESC, Method.CLOSE)],
        coerce=Method,
        empty_value=Method.BUTTON,
    )
