"""One page of a list of conversations, found by what stood before it rather than by counting."""

import uuid
from dataclasses import dataclass
from datetime import UTC, datetime

from django.db.models import Exists, OuterRef, Q

from accounts.models import User
from conversations.badge import name_runs
from conversations.models import Conversation, ConversationKind, ConversationQuerySet, Message

LENGTH = 30


@dataclass(frozen=True, slots=True)
class Page:
    """The conversations of one page, and the cursor of the page after it, empty on the last one."""

    conversations: list[Conversation]
    earlier: str


def page_of(user: User, kind: ConversationKind, at: datetime, *, before: str = "", query: str = "") -> Page:
    """Return what someone has of one kind, last written in first, after a cursor if there is one."""
    found = Conversation.objects.for_user(user, at).filter(kind=kind).with_reason(at)
    found = _after(found, before)
    if query:
        texts = Message.objects.filter(conversation=OuterRef("pk"), text__icontains=query)
        found = found.filter(Q(title__icontains=query) | Exists(texts))
    rows = list(found[: LENGTH + 1])
    name_runs(rows[:LENGTH])
    return Page(rows[:LENGTH], _cursor(rows[LENGTH - 1]) if len(rows) > LENGTH else "")


def _cursor(conversation: Conversation) -> str:
    return f"{conversation.last_message_at.isoformat()}_{conversation.pk}"


def _after(found: ConversationQuerySet, cursor: str) -> ConversationQuerySet:
    """Leave out what stands at a cursor and before it. What is no cursor leaves nothing out."""
    instant, _line, key = cursor.partition("_")
    try:
        last_message_at, pk = datetime.fromisoformat(instant), uuid.UUID(key)
        if last_message_at.tzinfo is None:
            return found
        last_message_at = last_message_at.astimezone(UTC)
    except (ValueError, OverflowError):
        return found
    # The first condition is what the index is searched by.
    same = Q(last_message_at=last_message_at, pk__lt=pk)
    return found.filter(last_message_at__lte=last_message_at).filter(Q(last_message_at__lt=last_message_at) | same)
