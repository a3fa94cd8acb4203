"""Giving feedback on a reply, seeing what was given, and deleting it."""

import uuid
from http import HTTPStatus
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts import clock
from accounts.http import SignedInRequest, number_before
from conversations.actions import Gone
from conversations.feedback import (
    AlreadyGiven,
    Changed,
    delete_feedback,
    feedback_of,
    give_feedback,
    messages_of,
    preview,
    reply_of,
)
from conversations.forms import FeedbackForm
from conversations.models import Conversation, Message
from conversations.recognisers import TooSlow
from conversations.views import own
from privacy.drafts import draft_for, drop_draft, typed_again, writer_token

LENGTH = 30


@require_http_methods(["GET", "HEAD", "POST"])
def give(request: SignedInRequest, pk: uuid.UUID, number: int) -> HttpResponse:
    """Say what one thinks of a reply: first what will be stored is shown, then it is."""
    rated = reply_of(own(request, pk), number)
    if rated is None:
        raise Http404
    if given := feedback_of(request.user).filter(message=rated).first():
        return redirect(given)
    if request.method != "POST":
        written = typed_again(draft_for(request.user, request.path, at=clock.now()), "comment")
        return _page(request, rated, FeedbackForm(initial={"thumb": request.GET.get("thumb", "")} | written))
    form = FeedbackForm(request.POST)
    if not form.is_valid():
        return _page(request, rated, form, status=HTTPStatus.UNPROCESSABLE_ENTITY)
    try:
        return _store(request, rated, form) if "token" in request.POST else _page(request, rated, form)
    except TooSlow as not_done:
        form.add_error("comment", not_done.message)
        return _page(request, rated, form, status=HTTPStatus.UNPROCESSABLE_ENTITY)


def _store(request: SignedInRequest, rated: Message, form: FeedbackForm) -> HttpResponse:
    thumb, comment, token = (form.cleaned_data[name] for name in ("thumb", "comment", "token"))
    try:
        given = give_feedback(request.user, rated, thumb, comment, token=token, at=clock.now())
    except Changed as not_done:
        return _page(request, rated, form, not_done=not_done, status=HTTPStatus.CONFLICT)
    except AlreadyGiven as not_done:
        return redirect(not_done.feedback)
    except Gone as gone:
        raise Http404 from gone
    drop_draft(request.user, form.cleaned_data["draft"])
    messages.success(request, _("Your feedback is saved. Thank you."))
    return redirect(given)


def _page(
    request: SignedInRequest,
    rated: Message,
    form: FeedbackForm,
    *,
    not_done: Changed | None = None,
    status: int = HTTPStatus.OK,
) -> HttpResponse:
    """Show the form, or, once it is filled in, what would be stored."""
    context: dict[str, Any] = {"form": form, "conversation": rated.conversation, "not_done": not_done}
    context["writer"] = writer_token(request.user)
    if not (form.is_bound and form.is_valid()):
        return render(request, "conversations/give_feedback.html", context, status=status)
    user, typed = request.user, form.cleaned_data
    shown = preview(user, rated, typed["thumb"], typed["comment"], at=clock.now())
    context |= {"shown": shown, "token": shown.token(user, rated), "excerpt": messages_of(shown.excerpt or [])}
    return render(request, "conversations/preview_feedback.html", context, status=status)


@require_safe
def index(request: SignedInRequest) -> HttpResponse:
    """List the feedback someone has given."""
    found, before = feedback_of(request.user), number_before(request)
    if before is not None:
        found = found.filter(pk__lt=before)
    page = list(found[: LENGTH + 1])
    context = {"feedback": page[:LENGTH], "earlier": page[LENGTH - 1].pk if len(page) > LENGTH else ""}
    return render(request, "conversations/feedback.html", context)


@require_safe
def given(request: SignedInRequest, number: int) -> HttpResponse:
    """Show feedback someone has given, as it is stored."""
    feedback = get_object_or_404(feedback_of(request.user), pk=number)
    there = Conversation.objects.for_user(request.user, clock.now())
    context = {
        "feedback": feedback,
        "conversation": there.filter(messages=feedback.message_id).first() if feedback.message_id else None,
        "excerpt": messages_of(feedback.copy.excerpt),
    }
    return render(request, "conversations/given_feedback.html", context)


@require_POST
def delete(request: SignedInRequest, number: int) -> HttpResponse:
    """Delete feedback one has given, with its copy."""
    delete_feedback(get_object_or_404(feedback_of(request.user), pk=number), at=clock.now())
    messages.success(request, _("Your feedback is deleted, the copy included."))
    return redirect("conversations:feedback")
