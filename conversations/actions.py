"""What people do with their conversations, and what a refusal does to them.

Each act of a person is one transaction under the lock on their user row, which changing a plan and answering the
question take too: so a message knows the plan and the choice it was written under.
"""

import uuid
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts import journal
from accounts.actions import lock_user
from accounts.effects import became_ineligible
from accounts.models import User
from conversations.models import Conversation, ConversationKind, Format, Message, Role
from conversations.retention import retention_date, shortened, uncovered_before, written_before_the_commit_of
from privacy.models import Training, TrainingRefusal
from privacy.standing import standing_of, training_before_allow

# For so long a deletion can be undone (rule D2).
UNDO = timedelta(minutes=10)
# How many rows one transaction of a long task changes.
BATCH = 1000
LONGEST_TITLE = 80

# The names of the acts in the journal.
DELETED, DELETION_UNDONE = "conversation_deleted", "deletion_undone"
EXCLUDED, EXCLUSION_LIFTED = "conversation_excluded", "exclusion_lifted"


class Gone(Exception):
    """The conversation is deleted or past its retention date, and nothing was done. `message` says so."""

    message = _("This conversation is no longer there: it was deleted, or its retention period has ended.")


@transaction.atomic
def start_conversation(
    user: User,
    text: str,
    *,
    at: datetime,
    kind: ConversationKind = ConversationKind.CHAT,
    format: Format = Format.TEXT,  # noqa: A002 - what the field is called
    workspace: str = "",
    private: bool = False,
    key: uuid.UUID | None = None,
) -> Message:
    """Start a conversation with its first message, and return the message. A private one stays so for good.

    `key` is its id; the same form sent twice has the same, and starts one conversation, which is private if either
    asked for that. With another text, or after its conversation was deleted, it starts another one; so does what is to
    be private where the conversation has gone on.
    """
    user = lock_user(user)
    written = Message.objects.filter(conversation=key, conversation__user=user, role=Role.OWNER)
    started = written.select_related("conversation").order_by("pk").first()
    if started and started.text == text and Conversation.objects.filter(messages=started).there(at).exists():
        if started.conversation.is_private or not private:
            return started
        if written.count() == 1:
            _make_private(user, started.conversation)
            return started
    conversation = Conversation(
        id=uuid.uuid4() if started or key is None else key,
        user=user,
        kind=kind,
        title=_title(text),
        workspace=workspace,
        is_private=private,
        created_at=at,
        last_message_at=at,
    )
    message = _message(conversation, user, text, format, at)
    conversation.save(force_insert=True)
    message.save(force_insert=True)
    return message


def _make_private(user: User, conversation: Conversation) -> None:
    """Make a conversation private after all, of which there is the first message alone: its form was sent again."""
    conversation.is_private, conversation.allowed_message_at = True, None
    if conversation.expires_at is not None:
        last = conversation.last_message_at
        periods = standing_of(user, last).periods
        conversation.expires_at = min(conversation.expires_at, retention_date(last, covered=False, periods=periods))
    conversation.save(update_fields=["is_private", "allowed_message_at", "expires_at"])
    became_ineligible(user, conversation.pk)


def _title(text: str) -> str:
    """Return the beginning of a text on one line, as long as its column in code points."""
    line = " ".join(text.split())
    return line if len(line) <= LONGEST_TITLE else f"{line[: LONGEST_TITLE - 1]}…"


@transaction.atomic
def write_message(
    user: User,
    conversation: Conversation,
    text: str,
    *,
    at: datetime,
    format: Format = Format.TEXT,  # noqa: A002 - what the field is called
    after: int | None = None,
) -> Message:
    """Write in a conversation of one's own, and return the message. Raises Gone if it is no longer there.

    `after` is the last message its writer saw: the same text sent twice after it is one message.
    """
    user = lock_user(user)
    conversation = locked(user, conversation, at=at)
    sent = conversation.messages.filter(role=Role.OWNER, text=text, pk__gt=after) if after is not None else None
    if sent and (message := sent.first()):
        return message
    message = _message(conversation, user, text, format, at)
    conversation.save(update_fields=["last_message_at", "allowed_message_at", "has_commercial_message", "expires_at"])
    message.save(force_insert=True)
    return message


def _message(conversation: Conversation, user: User, text: str, format_: Format, at: datetime) -> Message:
    """Return an unsaved message of its owner, and let the conversation know of it."""
    standing = standing_of(user, at)
    training, is_commercial = standing.state.training, not user.is_consumer
    # A clock that is set back must not bring the last message before the first.
    last = conversation.last_message_at = max(at, conversation.last_message_at)
    # An allow may have come while this waited for the lock: then it was not written under it.
    is_allowed = training == Training.ALLOW and standing.state.allowed_since is not None
    counts = is_allowed and last >= standing.state.allowed_since  # type: ignore[operator]  # just looked at
    if is_allowed and not counts:
        training = training_before_allow(user)
    counts = counts and not conversation.is_private and conversation.excluded_at is None
    conversation.has_commercial_message |= is_commercial
    if counts:
        conversation.allowed_message_at = last
    conversation.expires_at = None if is_commercial else retention_date(last, covered=counts, periods=standing.periods)
    is_coding = conversation.kind == ConversationKind.CODING_SESSION
    return Message(
        conversation=conversation,
        role=Role.OWNER,
        format=format_ if is_coding else Format.TEXT,
        text=text,
        created_at=at,
        plan_class=user.plan_class,
        training=training,
    )


def locked(user: User, conversation: Conversation, *, at: datetime) -> Conversation:
    """Return a conversation that is there, locked against a purge until the transaction ends. Raises Gone.

    The caller holds the lock on its owner.
    """
    found = Conversation.objects.select_for_update(no_key=True).filter(user=user, pk=conversation.pk)
    held = found.there(at).first()
    if held is None:
        raise Gone
    return held


# One conversation


def rename_conversation(conversation: Conversation, title: str) -> None:
    """Give a conversation another title. That is not writing in it."""
    Conversation.objects.filter(pk=conversation.pk).update(title=title)


@transaction.atomic
def exclude_conversation(user: User, conversation: Conversation, *, at: datetime) -> None:
    """Keep a conversation out of training (rule C5). Raises Gone. Excluding it twice changes nothing."""
    user = lock_user(user)
    conversation = locked(user, conversation, at=at)
    if conversation.excluded_at is not None:
        return
    conversation.expires_at = conversation.kept_until
    if Conversation.objects.filter(pk=conversation.pk).covered().exists():
        conversation.expires_at = shortened(conversation.expires_at, at, standing_of(user, at).periods)
    conversation.excluded_at, conversation.allowed_message_at = at, None
    conversation.save(update_fields=["excluded_at", "allowed_message_at", "expires_at"])
    became_ineligible(user, conversation.pk)
    journal.record(EXCLUDED, conversation.pk, at=at)


@transaction.atomic
def lift_exclusion(user: User, conversation: Conversation, *, at: datetime) -> None:
    """Let a conversation count again once its owner writes in it. Raises Gone."""
    conversation = locked(lock_user(user), conversation, at=at)
    if conversation.excluded_at is None:
        return
    conversation.excluded_at = None
    conversation.save(update_fields=["excluded_at"])
    journal.record(EXCLUSION_LIFTED, conversation.pk, at=at)


@transaction.atomic
def delete_conversation(user: User, conversation: Conversation, *, at: datetime) -> None:
    """Take a conversation out of view and out of every future run at once (rule D2).

    Deleting it twice changes nothing; it leaves storage with the next purge after the time for undo.
    """
    user = lock_user(user)
    deleted = Conversation.objects.filter(user=user, pk=conversation.pk, deleted_at__isnull=True)
    if deleted.update(deleted_at=at):
        became_ineligible(user, conversation.pk)
        journal.record(DELETED, conversation.pk, at=at)


@transaction.atomic
def undo_deletion(user: User, conversation: Conversation, *, at: datetime) -> None:
    """Bring a conversation back that was deleted less than ten minutes ago; undoing twice is undoing once.

    Raises Gone afterwards.
    """
    if undoable(lock_user(user), at=at).filter(pk=conversation.pk).update(deleted_at=None):
        journal.record(DELETION_UNDONE, conversation.pk, at=at)
    elif not Conversation.objects.for_user(user, at).filter(pk=conversation.pk).exists():
        raise Gone


def undoable(user: User, *, at: datetime) -> QuerySet[Conversation]:
    """Return the conversations of someone whose deletion can be undone: those that would be there again."""
    found = Conversation.objects.filter(user=user, deleted_at__gt=at - UNDO).with_kept_until()
    return found.filter(Q(kept_until__isnull=True) | Q(kept_until__gt=at))


# What a refusal does


def apply_refusal(refusal_id: uuid.UUID) -> int:
    """Shorten the stored retention dates that a refusal reaches, and return how many. It can be run again.

    A conversation resumed after the refusal is not touched, whenever that happens: each batch looks again.
    """
    refusal = TrainingRefusal.objects.filter(pk=refusal_id, applied_at__isnull=True).first()
    if refusal is None:
        return 0
    reached = Conversation.objects.filter(
        Q(~uncovered_before(refusal), last_message_at__lte=refusal.at) | written_before_the_commit_of(refusal),
        user=refusal.user_id,
        allowed_message_at__isnull=False,
        expires_at__gt=refusal.kept_until,
    )
    changed = 0
    while batch := list(reached.order_by("pk").values_list("pk", flat=True)[:BATCH]):
        changed += reached.filter(pk__in=batch).update(expires_at=refusal.kept_until)
    TrainingRefusal.objects.filter(pk=refusal.pk).update(applied_at=timezone.now())
    return changed


def refusals_to_apply() -> QuerySet[TrainingRefusal]:
    """Return the refusals whose task has not come to its end, the earliest first."""
    return TrainingRefusal.objects.filter(applied_at__isnull=True).order_by("recorded_at", "pk")


# Replies


def unanswered(conversation: Conversation) -> Message | None:
    """Return the owner's last message, if no reply has come to it."""
    own = conversation.messages.filter(role=Role.OWNER).select_related("reply")
    last = own.order_by("-pk").first()
    return None if last is None or hasattr(last, "reply") else last


@transaction.atomic
def save_reply(message: Message, text: str, *, at: datetime) -> Message | None:
    """Save the reply to a message, and return it; None if its conversation has gone meanwhile.

    A message has one reply: of two that were asked for at once, the first stays and is returned.
    """
    # The lock keeps a purge away for as long as it takes.
    held = Conversation.objects.select_for_update(no_key=True).filter(pk=message.conversation_id).there(at)
    if not held.values_list("pk", flat=True):
        return None
    reply, _made = Message.objects.get_or_create(
        answers=message,
        defaults={
            "conversation_id": message.conversation_id,
            "role": Role.ASSISTANT,
            "text": text,
            "created_at": at,
            "plan_class": message.plan_class,
            "training": message.training,
        },
    )
    return reply
