"""The gate, which stops use from the deadline on and never traps (rules B4, B5 and B9).

Beside it: the evidence of what a page has shown, and what is kept for who was signed out while writing.
"""

from collections.abc import Callable
from datetime import UTC
from http import HTTPStatus
from typing import Any, cast

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.functional import SimpleLazyObject
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django_htmx.http import HttpResponseClientRedirect

from accounts import clock
from accounts.negotiation import prefers_json, problem_document
from privacy.actions import record_shown
from privacy.drafts import is_private, keep_draft, kept_text, page_address, page_of, writer_of
from privacy.exemptions import is_exempt
from privacy.http import GatedRequest, sends_gpc
from privacy.standing import Prompt, Standing, is_settled, standing_of

GetResponse = Callable[[HttpRequest], HttpResponse]


class GateMiddleware:
    """Lets through whoever is settled, signed out or not asked; sends the rest to the question.

    It also puts `request.standing` there for the pages of whoever is not settled.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: GatedRequest) -> HttpResponse:
        """Answer the request, with `request.standing` for whoever still has something to answer."""
        request.standing = None
        user = request.user
        if user.is_authenticated and not is_settled(user):
            request.standing = cast(Standing, SimpleLazyObject(lambda: standing_of(user, clock.now())))
        return self.get_response(request)

    def process_view(
        self, request: GatedRequest, _view: Any, _args: Any, kwargs: dict[str, Any]
    ) -> HttpResponseBase | None:
        """Refuse a gated route to a gated person, in the way each kind of request can follow."""
        match, standing = request.resolver_match, request.standing
        request.is_gated_route = match is not None and not is_exempt(match)
        if match is None or standing is None or not request.is_gated_route or standing.prompt is not Prompt.GATE:
            return None
        if prefers_json(request):
            return problem(request, standing)
        page = page_address(request)
        if text := kept_text(request):
            keep_draft(standing.user, page, text, private=is_private(request), at=clock.now())
        question_url = f"{reverse('privacy:question')}?{urlencode({'next': page})}"
        if request.htmx:
            return HttpResponseClientRedirect(question_url)
        response = redirect(question_url)
        response.status_code = HTTPStatus.SEE_OTHER
        return response


class EvidenceMiddleware:
    """Records that a question was shown, once the page with it has been made."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: GatedRequest) -> HttpResponse:
        """Answer the request, and keep evidence of a question its page was the first to show."""
        request.question_shown = None
        response = self.get_response(request)
        if request.method != "HEAD" and _has_a_page(response):
            _keep_evidence(request)
        return response


def _keep_evidence(request: GatedRequest) -> None:
    user, question = request.user, request.question_shown
    if question is not None and user.is_authenticated:
        record_shown(user, question, gpc=sends_gpc(request), at=clock.now())


def _has_a_page(response: HttpResponse) -> bool:
    """Return whether a person sees what was rendered. What answers a POST is seen too, and answered from."""
    is_redirect = HTTPStatus.MULTIPLE_CHOICES <= response.status_code < HTTPStatus.BAD_REQUEST
    failed = response.status_code >= HTTPStatus.INTERNAL_SERVER_ERROR
    return not is_redirect and not failed and "HX-Redirect" not in response.headers


class LostSessionMiddleware:
    """Keeps what someone was writing when they had been signed out meanwhile.

    It stands before the middleware that sends the signed-out away. The form names its writer by a signed token,
    so the text is given back to them alone.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer the request."""
        return self.get_response(request)

    def process_view(self, request: HttpRequest, _view: Any, _args: Any, kwargs: dict[str, Any]) -> None:
        """Keep the listed text field of a form that a signed-out browser sent."""
        match = request.resolver_match
        if match is None or request.user.is_authenticated:
            return
        text = kept_text(request)
        writer = writer_of(request.POST.get("writer", "")) if text else None
        if writer:
            keep_draft(writer, page_of(match, kwargs), text, private=is_private(request), at=clock.now())
            messages.info(
                request,
                _("You were signed out. What you were writing is kept: it is back in its place once you sign in."),
            )


def problem(request: HttpRequest, standing: Standing) -> JsonResponse:
    """Return the problem document (RFC 9457) a program gets at the gate."""
    update = standing.update
    assert update is not None
    return problem_document(
        HTTPStatus.FORBIDDEN,
        "consent_required",
        _("An answer is needed"),
        detail=_("The account’s owner has to answer a question about the updated terms. Retrying won’t help."),
        question_url=request.build_absolute_uri(reverse("privacy:question")),
        policy_update=update.version,
        deadline=(standing.missed or update).deadline.astimezone(UTC).isoformat(),
        retryable=False,
    )
