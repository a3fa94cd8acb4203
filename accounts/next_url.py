"""Where someone was going."""

from django.http import HttpRequest
from django.utils.http import url_has_allowed_host_and_scheme

# Django refuses to redirect to an address of more than 2,048 characters, and each may grow to nine in a query.
LONGEST = 200


def is_path(url: str) -> bool:
    """Return whether an address is a short, plain path from the root.

    Anything else would be taken for the name of a route, or be relative to the act that redirects; and what can't
    be printed is dropped by some browsers, which makes another address of it.
    """
    return url.startswith("/") and url.isprintable() and len(url) <= LONGEST


def next_url_of(request: HttpRequest) -> str:
    """Return the address of this site that a request says to go on to, or an empty text."""
    url = request.POST.get("next") or request.GET.get("next") or ""
    is_here = is_path(url) and url_has_allowed_host_and_scheme(url, {request.get_host()}, request.is_secure())
    return url if is_here else ""
