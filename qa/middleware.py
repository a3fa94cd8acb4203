"""The clock of one browser, and the bar that says who and when one is."""

from collections.abc import Callable

from django.contrib.auth import get_user
from django.http import HttpRequest, HttpResponse

from qa.bar import with_bar
from qa.browser import Browser
from qa.product_time import browser_time

GetResponse = Callable[[HttpRequest], HttpResponse]


class ClockMiddleware:
    """Moves what the rules call now, for this request, where a persona asks from a browser whose clock was moved.

    It stands right after the middleware that knows who asks, and before anything that looks. Who that is has to be
    known first, and what was loaded to know it says how things stand at the product's time: it is loaded again.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer the request at the instant it is for who asks."""
        browser = Browser.of(request)
        # Where no clock was moved, nobody is loaded for it.
        at = browser.clock_for(request.user) if browser.at else None
        if at is None:
            return self.get_response(request)
        with browser_time(at):
            request.user = get_user(request)
            return self.get_response(request)


class BarMiddleware:
    """Puts the bar on every page, so that no template has to know of it."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer the request; a part of a page, a file or a stream is left as it is."""
        response = self.get_response(request)
        is_html = response.headers.get("Content-Type", "").startswith("text/html")
        if is_html and not response.streaming and b"</body>" in response.content:
            response.content = with_bar(request, response.content)
        return response
