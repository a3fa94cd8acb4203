"""Conversations: chats and coding sessions, and the messages in them."""

import uuid
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from accounts.models import PlanClass, User
from privacy.models import Training


class ConversationKind(models.TextChoices):
    """The two kinds of conversation."""

    CHAT = "chat", _("chat")
    CODING_SESSION = "coding", _("coding session")


class ConversationQuerySet(models.QuerySet["Conversation"]):
    """Conversations, always reached through their owner."""

    def for_user(self, user: User) -> "ConversationQuerySet":
        """Return what someone owns, last written in first."""
        return self.filter(user=user).order_by("-last_message_at", "-id")


class Conversation(models.Model):
    """One row: one chat or coding session of one person. `last_message_at` is its owner's last message."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="conversations", verbose_name=_("owner")
    )
    kind = models.CharField(_("kind"), max_length=6, choices=ConversationKind, default=ConversationKind.CHAT)
    title = models.CharField(_("title"), max_length=80)
    created_at = models.DateTimeField(_("created"))
    last_message_at = models.DateTimeField(_("last message"))

    objects = ConversationQuerySet.as_manager()

    class Meta:
        verbose_name = _("conversation")
        verbose_name_plural = _("conversations")
        indexes = [models.Index(fields=["user", "-last_message_at", "-id"], name="conversation_by_user")]
        constraints = [
            models.CheckConstraint(condition=Q(kind__in=ConversationKind.values), name="conversation_kind_is_known"),
            models.CheckConstraint(
                condition=Q(last_message_at__gte=models.F("created_at")), name="last_message_is_not_before_creation"
            ),
        ]

    def __str__(self) -> str:
        return str(self.id)

    def get_absolute_url(self) -> str:
        """Return the address of the conversation."""
        return reverse("conversations:chat", args=[self.id])


class Role(models.TextChoices):
    """Who wrote a message."""

    OWNER = "owner", _("You")
    ASSISTANT = "assistant", _("Assistant")


class Message(models.Model):
    """One row: one message, with the plan class and the training choice it was written under.

    A reply takes both from the message it answers. An empty choice means that none had been made.
    """

    conversation = models.ForeignKey(
        Conversation, models.CASCADE, related_name="messages", verbose_name=_("conversation")
    )
    role = models.CharField(_("written by"), max_length=9, choices=Role)
    text = models.TextField(_("text"))
    created_at = models.DateTimeField(_("written"))
    plan_class = models.CharField(_("plan class"), max_length=10, choices=PlanClass)
    training = models.CharField(_("training choice"), max_length=6, choices=Training, blank=True)

    class Meta:
        verbose_name = _("message")
        verbose_name_plural = _("messages")
        ordering: ClassVar[list[str]] = ["pk"]
        indexes = [models.Index(fields=["conversation", "id"], name="message_by_conversation")]
        constraints = [
            models.CheckConstraint(condition=Q(role__in=Role.values), name="message_role_is_known"),
            models.CheckConstraint(condition=Q(plan_class__in=PlanClass.values), name="message_plan_class_is_known"),
            models.CheckConstraint(condition=Q(training__in=["", *Training.values]), name="message_training_is_known"),
        ]

    def __str__(self) -> str:
        return f"{self.conversation_id} #{self.pk}"
