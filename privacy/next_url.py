"""Where someone was going."""

from django.http import HttpRequest
from django.utils.http import url_has_allowed_host_and_scheme


def next_url_of(request: HttpRequest) -> str:
    """Return the address of this site that a request says to go on to, or an empty text."""
    url = request.POST.get("next") or request.GET.get("next") or ""
    return url if url_has_allowed_host_and_scheme(url, {request.get_host()}, request.is_secure()) else ""
