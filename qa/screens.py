"""One screen in one state: where it is, who has to be there, and when. `qa.flow_map` lists them."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.urls import reverse
from django.utils.functional import Promise

from accounts.models import User
from conversations.models import Conversation, ConversationKind, Feedback, Message, Role
from privacy.models import ConsentState, PolicyUpdate
from privacy.reminder_letters import unsubscribe_token
from qa.personas import PERSONAS, Persona, When, asked_update

SECOND = timedelta(seconds=1)
Where = Callable[[User | None], str]


@dataclass(frozen=True, slots=True)
class Screen:
    """One screen in one state. Without a persona nobody is signed in; without an instant it is the persona's own."""

    slug: str
    title: Promise
    where: Where
    who: str = ""
    when: When | None = None
    then: Promise | None = None

    @property
    def persona(self) -> Persona | None:
        """Return who has to be there."""
        return PERSONAS[self.who] if self.who else None

    def is_called(self, words: list[str]) -> bool:
        """Return whether each of the words, in lower case, is in what it or its persona is called."""
        name = f"{self.slug} {self.title} {self.persona.title if self.persona else ''}".casefold()
        return all(word in name for word in words)

    def instant(self, update: PolicyUpdate) -> datetime | None:
        """Return when; None for the product's own time."""
        persona = self.persona
        if persona is None or persona.role:
            return None
        return (self.when or persona.at)(update)


def route(name: str, *args: str, query: str = "") -> Where:
    """Return the address of a route, whoever is there."""
    return lambda _user: reverse(name, args=args) + query


def _conversations(user: User | None) -> list[Conversation]:
    """Return someone's conversations, deleted ones too, the latest first."""
    return list(Conversation.objects.filter(user=user).order_by("-last_message_at", "-id"))


def chat(place: int = 0, *, kind: ConversationKind = ConversationKind.CHAT) -> Where:
    """Return the address of one of someone's conversations, counted from the latest."""

    def where(user: User | None) -> str:
        found = [conversation for conversation in _conversations(user) if conversation.kind == kind]
        # One that has gone leads to the list that would have led to it.
        return found[place].get_absolute_url() if place < len(found) else reverse("conversations:index")

    return where


def after_deleting(user: User | None) -> str:
    """Return the address of the list after a chat was deleted."""
    deleted = Conversation.objects.filter(user=user, deleted_at__isnull=False).first()
    return reverse("conversations:index") + (f"?deleted={deleted.pk}" if deleted else "")


def receipt(user: User | None) -> str:
    """Return the address of someone's last receipt, or of the list that would lead there."""
    state = ConsentState.objects.filter(user=user, last_receipt__isnull=False).first()
    return reverse("privacy:receipt", args=[state.last_receipt]) if state else reverse("privacy:history")


def feedback(user: User | None) -> str:
    """Return the address of feedback someone gave, or of the list that would lead there."""
    given = Feedback.objects.filter(user=user).first()
    return given.get_absolute_url() if given else reverse("conversations:feedback")


def to_rate(user: User | None) -> str:
    """Return the address of what is asked about someone's latest reply."""
    reply = Message.objects.filter(conversation__user=user, role=Role.ASSISTANT).order_by("-pk").first()
    if reply is None:
        return reverse("conversations:index")
    return reverse("conversations:give_feedback", args=[reply.conversation_id, reply.pk]) + "?thumb=down"


def unsubscribing(user: User | None) -> str:
    """Return the address in the letters to someone that stops them, signed in or not."""
    return reverse("privacy:unsubscribe", args=[unsubscribe_token(user)]) if user else reverse("home")


def of_the_update(name: str) -> Where:
    """Return a page of the admin about the update that the personas are asked about."""
    return lambda _user: reverse(f"admin:privacy_policyupdate_{name}", args=[asked_update().version])


def second_before(when: When) -> When:
    """Return the instant a second before another."""
    return lambda update: when(update) - SECOND


def deadline(update: PolicyUpdate) -> datetime:
    """Return the deadline."""
    return update.deadline
