"""What is typed in a conversation, and about one."""

import uuid
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from conversations.models import Conversation, Format, Thumb


def say_what_is_too_long(form: forms.Form, field: str) -> None:
    """Let a field take more than it may hold: a browser would cut what is pasted short without a word."""
    del form.fields[field].widget.attrs["maxlength"]


class MessageForm(forms.Form):
    """One message. White space is kept as it was typed: code may begin with it."""

    text = forms.CharField(
        max_length=20_000,
        strip=False,
        error_messages={
            "required": _("Write something first."),
            "max_length": _("This message has %(show_value)d characters. At most %(limit_value)d can be sent."),
        },
    )
    format = forms.ChoiceField(choices=Format, required=False)
    # The last message its writer saw; without it, nothing shows that a form was sent twice.
    after = forms.IntegerField(required=False, min_value=0, max_value=2**63 - 1)
    # The draft it was filled with, which sending it drops.
    draft = forms.IntegerField(required=False, min_value=0, max_value=2**63 - 1)

    def clean_text(self) -> str:
        """Refuse a text that is nothing but white space."""
        text: str = self.cleaned_data["text"]
        if not text.strip():
            raise forms.ValidationError(self.fields["text"].error_messages["required"], code="required")
        return text

    def clean_format(self) -> Format:
        """Take what says nothing, as a chat's form does, for text."""
        return Format(self.cleaned_data["format"] or Format.TEXT)


class StartForm(MessageForm):
    """The first message of a conversation, and what it is to be. Each rendering names the id it will have."""

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.user = user
        self.initial.setdefault("key", uuid.uuid4())

    workspace = forms.CharField(
        label=_("Workspace"),
        max_length=80,
        required=False,
        error_messages={"max_length": _("A workspace’s name has at most %(limit_value)d characters.")},
    )
    private = forms.BooleanField(required=False)
    key = forms.UUIDField(required=False)

    def clean_key(self) -> uuid.UUID | None:
        """Pass over the id of a conversation that is someone else's."""
        key: uuid.UUID | None = self.cleaned_data["key"]
        taken = Conversation.objects.filter(pk=key).exclude(user=self.user) if key else None
        return None if taken and taken.exists() else key


class RenameForm(forms.Form):
    """Another title for a conversation."""

    title = forms.CharField(
        label=_("Title"),
        max_length=80,
        error_messages={
            "required": _("A conversation needs a title."),
            "max_length": _("A title has at most %(limit_value)d characters."),
        },
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        say_what_is_too_long(self, "title")

    def clean_title(self) -> str:
        """Keep a title on one line."""
        return " ".join(str(self.cleaned_data["title"]).split())


class FeedbackForm(forms.Form):
    """What someone thinks of a reply. `token` is there once they have seen what will be stored."""

    thumb = forms.TypedChoiceField(
        label=_("How was the reply?"),
        choices=Thumb,
        coerce=Thumb,
        error_messages={"required": _("Choose one of the two."), "invalid_choice": _("Choose one of the two.")},
    )
    comment = forms.CharField(
        label=_("Comment"),
        max_length=2_000,
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
        error_messages={
            "max_length": _("This comment has %(show_value)d characters. At most %(limit_value)d can be sent.")
        },
    )
    token = forms.CharField(required=False)
    draft = forms.IntegerField(required=False, min_value=0, max_value=2**63 - 1)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        say_what_is_too_long(self, "comment")


class SearchForm(forms.Form):
    """What to look for in one's conversations."""

    q = forms.CharField(max_length=200, required=False)

    def query(self) -> str:
        """Return what to look for; nothing if it can't be looked for."""
        values: dict[str, Any] = self.cleaned_data if self.is_valid() else {}
        return str(values.get("q", ""))
