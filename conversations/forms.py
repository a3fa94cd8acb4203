"""What is typed in a conversation."""

from django import forms
from django.utils.translation import gettext_lazy as _


class MessageForm(forms.Form):
    """One message."""

    text = forms.CharField(
        max_length=20_000,
        error_messages={
            "required": _("Write something first."),
            "max_length": _("This message has %(show_value)d characters. At most %(limit_value)d can be sent."),
        },
    )
