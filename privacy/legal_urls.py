"""Addresses of the documents: the present ones, and each earlier version under its own."""

from django.urls import path, register_converter

from privacy import legal_views
from privacy.models import DocumentKind


class KindConverter:
    """One of the four documents."""

    regex = "|".join(DocumentKind.values)

    def to_python(self, value: str) -> DocumentKind:
        """Return the kind an address names."""
        return DocumentKind(value)

    def to_url(self, value: str) -> str:
        """Return how an address names a kind."""
        return DocumentKind(value).value


register_converter(KindConverter, "document_kind")
app_name = "legal"

urlpatterns = [
    path("<document_kind:kind>/", legal_views.document, name="document"),
    path("<document_kind:kind>/<slug:version>/", legal_views.document, name="earlier_document"),
]
