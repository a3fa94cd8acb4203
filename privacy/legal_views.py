"""The documents, as anyone can read them."""

from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from accounts import clock
from privacy.documents import differences_of, page_of, texts_of
from privacy.models import DocumentKind, PolicyUpdate


@login_not_required
@require_safe
def document(request: HttpRequest, kind: DocumentKind, version: str = "") -> HttpResponse:
    """Show a document, the present one or that of an earlier version, in the language of the page."""
    updates = list(PolicyUpdate.objects.announced(clock.now()))
    index = _index_of(updates, version)
    update, before = updates[index], next(iter(updates[index + 1 :]), None)
    texts = texts_of([update, *([before] if before else [])])
    shown = texts.get((update.version, kind.value))
    if shown is None:
        raise Http404
    differences = differences_of(texts, update, before) if kind is DocumentKind.CHANGES and before else []
    context = {
        "kind": kind,
        "update": update,
        "before": before,
        "is_present": index == 0,
        "updates": updates,
        "page": page_of(shown),
        "differences": differences,
    }
    return render(request, "privacy/document.html", context)


def _index_of(updates: list[PolicyUpdate], version: str) -> int:
    """Return the place of a version among those announced, the present one's for none. Raises Http404."""
    for index, update in enumerate(updates):
        if version in ("", update.version):
            return index
    raise Http404
