"""What is done again after a restore from a backup: deletions and exclusions the journal still knows (rule D7)."""

from accounts.actions import lock_account
from accounts.effects import became_ineligible
from accounts.journal import Line, was_reversed
from conversations.actions import DELETED, DELETION_UNDONE, EXCLUDED, EXCLUSION_LIFTED
from conversations.feedback import forget_again
from conversations.models import Conversation
from conversations.retention import shortened
from privacy.standing import standing_of


def delete_again(line: Line) -> None:
    """Delete a conversation. It can be undone for as long as it could be."""
    conversation = Conversation.objects.filter(pk=line.subject, deleted_at__isnull=True).select_related("user").first()
    if conversation is None:
        return
    # Undone or not: to a run that was prepared before, it does not come back.
    became_ineligible(lock_account(conversation.user), conversation.pk)
    if not was_reversed(line, DELETION_UNDONE):
        conversation.deleted_at = line.at
        conversation.save(update_fields=["deleted_at"])


def undo_again(line: Line) -> None:
    """Bring a conversation back whose deletion was undone, unless it was deleted again."""
    if was_reversed(line, DELETED):
        return
    Conversation.objects.filter(pk=line.subject).update(deleted_at=None)


def exclude_again(line: Line) -> None:
    """Exclude a conversation, from the instant it was excluded at."""
    found = Conversation.objects.filter(pk=line.subject, excluded_at__isnull=True).with_kept_until()
    conversation = found.select_related("user").first()
    if conversation is None:
        return
    user = lock_account(conversation.user)
    # What a refusal says that is not applied yet, it could no longer say afterwards.
    conversation.expires_at = conversation.kept_until
    if Conversation.objects.filter(pk=line.subject).covered().exists():
        conversation.expires_at = shortened(conversation.expires_at, line.at, standing_of(user, line.at).periods)
    became_ineligible(user, conversation.pk)
    # Lifted or not, it counts only once it is resumed.
    conversation.excluded_at = None if was_reversed(line, EXCLUSION_LIFTED) else line.at
    conversation.allowed_message_at = None
    conversation.save(update_fields=["excluded_at", "allowed_message_at", "expires_at"])


def lift_again(line: Line) -> None:
    """Lift an exclusion, unless the conversation was excluded again."""
    if was_reversed(line, EXCLUDED):
        return
    Conversation.objects.filter(pk=line.subject).update(excluded_at=None)


def forget_feedback_again(line: Line) -> None:
    """Delete feedback with its copy."""
    forget_again(line.subject)
