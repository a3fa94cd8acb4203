"""Where someone was going."""

from django.http import HttpRequest
from django.utils.http import url_has_allowed_host_and_scheme

# Django refuses to redirect to an address of more than 2,048 characters, and each may grow to nine in a query.
LONGEST = 200


def next_url_of(request: HttpRequest) -> str:
    """Return the address of this site that a request says to go on to, or an empty text.

    It is a path from the root: anything else would be taken for the name of a route, or be relative to the act.
    """
    url = request.POST.get("next") or request.GET.get("next") or ""
    if not url.startswith("/") or len(url) > LONGEST:
        return ""
    return url if url_has_allowed_host_and_scheme(url, {request.get_host()}, request.is_secure()) else ""
