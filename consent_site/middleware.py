"""Designed pages where Django would answer with an empty one."""

from collections.abc import Callable
from http import HTTPStatus

from django.http import HttpRequest, HttpResponse

from consent_site.views import bad_request, method_not_allowed


class ErrorPageMiddleware:
    """Gives a page, or a problem document, to errors that come without one: 405, a bare 400, another charset."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer the request."""
        if (request.content_params or {}).get("charset", "utf-8").lower() not in ("utf-8", "utf8"):
            return bad_request(request)  # Django would decode a multipart body with whatever codec is named.
        response = self.get_response(request)
        if response.streaming or response.content:
            return response
        if response.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
            page = method_not_allowed(request)
            page.headers["Allow"] = response.headers["Allow"]
            return page
        return bad_request(request) if response.status_code == HTTPStatus.BAD_REQUEST else response
