"""One conversation: reading it, writing in it, and the reply as it comes."""

import re
import uuid
from collections.abc import Iterator
from http import HTTPStatus

from django.contrib import messages
from django.http import Http404, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.template.loader import render_to_string
from django.utils import timezone, translation
from django.views.decorators.http import require_POST, require_safe
from django_htmx.http import HttpResponseClientRedirect

from accounts import clock
from accounts.http import SignedInRequest, number_before
from conversations.actions import Gone, start_conversation, unanswered, write_message
from conversations.assistant import Assistant, NoReply, connected_assistant
from conversations.forms import MessageForm, RenameForm, StartForm
from conversations.models import Conversation, ConversationKind, Format, Message
from conversations.replies import answer_message, pieces_of_reply
from conversations.views import judged, list_page, own
from privacy.drafts import draft_for, drop_draft, is_private, typed_again, writer_token

LENGTH = 50


@require_safe
def chat(request: SignedInRequest, pk: uuid.UUID) -> HttpResponse:
    """Show one conversation, with a field to write in."""
    draft, conversation = draft_for(request.user, request.path, at=clock.now()), judged(request.user, pk)
    typed = typed_again(draft)
    if conversation is None and draft is None:
        raise Http404
    return _chat(request, conversation, MessageForm(initial=typed)) if conversation else _gone(request, pk, typed)


def _chat(
    request: SignedInRequest, conversation: Conversation, form: MessageForm, status: int = HTTPStatus.OK
) -> HttpResponse:
    found = conversation.messages.select_related("feedback").order_by("-pk")
    before = number_before(request)
    is_latest = before is None
    page = list((found if is_latest else found.filter(pk__lt=before))[: LENGTH + 1])
    shown = page[LENGTH - 1 :: -1]
    context = {
        **_composer(request, conversation, form),
        "streams": True,
        "shown": shown,
        "earlier": shown[0].pk if len(page) > LENGTH else "",
        "is_latest": is_latest,
        "awaits_reply": is_latest and unanswered(conversation) is not None,
        "asks_at_once": "reply" in request.GET,
        "rename_form": RenameForm(initial={"title": conversation.title}),
    }
    return render(request, "conversations/chat.html", context, status=status)


def _composer(request: SignedInRequest, conversation: Conversation, form: MessageForm) -> dict[str, object]:
    """Return what the field to write in needs."""
    is_coding = conversation.kind == ConversationKind.CODING_SESSION
    last = conversation.messages.order_by("-pk").values_list("pk", flat=True).first()
    return {
        "after": form["after"].value() or last or 0,
        "conversation": conversation,
        "form": form,
        "formats": Format.choices if is_coding else (),
        "writer": writer_token(request.user),
    }


@require_POST
def start(request: SignedInRequest, kind: ConversationKind) -> HttpResponse:
    """Start a conversation with what was typed."""
    form = StartForm(request.POST, user=request.user)
    if not form.is_valid():
        return list_page(request, kind, form, HTTPStatus.UNPROCESSABLE_ENTITY)
    typed = form.cleaned_data
    message = start_conversation(
        request.user,
        typed["text"],
        at=clock.now(),
        kind=kind,
        format=typed["format"],
        workspace=typed["workspace"] if kind is ConversationKind.CODING_SESSION else "",
        private=typed["private"],
        key=typed["key"],
    )
    drop_draft(request.user, typed["draft"])
    if request.htmx:
        # The reply streams into the page of the conversation, which asks for it.
        return HttpResponseClientRedirect(f"{message.conversation.get_absolute_url()}?reply")
    return _answered(request, message)


@require_POST
def write(request: SignedInRequest, pk: uuid.UUID) -> HttpResponseBase:
    """Write in one conversation."""
    form, conversation = MessageForm(request.POST), judged(request.user, pk)
    if conversation is None:
        return _gone(request, pk, _typed(request, form))
    if not form.is_valid():
        return _refused(request, conversation, form)
    typed = form.cleaned_data
    try:
        message = write_message(
            request.user,
            conversation,
            typed["text"],
            at=clock.now(),
            format=typed["format"],
            after=typed["after"],
        )
    except Gone:
        return _gone(request, pk, _typed(request, form))
    drop_draft(request.user, typed["draft"])
    return _streamed(request, message, is_new=True) if request.htmx else _answered(request, message)


def _typed(request: SignedInRequest, form: MessageForm) -> dict[str, object]:
    """Return what a form has brought, to be typed into another. A form for a private conversation says that it is."""
    return {"text": form["text"].value(), "draft": form["draft"].value(), "private": is_private(request)}


def _gone(request: SignedInRequest, pk: uuid.UUID, typed: dict[str, object]) -> HttpResponse:
    """Say that the conversation is not there, with what was written in it in the field for a new one."""
    messages.error(request, str(Gone.message))
    # A form of before a release that says so may still be open.
    was_private = Conversation.objects.filter(user=request.user, pk=pk, is_private=True).exists()
    form = StartForm(initial=typed | {"private": typed["private"] or was_private}, user=request.user)
    return list_page(request, ConversationKind.CHAT, form, HTTPStatus.NOT_FOUND)


def _refused(request: SignedInRequest, conversation: Conversation, form: MessageForm) -> HttpResponse:
    """Show what was typed once more, with what is wrong: in the page, or where the form stands in it."""
    if not request.htmx:
        return _chat(request, conversation, form, HTTPStatus.UNPROCESSABLE_ENTITY)
    context = _composer(request, conversation, form)
    return render(request, "conversations/_composer.html", context, status=HTTPStatus.UNPROCESSABLE_ENTITY)


@require_POST
def reply(request: SignedInRequest, pk: uuid.UUID) -> HttpResponseBase:
    """Ask for the reply that has not come."""
    conversation = own(request, pk)
    message = unanswered(conversation)
    if message is None:
        return HttpResponseClientRedirect(conversation.get_absolute_url()) if request.htmx else redirect(conversation)
    return _streamed(request, message, is_new=False) if request.htmx else _answered(request, message)


def _answered(request: SignedInRequest, message: Message) -> HttpResponse:
    try:
        answer_message(message, connected_assistant(), at=clock.now)
    except NoReply as problem:
        messages.error(request, str(problem.message))
    return redirect(message.conversation)


# The reply as it comes


def _streamed(request: SignedInRequest, message: Message, *, is_new: bool) -> StreamingHttpResponse:
    """Return the reply to a message as server-sent events, each a part of the page that htmx puts in its place."""
    # Connected here, where what is wrong with it still has a page of its own.
    assistant = connected_assistant()
    events = _as_in_the_request(_events(request, message, assistant, is_new=is_new))
    response = StreamingHttpResponse(events, content_type="text/event-stream")
    # Compression would hold the pieces back until there are enough of them; a proxy may do the same.
    response.headers["Content-Encoding"] = "identity"
    response.headers["X-Accel-Buffering"] = "no"
    return response


def _as_in_the_request(events: Iterator[str]) -> Iterator[str]:
    """Go on in the language, the time zone and at the clock of the request: its middleware has ended by then."""
    language, zone, moved_to = translation.get_language(), timezone.get_current_timezone(), clock.moved_to.get()

    def stream() -> Iterator[str]:
        before = clock.moved_to.set(moved_to)
        try:
            with translation.override(language), timezone.override(zone):
                yield from events
        finally:
            clock.moved_to.reset(before)

    return stream()


def _events(request: SignedInRequest, message: Message, assistant: Assistant, *, is_new: bool) -> Iterator[str]:
    conversation, written = judged(request.user, message.conversation_id), message if is_new else None
    if conversation is None:
        yield _event(request, "conversations/_reply_fails.html", problem=Gone.message, conversation=None)
        return
    yield _event(request, "conversations/_reply_begins.html", message=written, conversation=conversation)
    try:
        for piece in pieces_of_reply(message, assistant, at=clock.now):
            yield _event(request, "conversations/_reply_piece.html", piece=piece)
    except NoReply as problem:
        yield _event(request, "conversations/_reply_fails.html", problem=problem.message, conversation=conversation)
        return
    saved = Message.objects.filter(answers=message).first()
    if saved is None:
        yield _event(request, "conversations/_reply_fails.html", problem=Gone.message, conversation=None)
        return
    context = {"message": saved, "conversation": conversation, "takes_focus": not is_new}
    yield _event(request, "conversations/_reply_ends.html", **context)


def _event(request: SignedInRequest, template: str, **context: object) -> str:
    """Return one server-sent event with a part of the page."""
    html = render_to_string(template, context, request)
    # Each of the three ends a line of an event: what is left of one would begin a line of its own.
    return "".join(f"data: {line}\n" for line in re.split(r"\r\n?|\n", html)) + "\n"
