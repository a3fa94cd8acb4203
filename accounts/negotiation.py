"""What kind of answer a request can use."""

from django.http import HttpRequest


def prefers_json(request: HttpRequest) -> bool:
    """Return whether the client asked for JSON rather than a page, or itself sent JSON."""
    if request.content_type == "application/json":
        return True
    preferred = request.get_preferred_type(["text/html", "application/json", "application/problem+json"])
    return preferred is not None and preferred != "text/html"
