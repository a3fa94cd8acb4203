"""The list of conversations, and one conversation."""

import uuid
from http import HTTPStatus

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from accounts import clock
from accounts.http import SignedInRequest
from conversations.actions import start_conversation, write_message
from conversations.assistant import NoReply, connected_assistant
from conversations.forms import MessageForm
from conversations.models import Conversation, Message
from conversations.replies import answer_message
from privacy.drafts import draft_for, drop_draft, writer_token

LIST_LENGTH = 50
CHAT_LENGTH = 100


@require_safe
def index(request: SignedInRequest) -> HttpResponse:
    """List someone's conversations, with a field to start another."""
    return _index(request, MessageForm(initial={"text": draft_for(request.user, request.path, at=clock.now())}))


def _index(request: SignedInRequest, form: MessageForm, status: int = HTTPStatus.OK) -> HttpResponse:
    context = {
        "form": form,
        "writer": writer_token(request.user),
        "conversations": Conversation.objects.for_user(request.user, clock.now())[:LIST_LENGTH],
    }
    return render(request, "conversations/index.html", context, status=status)


@require_safe
def overview(request: SignedInRequest) -> HttpResponse:
    """List the titles of someone's conversations and nothing else: the list that is open at the gate."""
    context = {"conversations": Conversation.objects.for_user(request.user, clock.now())[:LIST_LENGTH]}
    return render(request, "conversations/overview.html", context)


@require_POST
def start(request: SignedInRequest) -> HttpResponse:
    """Start a conversation with what was typed."""
    form = MessageForm(request.POST)
    if not form.is_valid():
        return _index(request, form, HTTPStatus.UNPROCESSABLE_ENTITY)
    message = start_conversation(request.user, form.cleaned_data["text"], at=clock.now())
    drop_draft(request.user, reverse("conversations:index"))
    return _answered(request, message)


@require_safe
def chat(request: SignedInRequest, pk: uuid.UUID) -> HttpResponse:
    """Show one conversation, with a field to write in."""
    conversation = get_object_or_404(Conversation.objects.for_user(request.user, clock.now()), pk=pk)
    return _chat(
        request, conversation, MessageForm(initial={"text": draft_for(request.user, request.path, at=clock.now())})
    )


def _chat(
    request: SignedInRequest, conversation: Conversation, form: MessageForm, status: int = HTTPStatus.OK
) -> HttpResponse:
    latest = list(conversation.messages.order_by("-pk")[:CHAT_LENGTH])
    context = {
        "form": form,
        "writer": writer_token(request.user),
        "conversation": conversation,
        "chat_messages": latest[::-1],
    }
    return render(request, "conversations/chat.html", context, status=status)


@require_POST
def write(request: SignedInRequest, pk: uuid.UUID) -> HttpResponse:
    """Write in one conversation."""
    conversation = get_object_or_404(Conversation.objects.for_user(request.user, clock.now()), pk=pk)
    form = MessageForm(request.POST)
    if not form.is_valid():
        return _chat(request, conversation, form, HTTPStatus.UNPROCESSABLE_ENTITY)
    message = write_message(request.user, conversation, form.cleaned_data["text"], at=clock.now())
    drop_draft(request.user, conversation.get_absolute_url())
    return _answered(request, message)


def _answered(request: SignedInRequest, message: Message) -> HttpResponse:
    try:
        answer_message(message, connected_assistant(), at=clock.now)
    except NoReply as problem:
        messages.error(request, str(problem.message))
    return redirect(message.conversation)
