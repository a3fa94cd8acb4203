"""The lists of conversations, and what their owner does with one of them beside writing in it."""

import uuid
from collections.abc import Callable
from http import HTTPStatus

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from accounts import clock
from accounts.http import SignedInRequest
from accounts.models import User
from conversations import actions
from conversations.badge import name_runs
from conversations.forms import RenameForm, SearchForm, StartForm
from conversations.lists import page_of
from conversations.models import Conversation, ConversationKind, list_url
from privacy.drafts import draft_for, typed_again, writer_token
from privacy.http import AskedRequest
from privacy.standing import Prompt

OVERVIEWS = {
    ConversationKind.CHAT: "conversations:overview",
    ConversationKind.CODING_SESSION: "conversations:overview_coding",
}


@require_safe
def index(request: SignedInRequest, kind: ConversationKind) -> HttpResponse:
    """List someone's conversations of one kind, with a field to start another."""
    draft = draft_for(request.user, request.path, at=clock.now())
    return list_page(request, kind, StartForm(initial=typed_again(draft), user=request.user))


def list_page(
    request: SignedInRequest, kind: ConversationKind, form: StartForm, status: int = HTTPStatus.OK
) -> HttpResponse:
    """Return a list as it is asked for, with a form to start another conversation."""
    context = {"form": form, "writer": writer_token(request.user), "streams": True}
    # What htmx asked for in place of the form is the form again.
    template = "conversations/_start.html" if request.htmx else "conversations/index.html"
    return render(request, template, context | _listed(request, kind), status=status)


@require_safe
def overview(request: SignedInRequest, kind: ConversationKind) -> HttpResponse:
    """List the titles of someone's conversations, to be deleted or left: the list that is open at the gate."""
    context = {"titles_only": True} | _listed(request, kind) | {"address": reverse(OVERVIEWS[kind])}
    return render(request, "conversations/overview.html", context)


def _listed(request: SignedInRequest, kind: ConversationKind) -> dict[str, object]:
    """Return what a page needs to show a list: the part of it that was asked for."""
    query, at = SearchForm(request.GET).query(), clock.now()
    page = page_of(request.user, kind, at, before=request.GET.get("before", ""), query=query)
    return {
        "address": list_url(kind),
        "is_coding": kind is ConversationKind.CODING_SESSION,
        "conversations": page.conversations,
        "query": query,
        "is_first": not request.GET.get("before"),
        "earlier": urlencode({"before": page.earlier} | ({"q": query} if query else {})) if page.earlier else "",
        "undo": _undoable(request),
    }


def _undoable(request: SignedInRequest) -> Conversation | None:
    """Return the conversation whose deletion the address tells of, if it can still be undone."""
    try:
        key = uuid.UUID(request.GET.get("deleted", ""))
    except ValueError:
        return None
    return actions.undoable(request.user, at=clock.now()).filter(pk=key).first()


# One conversation


def judged(user: User, pk: uuid.UUID) -> Conversation | None:
    """Return a conversation of someone's own as it is now, judged for its badge; None if it is not there."""
    at = clock.now()
    found = list(Conversation.objects.for_user(user, at).with_reason(at).filter(pk=pk))
    name_runs(found)
    return found[0] if found else None


def own(request: SignedInRequest, pk: uuid.UUID) -> Conversation:
    """Return the same of whoever asks, or answer 404."""
    conversation = judged(request.user, pk)
    if conversation is None:
        raise Http404
    return conversation


@require_POST
def rename(request: SignedInRequest, pk: uuid.UUID) -> HttpResponse:
    """Give a conversation another title."""
    conversation = own(request, pk)
    form = RenameForm(request.POST)
    if not form.is_valid():
        context = {"conversation": conversation, "form": form}
        return render(request, "conversations/rename.html", context, status=HTTPStatus.UNPROCESSABLE_ENTITY)
    actions.rename_conversation(conversation, form.cleaned_data["title"])
    return redirect(conversation)


@require_POST
def exclude(request: SignedInRequest, pk: uuid.UUID) -> HttpResponse:
    """Keep a conversation out of training."""
    return _done(request, pk, actions.exclude_conversation, _("This conversation is excluded from training."))


@require_POST
def lift(request: SignedInRequest, pk: uuid.UUID) -> HttpResponse:
    """Let a conversation count again once it is resumed."""
    said = _("The exclusion is lifted. If you allow training, this conversation counts once you write in it again.")
    return _done(request, pk, actions.lift_exclusion, said)


def _done(request: SignedInRequest, pk: uuid.UUID, act: Callable[..., None], said: str) -> HttpResponse:
    conversation = own(request, pk)
    try:
        act(request.user, conversation, at=clock.now())
    except actions.Gone as gone:
        raise Http404 from gone
    messages.success(request, said)
    return redirect(conversation)


@require_POST
def delete(request: AskedRequest, pk: uuid.UUID) -> HttpResponse:
    """Delete a conversation, and go back to the list with a way to undo it."""
    # Deleted in another tab a moment ago is deleted too.
    conversation = get_object_or_404(Conversation, user=request.user, pk=pk)
    if conversation.deleted_at is None and judged(request.user, pk) is None:
        raise Http404
    actions.delete_conversation(request.user, conversation, at=clock.now())
    return redirect(f"{_list_for(request, conversation)}?{urlencode({'deleted': str(pk)})}")


@require_POST
def undo_delete(request: AskedRequest, pk: uuid.UUID) -> HttpResponse:
    """Bring a conversation back that was deleted a moment ago."""
    conversation = get_object_or_404(Conversation, user=request.user, pk=pk)
    try:
        actions.undo_deletion(request.user, conversation, at=clock.now())
    except actions.Gone:
        messages.error(request, _("It is too late to bring this conversation back."))
    else:
        messages.success(request, _("The conversation is back."))
    return redirect(_list_for(request, conversation))


def _list_for(request: AskedRequest, conversation: Conversation) -> str:
    """Return the list someone can go back to: at the gate it is the one that stays open."""
    kind = ConversationKind(conversation.kind)
    is_gated = request.standing is not None and request.standing.prompt is Prompt.GATE
    return reverse(OVERVIEWS[kind]) if is_gated else list_url(kind)
