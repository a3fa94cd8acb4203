"""Requests as the middleware here hands them on, and what is recorded about them."""

from django.http import HttpRequest

from accounts.http import Request, SignedInRequest
from privacy.question import Question
from privacy.standing import Standing


class GatedRequest(Request):
    """A request that came through the gate, whoever makes it.

    `standing` is None for the settled and the signed-out. `question_shown` is the question that its page is the
    first to show, set while the page is made; `EvidenceMiddleware` records it once the page is there.
    """

    standing: Standing | None
    is_gated_route: bool
    question_shown: Question | None


class AskedRequest(GatedRequest, SignedInRequest):
    """A request of someone signed in, whose page may put the question."""


def sends_gpc(request: HttpRequest) -> bool:
    """Return whether the browser sends the Global Privacy Control signal, which is recorded and presets nothing."""
    return request.headers.get("Sec-GPC") == "1"
