"""Feedback on a reply: an act of its own, with a copy that knows no account (rule D4)."""

import hashlib
import json
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime, time

from django.core import signing
from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from accounts import journal
from accounts.actions import lock_user
from accounts.models import User
from conversations import redaction
from conversations.actions import locked
from conversations.models import Conversation, Feedback, FeedbackCopy, Format, Message, Role, Thumb
from conversations.retention import years_after

# Rule D4: its own five years, whatever the choice is.
YEARS = 5
# A copy holds the messages up to the rated reply; of a longer conversation the latest, which led to it.
MOST_MESSAGES = 200
SALT = "conversations.feedback"

# The name of the act in the journal.
FEEDBACK_DELETED = "feedback_deleted"


class Changed(Exception):
    """What was shown is not what would be stored now, and nothing was. `message` says so."""

    message = _("Nothing was saved: what would be stored has changed since you looked. This is how it stands now.")


class AlreadyGiven(Exception):
    """There is feedback on this reply already. `feedback` is its row."""

    def __init__(self, feedback: Feedback) -> None:
        super().__init__()
        self.feedback = feedback


@dataclass(frozen=True, slots=True)
class Preview:
    """Exactly what would be stored. `excerpt` is None where a conversation may not be copied."""

    thumb: Thumb
    comment: str
    excerpt: list[dict[str, str]] | None
    expires_at: datetime

    def token(self, user: User, reply: Message) -> str:
        """Return what proves that this was shown to this person."""
        return signing.dumps(self.digest(user, reply), salt=SALT)

    def digest(self, user: User, reply: Message) -> str:
        """Return the SHA-256 of who was shown what about which reply, in hex."""
        kept = [self.thumb, self.comment, self.excerpt, self.expires_at.isoformat()]
        shown = [str(user.principal), reply.pk, *kept, redaction.VERSION]
        return hashlib.sha256(json.dumps(shown).encode()).hexdigest()


def preview(user: User, reply: Message, thumb: Thumb, comment: str, *, at: datetime) -> Preview:
    """Return what feedback on a reply would store: the very texts, filtered. Raises TooSlow."""
    rated = _rated(user, reply)
    texts = [message.text for message in rated]
    *texts, comment = redaction.redact([*texts, comment]).texts
    excerpt = [
        {"role": message.role, "format": message.format, "text": text}
        for message, text in zip(rated, texts, strict=True)
    ]
    end = years_after(datetime.combine(at.astimezone(UTC).date(), time(), UTC), YEARS)
    return Preview(thumb, comment, excerpt if rated else None, end)


def _rated(user: User, reply: Message) -> list[Message]:
    """Return the messages a copy would hold; none of a private, an excluded or a commercial conversation."""
    conversation = reply.conversation
    if not _may_be_copied(user, conversation):
        return []
    latest = conversation.messages.filter(pk__lte=reply.pk).order_by("-pk")[:MOST_MESSAGES]
    return list(reversed(latest))


def give_feedback(user: User, reply: Message, thumb: Thumb, comment: str, *, token: str, at: datetime) -> Feedback:
    """Store what was previewed, and return the link to it.

    Raises Changed if what would be stored is no longer what was shown, AlreadyGiven if there is some on this reply,
    Gone if the conversation is no longer there, and TooSlow.
    """
    # The filter takes its time, in which nobody is kept waiting: messages never change.
    shown = preview(user, reply, thumb, comment, at=at)
    return _store(user, reply, shown, token=token, at=at)


@transaction.atomic
def _store(user: User, reply: Message, shown: Preview, *, token: str, at: datetime) -> Feedback:
    user = lock_user(user)
    reply.conversation = locked(user, reply.conversation, at=at)
    if given := Feedback.objects.filter(message=reply).first():
        raise AlreadyGiven(given)
    may_be_copied = _may_be_copied(user, reply.conversation)
    if may_be_copied != (shown.excerpt is not None) or not _was_shown(shown, user, reply, token):
        raise Changed
    copy = FeedbackCopy.objects.create(
        thumb=shown.thumb,
        comment=shown.comment,
        excerpt=shown.excerpt or [],
        filter_version=redaction.VERSION,
        given_on=at.astimezone(UTC).date(),
        expires_at=shown.expires_at,
    )
    return Feedback.objects.create(user=user, message=reply, copy=copy, given_at=at)


def _was_shown(shown: Preview, user: User, reply: Message, token: str) -> bool:
    try:
        return bool(signing.loads(token, salt=SALT) == shown.digest(user, reply))
    except signing.BadSignature:
        return False


def _may_be_copied(user: User, conversation: Conversation) -> bool:
    is_kept_apart = conversation.is_private or conversation.excluded_at or conversation.has_commercial_message
    return user.is_consumer and not is_kept_apart


@transaction.atomic
def delete_feedback(feedback: Feedback, *, at: datetime) -> None:
    """Delete feedback, the copy with it."""
    journal.record(FEEDBACK_DELETED, feedback.copy_id, at=at)
    FeedbackCopy.objects.filter(pk=feedback.copy_id).delete()


def forget_again(copy: uuid.UUID) -> None:
    """Delete what a backup has brought back."""
    FeedbackCopy.objects.filter(pk=copy).delete()


def cut_links(messages: QuerySet[Message]) -> int:
    """Cut people off from their feedback on messages they have deleted, and return how many links those were.

    The copies stay, and nothing leads from them to anyone.
    """
    links = Feedback.objects.filter(message__in=messages.values("pk"))
    # Not `delete()`, which would read every row first: nothing hangs on these.
    return int(links._raw_delete(links.db) or 0)


def feedback_of(user: User) -> QuerySet[Feedback]:
    """Return the feedback someone can still see, the latest first: none in a conversation they have deleted."""
    kept = Feedback.objects.filter(user=user).exclude(message__conversation__deleted_at__isnull=False)
    return kept.select_related("copy").order_by("-pk")


def messages_of(excerpt: list[dict[str, str]]) -> list[Message]:
    """Return the messages of a copy as messages that pages can show; they are stored nowhere."""
    return [Message(role=Role(part["role"]), format=Format(part["format"]), text=part["text"]) for part in excerpt]


def reply_of(conversation: Conversation, pk: int) -> Message | None:
    """Return a reply in a conversation, or None if there is no such reply in it."""
    return conversation.messages.filter(pk=pk, role=Role.ASSISTANT).select_related("conversation").first()
