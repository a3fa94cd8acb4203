"""The question, the answer, "Not now", settings, and the evidence a person can see."""

import uuid
from http import HTTPStatus

from django.contrib import messages
from django.http import Http404, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from django.views.decorators.http import require_POST, require_safe
from django_htmx.http import HttpResponseClientRedirect

from accounts import clock
from accounts.http import number_before
from accounts.next_url import next_url_of
from privacy import actions
from privacy.asking import answered, ask
from privacy.drafts import draft_for
from privacy.forms import AnswerForm, DeferralForm
from privacy.http import AskedRequest, sends_gpc
from privacy.models import ConsentRecord, Surface
from privacy.receipts import as_json, receipt_for
from privacy.standing import Standing, standing_of
from privacy.tokens import FormToken

HISTORY_LENGTH = 50


@require_safe
def question(request: AskedRequest) -> HttpResponse:
    """Show the question as a page, in the state its person is in: to answer, answered, or not asked."""
    return _question(request, standing_of(request.user, clock.now()))


def _question(
    request: AskedRequest,
    standing: Standing,
    *,
    form: AnswerForm | None = None,
    not_done: actions.NotDone | None = None,
    status: int = HTTPStatus.OK,
) -> HttpResponse:
    next_url = next_url_of(request)
    if request.htmx and standing.gate:
        if not_done is not None:
            messages.warning(request, str(not_done.message))
        return HttpResponseClientRedirect(_with_next(reverse("privacy:question"), next_url))
    # In the dialog one answer is one answer: the terms, if they are left, are asked outside of it.
    is_done = bool(request.htmx) and standing.has_answered
    asking = None if is_done else ask(request, standing, standing.surface, form=form, next_url=next_url)
    context = {
        "standing": standing,
        "asking": asking,
        "answered": answered(standing, asking),
        "next": next_url,
        "keeps_draft": bool(standing.gate and draft_for(request.user, next_url, at=standing.at)),
        "here": _with_next(reverse("privacy:question"), next_url),
        "not_done": not_done,
        "pop_up": None,
    }
    template = "privacy/_pop_up_question.html" if request.htmx else "privacy/question.html"
    return render(request, template, context, status=status)


@require_POST
def answer(request: AskedRequest) -> HttpResponseBase:
    """Save an answer. Whatever keeps it from being saved is said where the question stood."""
    form, at = AnswerForm(request.POST, user=request.user), clock.now()
    if not form.is_valid():
        shown = form.cleaned_data.get("token")
        return _again(request, form, HTTPStatus.UNPROCESSABLE_ENTITY, None, shown.surface if shown else "")
    token: FormToken = form.cleaned_data["token"]
    try:
        receipt = actions.answer(
            request.user,
            token,
            terms=form.cleaned_data["terms"],
            training=form.cleaned_data["training"],
            gpc=sends_gpc(request),
            at=at,
        )
    except actions.ChoiceMissing as not_done:
        form.add_error("training", not_done.message)
    except actions.TermsMissing as not_done:
        form.add_error("terms", not_done.message)
    except actions.NotDone as not_done:
        return _again(request, None, HTTPStatus.CONFLICT, not_done, token.surface)
    else:
        return _saved(request, token, receipt)
    return _again(request, form, HTTPStatus.UNPROCESSABLE_ENTITY, None, token.surface)


def _again(
    request: AskedRequest,
    form: AnswerForm | None,
    status: HTTPStatus,
    not_done: actions.NotDone | None = None,
    surface: str = "",
) -> HttpResponse:
    """Show the question once more, as it stands now and with what was answered kept."""
    standing = standing_of(request.user, clock.now())
    if surface == Surface.SETTINGS:
        return _settings(request, standing, form=form, not_done=not_done, status=status)
    return _question(request, standing, form=form, not_done=not_done, status=status)


def _saved(request: AskedRequest, token: FormToken, receipt: uuid.UUID) -> HttpResponseBase:
    if token.surface == Surface.SETTINGS:
        return redirect(f"{reverse('privacy:settings')}?{urlencode({'saved': str(receipt)})}")
    if request.htmx:
        return _question(request, standing_of(request.user, clock.now()))
    response = redirect(_with_next(reverse("privacy:question"), next_url_of(request)))
    response.status_code = HTTPStatus.SEE_OTHER
    return response


@require_POST
def not_now(request: AskedRequest) -> HttpResponseBase:
    """Put the question off, and go on."""
    form, at = DeferralForm(request.POST, user=request.user), clock.now()
    if not form.is_valid():
        return _again(request, None, HTTPStatus.UNPROCESSABLE_ENTITY, actions.StaleForm())
    token, method = form.cleaned_data["token"], form.cleaned_data["method"]
    try:
        actions.defer(request.user, token, method=method, gpc=sends_gpc(request), at=at)
    except actions.NotDone as not_done:
        return _again(request, None, HTTPStatus.CONFLICT, not_done)
    if request.htmx:
        context = {"standing": standing_of(request.user, at), "pop_up": None}
        return render(request, "privacy/_header_line.html", context)
    response = redirect(next_url_of(request) or "conversations:index")
    response.status_code = HTTPStatus.SEE_OTHER
    return response


@require_safe
def settings(request: AskedRequest) -> HttpResponse:
    """Show someone's choice and what it means, and the question to change it."""
    return _settings(request, standing_of(request.user, clock.now()))


def _settings(
    request: AskedRequest,
    standing: Standing,
    *,
    form: AnswerForm | None = None,
    not_done: actions.NotDone | None = None,
    status: int = HTTPStatus.OK,
) -> HttpResponse:
    asking = ask(request, standing, Surface.SETTINGS, form=form)
    own = answered(standing, asking)
    context = {
        "standing": standing,
        "asking": asking,
        "answered": own,
        "here": reverse("privacy:settings"),
        "is_just_saved": bool(own.receipt) and request.GET.get("saved") == str(standing.state.last_receipt),
        "not_done": not_done,
    }
    return render(request, "privacy/settings.html", context, status=status)


@require_safe
def history(request: AskedRequest) -> HttpResponse:
    """List what is recorded about someone, the latest first."""
    records = ConsentRecord.objects.filter(principal=request.user.principal).order_by("-sequence")
    before = number_before(request)
    if before is not None:
        records = records.filter(sequence__lt=before)
    page = list(records[: HISTORY_LENGTH + 1])
    context = {"records": page[:HISTORY_LENGTH], "has_more": len(page) > HISTORY_LENGTH}
    return render(request, "privacy/history.html", context)


@require_safe
def receipt(request: AskedRequest, receipt: uuid.UUID) -> HttpResponse:
    """Show the receipt of one answer, to its person only."""
    found = receipt_for(request.user, receipt)
    if found is None:
        raise Http404
    return render(request, "privacy/receipt.html", {"receipt": found})


@require_safe
def receipt_json(request: AskedRequest, receipt: uuid.UUID) -> JsonResponse:
    """Give the same receipt as JSON."""
    found = receipt_for(request.user, receipt)
    if found is None:
        raise Http404
    address = request.build_absolute_uri(reverse("privacy:receipt", args=[receipt]))
    return JsonResponse(as_json(found, address), json_dumps_params={"ensure_ascii": False, "indent": 2})


def _with_next(address: str, next_url: str) -> str:
    return f"{address}?{urlencode({'next': next_url})}" if next_url else address
