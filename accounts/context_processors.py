"""What every template may say about the product."""

from django.conf import settings
from django.http import HttpRequest


def product(_request: HttpRequest) -> dict[str, object]:
    """Return the product's names and the languages it speaks."""
    return {
        "product_name": settings.PRODUCT_NAME,
        "coding_tool_name": settings.CODING_TOOL_NAME,
        "languages": settings.LANGUAGES,
    }
