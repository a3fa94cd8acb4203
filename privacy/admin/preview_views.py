"""The previews of an update, each at an address of its own."""

from django.http import Http404, HttpResponse
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from accounts import clock
from accounts.http import SignedInRequest
from privacy.admin.pages import UpdatePages, state_of
from privacy.admin.previews import LANGUAGES, PLACES, THEMES, document_page, question_page
from privacy.models import DocumentKind


class PreviewViews(UpdatePages):
    """The list of previews, and each of them."""

    @method_decorator(require_safe)
    def previews_view(self, request: SignedInRequest, version: str) -> HttpResponse:
        """List what an update can be looked at as."""
        update = self.seen_by(request, version)
        looks = [
            (language, name, theme, label) for language, name in LANGUAGES.items() for theme, label in THEMES.items()
        ]
        there = set(update.documents.values_list("kind", "language"))
        context = {
            "looks": looks,
            "places": [(place, name) for place, (_surface, _template, name) in PLACES.items()],
            "documents": [(kind, [(look, (kind.value, look[0]) in there) for look in looks]) for kind in DocumentKind],
            "state": state_of(update, clock.now()),
        }
        return self.page(request, update, "previews", _("Preview"), context=context)

    @method_decorator(require_safe)
    def preview_view(
        self, request: SignedInRequest, version: str, place: str, language: str, theme: str
    ) -> HttpResponse:
        """Show the question as people would see it."""
        return question_page(request, self.seen_by(request, version), place, *_look(language, theme))

    @method_decorator(require_safe)
    def preview_document_view(
        self, request: SignedInRequest, version: str, kind: DocumentKind, language: str, theme: str
    ) -> HttpResponse:
        """Show a document as people would read it."""
        return document_page(request, self.seen_by(request, version), kind, *_look(language, theme))


def _look(language: str, theme: str) -> tuple[str, str]:
    """Return a language and a theme. Raises Http404 if there is no such."""
    if language not in LANGUAGES or theme not in THEMES:
        raise Http404
    return language, theme
