"""What is recorded about how a request came."""

from django.http import HttpRequest
from django.utils.translation import get_language

from privacy.actions import Circumstances


def circumstances_of(request: HttpRequest) -> Circumstances:
    """Return the language of the page, and whether the browser sends the Global Privacy Control signal."""
    return Circumstances(language=get_language() or "en", gpc=request.headers.get("Sec-GPC") == "1")
