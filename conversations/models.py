"""What the choice governs: chats, coding sessions, the messages in them, and feedback on replies."""

import uuid
from datetime import datetime
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from accounts.models import PlanClass, User
from conversations.eligibility import Reason, is_covered, reason_at
from conversations.retention import kept_until
from privacy.models import Training


class ConversationKind(models.TextChoices):
    """The two kinds of conversation."""

    CHAT = "chat", _("chat")
    CODING_SESSION = "coding", _("coding session")


def list_url(kind: ConversationKind) -> str:
    """Return the address of the list of one kind of conversation."""
    return reverse("conversations:coding" if kind is ConversationKind.CODING_SESSION else "conversations:index")


class ConversationQuerySet(models.QuerySet["Conversation"]):
    """Conversations, reached through their owner or judged as a set."""

    def with_kept_until(self) -> "ConversationQuerySet":
        """Add `kept_until`: the retention date as it is true now, whatever has been written down yet."""
        return self.annotate(kept_until=kept_until())  # type: ignore[no-redef]  # the model names what is added

    def there(self, at: datetime) -> "ConversationQuerySet":
        """Leave out what is deleted or past its retention date: it can be neither read, resumed nor used."""
        found = self.with_kept_until().filter(deleted_at__isnull=True)
        return found.filter(Q(kept_until__isnull=True) | Q(kept_until__gt=at))

    def for_user(self, user: User, at: datetime) -> "ConversationQuerySet":
        """Return what someone owns and can see, last written in first."""
        return self.filter(user=user).there(at).order_by("-last_message_at", "-id")

    def with_reason(self, at: datetime) -> "ConversationQuerySet":
        """Add `reason`: the first reason that keeps each out of training (rule E2), empty if it is eligible."""
        return self.with_kept_until().annotate(reason=reason_at(at))  # type: ignore[no-redef]  # as above

    def eligible(self, at: datetime) -> "ConversationQuerySet":
        """Return what may be used to train models, as the present choice stands."""
        return self.with_reason(at).filter(reason=Reason.NONE)  # type: ignore[misc]  # added a moment ago

    def covered(self) -> "ConversationQuerySet":
        """Return the conversations that the present *allow* of their owner applies to (rule C3)."""
        return self.filter(is_covered())


class Conversation(models.Model):
    """One row: one chat or coding session of one person.

    `last_message_at` is its owner's last message; a reply does not count. `allowed_message_at` is the last one of
    them that was written under *allow* while the conversation was neither private nor excluded. `expires_at` is the
    retention date (rule D1); a conversation last written under a commercial plan has none.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    # The index below begins with the owner.
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.CASCADE,
        related_name="conversations",
        db_index=False,
        verbose_name=_("owner"),
    )
    kind = models.CharField(_("kind"), max_length=6, choices=ConversationKind, default=ConversationKind.CHAT)
    title = models.CharField(_("title"), max_length=80)
    workspace = models.CharField(_("workspace"), max_length=80, blank=True)
    is_private = models.BooleanField(_("private"), default=False, help_text=_("For good: never used for training."))
    created_at = models.DateTimeField(_("created"))
    last_message_at = models.DateTimeField(_("last message"))
    allowed_message_at = models.DateTimeField(_("last message under an allow"), null=True)
    has_commercial_message = models.BooleanField(_("written in under a commercial plan"), default=False)
    excluded_at = models.DateTimeField(_("excluded"), null=True)
    deleted_at = models.DateTimeField(_("deleted"), null=True)
    expires_at = models.DateTimeField(_("kept until"), null=True)

    objects = ConversationQuerySet.as_manager()

    # What `with_kept_until` and `with_reason` add, and `badge.name_runs`.
    kept_until: datetime | None
    reason: str
    runs: list[str]

    class Meta:
        verbose_name = _("conversation")
        verbose_name_plural = _("conversations")
        indexes = [
            models.Index(fields=["user", "kind", "-last_message_at", "-id"], name="conversation_by_user"),
            models.Index(
                fields=["expires_at"], condition=Q(expires_at__isnull=False), name="conversation_by_retention_date"
            ),
            models.Index(fields=["deleted_at"], condition=Q(deleted_at__isnull=False), name="conversation_deleted"),
        ]
        constraints = [
            models.CheckConstraint(condition=Q(kind__in=ConversationKind.values), name="conversation_kind_is_known"),
            models.CheckConstraint(
                condition=Q(last_message_at__gte=F("created_at")), name="last_message_is_not_before_creation"
            ),
            models.CheckConstraint(
                condition=Q(allowed_message_at__isnull=True) | Q(is_private=False, excluded_at__isnull=True),
                name="private_and_excluded_count_no_message",
            ),
            models.CheckConstraint(
                condition=Q(expires_at__isnull=False) | Q(has_commercial_message=True),
                name="only_commercial_conversations_have_no_date",
            ),
            models.CheckConstraint(
                condition=Q(workspace="") | Q(kind=ConversationKind.CODING_SESSION),
                name="only_coding_sessions_have_a_workspace",
            ),
        ]

    def __str__(self) -> str:
        return str(self.id)

    def get_absolute_url(self) -> str:
        """Return the address of the conversation."""
        return reverse("conversations:chat", args=[self.id])

    def get_list_url(self) -> str:
        """Return the address of the list it stands in."""
        return list_url(ConversationKind(self.kind))


class Role(models.TextChoices):
    """Who wrote a message."""

    OWNER = "owner", _("You")
    ASSISTANT = "assistant", _("Assistant")


class Format(models.TextChoices):
    """What a message is: text in Markdown, or, in coding sessions, a block of code or a diff as it is."""

    TEXT = "text", _("Text")
    CODE = "code", _("Code block")
    DIFF = "diff", _("Diff")


class Message(models.Model):
    """One row: one message, with the plan class and the training choice it was written under.

    A reply takes both from the message it answers. An empty choice means that none had been made.
    """

    # The index below begins with the conversation.
    conversation = models.ForeignKey(
        Conversation, models.CASCADE, related_name="messages", db_index=False, verbose_name=_("conversation")
    )
    role = models.CharField(_("written by"), max_length=9, choices=Role)
    format = models.CharField(_("format"), max_length=4, choices=Format, default=Format.TEXT)
    text = models.TextField(_("text"))
    created_at = models.DateTimeField(_("written"))
    plan_class = models.CharField(_("plan class"), max_length=10, choices=PlanClass)
    training = models.CharField(_("training choice"), max_length=6, choices=Training, blank=True)
    answers = models.OneToOneField(
        "self", models.CASCADE, null=True, related_name="reply", verbose_name=_("message it answers")
    )

    class Meta:
        verbose_name = _("message")
        verbose_name_plural = _("messages")
        ordering: ClassVar[list[str]] = ["pk"]
        indexes = [models.Index(fields=["conversation", "id"], name="message_by_conversation")]
        constraints = [
            models.CheckConstraint(condition=Q(role__in=Role.values), name="message_role_is_known"),
            models.CheckConstraint(condition=Q(format__in=Format.values), name="message_format_is_known"),
            models.CheckConstraint(condition=Q(plan_class__in=PlanClass.values), name="message_plan_class_is_known"),
            models.CheckConstraint(condition=Q(training__in=["", *Training.values]), name="message_training_is_known"),
            models.CheckConstraint(
                condition=Q(role=Role.ASSISTANT) | Q(answers__isnull=True), name="only_replies_answer_a_message"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.conversation_id} #{self.pk}"


class Thumb(models.TextChoices):
    """What someone says of a reply."""

    UP = "up", _("Good reply")
    DOWN = "down", _("Bad reply")


class FeedbackCopy(models.Model):
    """One row: what someone said of a reply, kept for its own five years, without the account (rule D4).

    `excerpt` is the conversation up to that reply, filtered, as a list of {"role", "format", "text"}; empty where
    only the thumb and the comment may be kept. Its date is a day, not an instant, so that it can't be matched with
    anything else. Nothing in it leads to a person.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    thumb = models.CharField(_("thumb"), max_length=4, choices=Thumb)
    comment = models.TextField(_("comment"), blank=True)
    excerpt = models.JSONField(_("excerpt"), default=list, blank=True)
    filter_version = models.CharField(_("version of the filter"), max_length=20, blank=True)
    given_on = models.DateField(_("given on"))
    expires_at = models.DateTimeField(_("kept until"))

    class Meta:
        verbose_name = _("copy of feedback")
        verbose_name_plural = _("copies of feedback")
        default_permissions = ("view",)
        permissions = [("read_feedback", _("Can read the comment and the excerpt of feedback"))]
        indexes = [
            models.Index(fields=["expires_at"], name="feedback_copy_by_date"),
            models.Index(fields=["-given_on", "-id"], name="feedback_copy_by_day"),
        ]
        constraints = [models.CheckConstraint(condition=Q(thumb__in=Thumb.values), name="feedback_thumb_is_known")]

    def __str__(self) -> str:
        return str(self.id)


class FeedbackReading(models.Model):
    """One row: a member of staff has read the comment and the excerpt of some feedback. Append-only (rule G3).

    `copy` is the id of the `FeedbackCopy`, no key: the row outlives what was read.
    """

    copy = models.UUIDField(_("feedback read"))
    actor = models.UUIDField(_("read by"), help_text=_("The principal of the member of staff."))
    at = models.DateTimeField(_("read"))

    class Meta:
        verbose_name = _("reading of feedback")
        verbose_name_plural = _("readings of feedback")
        default_permissions = ("view",)
        indexes = [
            models.Index(fields=["copy"], name="reading_by_copy"),
            models.Index(fields=["actor"], name="reading_by_actor"),
        ]

    def __str__(self) -> str:
        return f"{self.copy} {self.at:%Y-%m-%d %H:%M}"


class Feedback(models.Model):
    """One row: the link from a person to the copy of their feedback on a reply; the only one there is.

    While it is there they can see, export and delete both. Deleting the chat or the account deletes this row. It has
    no reply once the chat has gone by its retention date, which is no wish of the person to be cut off from it.
    """

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="feedback", verbose_name=_("person")
    )
    message = models.OneToOneField(
        Message, models.SET_NULL, null=True, related_name="feedback", verbose_name=_("reply")
    )
    copy = models.OneToOneField(FeedbackCopy, models.CASCADE, related_name="feedback", verbose_name=_("copy"))
    given_at = models.DateTimeField(_("given"))

    class Meta:
        verbose_name = _("feedback")
        verbose_name_plural = _("feedback")

    def __str__(self) -> str:
        return str(self.pk)

    def get_absolute_url(self) -> str:
        """Return the address of the page that shows it."""
        return reverse("conversations:given_feedback", args=[self.pk])


class Purge(models.Model):
    """One row: the report of one purge. `counts` says what it removed, by name; it has no end while it runs.

    `at` is the product's clock: what was past its date then was to go. A purge that was killed, or could not remove
    something, has no end, ever.
    """

    at = models.DateTimeField(_("purged what was past"))
    started_at = models.DateTimeField(_("started"))
    finished_at = models.DateTimeField(_("finished"), null=True)
    counts = models.JSONField(_("removed"), default=dict)

    class Meta:
        verbose_name = _("purge")
        verbose_name_plural = _("purges")

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M %Z}"
