"""The addresses of the site, and a view that does nothing."""

from django.http import HttpRequest, HttpResponse
from django.urls import include, path


def bare(_request: HttpRequest) -> HttpResponse:
    """Answer with two letters: what is measured is everything around the view."""
    return HttpResponse("ok")


urlpatterns = [
    path("bare/", bare, name="bare"),
    path("terms/", include("termsandconditions.urls")),
    path("", include("consent_site.urls")),
]
