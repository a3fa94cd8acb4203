"""What kind of answer a request can use, and the answer a program gets when something is in the way."""

from http import HTTPStatus
from typing import Any

from django.http import HttpRequest, JsonResponse


def prefers_json(request: HttpRequest) -> bool:
    """Return whether the client asked for JSON rather than a page, or itself sent JSON."""
    if request.content_type == "application/json":
        return True
    preferred = request.get_preferred_type(["text/html", "application/json", "application/problem+json"])
    return preferred is not None and preferred != "text/html"


def problem_document(status: HTTPStatus, code: str, title: str, **more: Any) -> JsonResponse:
    """Return a problem document (RFC 9457). `code` is stable, for programs; `title` is in the reader's language."""
    problem = {"type": "about:blank", "title": title, "status": status, "code": code, **more}
    return JsonResponse(problem, status=status, content_type="application/problem+json")
