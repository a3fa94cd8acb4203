"""What a persona has done before QA meets it: by the actions of the site, at instants of its own, and as itself."""

from datetime import datetime, timedelta
from typing import Any

from django.utils import translation

from accounts.models import User
from conversations.actions import delete_conversation, exclude_conversation, start_conversation, write_message
from conversations.assistant import OfflineAssistant
from conversations.feedback import give_feedback, preview
from conversations.models import Conversation, ConversationKind, Format, Message, Thumb
from conversations.replies import answer_message
from privacy.actions import answer, defer, record_shown
from privacy.models import Method, PolicyUpdate, Surface, Training
from privacy.question import question_for
from privacy.standing import standing_of
from privacy.tokens import FormToken

SECOND = timedelta(seconds=1)


class Life:
    """One persona doing things. The actor of each is the persona: nobody answers for anyone else (rule F3)."""

    def __init__(self, user: User, update: PolicyUpdate) -> None:
        self.user, self.update = user, update

    # The question

    def answer(self, training: Training, *, at: datetime, terms: bool = True) -> None:
        """Be shown the question where it would come, and answer it."""
        answer(self.user, self._shown(at), terms=terms, training=training, gpc=False, at=at)

    def put_off(self, *, at: datetime) -> None:
        """Be shown the pop-up, and say "Not now"."""
        defer(self.user, self._shown(at), method=Method.BUTTON, gpc=False, at=at)

    def _shown(self, at: datetime) -> FormToken:
        """Return the token of the form that came with the question, once that is recorded as shown."""
        standing = standing_of(self.user, at)
        surface = Surface.SETTINGS if standing.has_answered else standing.surface
        with translation.override(self.user.language):
            question = question_for(standing, surface)
        assert question is not None, "the update asks something at every instant a life is at"
        record_shown(self.user, question, gpc=False, at=at)
        return FormToken.issue(
            self.user,
            notice=question.notice_hash,
            surface=surface,
            last_receipt=standing.state.last_receipt,
            offers=question.offers,
        )

    # Conversations

    def chat(self, text: str, *, at: datetime, **fields: Any) -> Conversation:
        """Start a conversation, and have it answered a second later."""
        return self._answered(start_conversation(self.user, text, at=at, **fields))

    def code(self, text: str, *, at: datetime, workspace: str) -> Conversation:
        """Start a coding session with a question and a block of code."""
        coding = ConversationKind.CODING_SESSION
        conversation = self.chat(text, at=at, kind=coding, workspace=workspace)
        block = "def minutes(km):\n    return km * 12\n"
        write_message(self.user, conversation, block, at=at + 2 * SECOND, format=Format.CODE)
        return conversation

    def resume(self, conversation: Conversation, text: str, *, at: datetime) -> None:
        """Write in an older conversation again."""
        self._answered(write_message(self.user, conversation, text, at=at))

    def exclude(self, conversation: Conversation, *, at: datetime) -> None:
        """Keep a conversation out of training."""
        exclude_conversation(self.user, conversation, at=at)

    def delete(self, conversation: Conversation, *, at: datetime) -> None:
        """Delete a conversation."""
        delete_conversation(self.user, conversation, at=at)

    def rate(self, conversation: Conversation, comment: str, *, at: datetime) -> None:
        """Look at what feedback on the last reply would store, and give it."""
        reply = conversation.messages.filter(answers__isnull=False).select_related("conversation").latest("pk")
        token = preview(self.user, reply, Thumb.DOWN, comment, at=at).token(self.user, reply)
        give_feedback(self.user, reply, Thumb.DOWN, comment, token=token, at=at)

    def _answered(self, message: Message) -> Conversation:
        with translation.override(self.user.language):
            answer_message(message, OfflineAssistant(), at=lambda: message.created_at + SECOND)
        return message.conversation
