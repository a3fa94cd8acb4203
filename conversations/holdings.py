"""What this app holds of a person: conversations, and the links to their feedback."""

from collections.abc import Iterator
from typing import Any

from django.db import transaction

from accounts import clock
from accounts.models import User
from accounts.personal_data import Holding, in_batches
from conversations.badge import use_in_words
from conversations.feedback import cut_links
from conversations.models import Conversation, Feedback, FeedbackCopy, FeedbackReading, Message

BATCH = 500
# Conversations are read with all their messages, and copies of feedback are long: fewer at a time.
FEW = 50


def _conversations(user: User) -> Iterator[dict[str, Any]]:
    """Yield every conversation there is, those that wait for the purge included: they are held too."""
    found = Conversation.objects.filter(user=user).with_reason(clock.now()).prefetch_related("messages")
    yield from map(_as_dict, in_batches(found, size=FEW))


def _as_dict(conversation: Conversation) -> dict[str, Any]:
    return {
        "id": str(conversation.pk),
        "kind": conversation.kind,
        "title": conversation.title,
        "workspace": conversation.workspace,
        "private": conversation.is_private,
        "created": conversation.created_at,
        "last_message": conversation.last_message_at,
        "excluded": conversation.excluded_at,
        "deleted": conversation.deleted_at,
        "kept_until": conversation.kept_until,
        "training": use_in_words(conversation),
        "messages": [
            {
                "role": message.role,
                "format": message.format,
                "text": message.text,
                "written": message.created_at,
                "plan_class": message.plan_class,
                "training_choice": message.training,
            }
            for message in conversation.messages.all()
        ],
    }


def _feedback(user: User) -> Iterator[dict[str, Any]]:
    for feedback in in_batches(Feedback.objects.filter(user=user).select_related("copy"), size=FEW):
        copy = feedback.copy
        yield {
            "thumb": copy.thumb,
            "comment": copy.comment,
            "copy": copy.excerpt,
            "given": feedback.given_at,
            "kept_until": copy.expires_at,
        }


def _erase_conversations(user: User) -> None:
    """Remove conversations in bounded batches, and cut the feedback on them off."""
    while _erase_batch(user):
        pass


@transaction.atomic
def _erase_batch(user: User) -> int:
    # Locked: a reply that comes just now waits, and finds its conversation gone.
    own = Conversation.objects.filter(user=user).select_for_update(of=("self",)).order_by("pk")
    keys = list(own.values_list("pk", flat=True)[:BATCH])
    messages = Message.objects.filter(conversation__in=keys)
    cut_links(messages)
    for gone in (messages, Conversation.objects.filter(pk__in=keys)):
        gone._raw_delete(gone.db)
    return len(keys)


def _erase_links(user: User) -> None:
    """Cut someone off from their feedback: the copies stay, and lead to nobody (rule D4)."""
    Feedback.objects.filter(user=user).delete()


HOLDINGS = (
    Holding(
        "conversations",
        (Conversation, Message),
        lambda user: Conversation.objects.filter(user=user).count(),
        _conversations,
        _erase_conversations,
    ),
    Holding(
        "feedback",
        (Feedback, FeedbackCopy),
        lambda user: Feedback.objects.filter(user=user).count(),
        _feedback,
        _erase_links,
    ),
    # Who of the staff has read what stays on record; they are a principal there.
    Holding(
        "feedback_read",
        (FeedbackReading,),
        lambda user: FeedbackReading.objects.filter(actor=user.principal).count(),
        lambda user: (
            {"copy": row.copy, "at": row.at} for row in in_batches(FeedbackReading.objects.filter(actor=user.principal))
        ),
        lambda _user: None,
    ),
)
