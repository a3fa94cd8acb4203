"""The documents, as anyone can read them."""

from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import get_language
from django.views.decorators.http import require_safe

from accounts import clock
from privacy.documents import difference, filled_in, page_of
from privacy.models import DocumentKind, PolicyDocument, PolicyUpdate

# The documents whose wording is compared with the version before.
COMPARED = (DocumentKind.TERMS, DocumentKind.PRIVACY)


@login_not_required
@require_safe
def document(request: HttpRequest, kind: DocumentKind, version: str = "") -> HttpResponse:
    """Show a document, the present one or that of an earlier version, in the language of the page."""
    updates = list(PolicyUpdate.objects.announced(clock.now()))
    index = _index_of(updates, version)
    update, before = updates[index], next(iter(updates[index + 1 :]), None)
    texts = _texts([update, *([before] if before else [])])
    shown = texts.get((update.version, kind.value))
    if shown is None:
        raise Http404
    differences = _differences(texts, update, before) if kind is DocumentKind.CHANGES and before else []
    context = {
        "kind": kind,
        "update": update,
        "before": before,
        "is_present": index == 0,
        "updates": updates,
        "page": page_of(shown),
        "differences": differences,
        "kinds": list(DocumentKind),
    }
    return render(request, "privacy/document.html", context)


def _index_of(updates: list[PolicyUpdate], version: str) -> int:
    """Return the place of a version among those announced, the present one's for none. Raises Http404."""
    for index, update in enumerate(updates):
        if version in ("", update.version):
            return index
    raise Http404


def _texts(updates: list[PolicyUpdate]) -> dict[tuple[str, str], PolicyDocument]:
    found = PolicyDocument.objects.filter(update__in=updates, language=get_language()).select_related("update")
    return {(document.update_id, document.kind): document for document in found}


def _differences(
    texts: dict[tuple[str, str], PolicyDocument], update: PolicyUpdate, before: PolicyUpdate
) -> list[tuple[str, str]]:
    """Return what changed in each compared document: its name, and the difference as HTML."""
    found: list[tuple[str, str]] = []
    for kind in COMPARED:
        old, new = texts.get((before.version, kind.value)), texts.get((update.version, kind.value))
        if old and new:
            found.append((str(kind.label), difference(filled_in(old), filled_in(new))))
    return found
