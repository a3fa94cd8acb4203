"""What people will see of an update, made by the very templates and the `Question` they get, for nobody.

Nothing is recorded: the person is imaginary, and no token is issued. The browser is told to send no form and to make no
request from such a page.
"""

from datetime import timedelta
from typing import Any

from csp.constants import NONE
from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts import clock
from accounts.models import Plan, User
from privacy.asking import Asking, answered
from privacy.documents import differences_of, page_of, texts_of
from privacy.models import ConsentState, DocumentKind, PolicyUpdate, Surface
from privacy.question import question_for
from privacy.standing import Standing
from privacy.wording import written_date

TEMPLATES = "admin/privacy/policyupdate/preview"
# Where a question can stand, by its name in the address: the surface, and the template of its page.
PLACES = {
    "sign-up": (Surface.SIGN_UP, "question", gettext_lazy("Signing up")),
    "pop-up": (Surface.POP_UP, "pop_up", gettext_lazy("Pop-up")),
    "page": (Surface.POP_UP, "question", gettext_lazy("Pop-up, without JavaScript")),
    "gate": (Surface.GATE, "question", gettext_lazy("Gate")),
    "settings": (Surface.SETTINGS, "settings", gettext_lazy("Settings")),
}
THEMES = {"light": gettext_lazy("light"), "dark": gettext_lazy("dark")}
LANGUAGES = dict(settings.LANGUAGES)
BEFORE = timedelta(days=90)
# No form goes anywhere from a preview, and no script asks for anything.
POLICY = {"form-action": [NONE], "connect-src": [NONE]}


def imaginary_standing(update: PolicyUpdate, surface: Surface, language: str) -> Standing:
    """Return where someone would stand whom an update asks there: nobody, who has answered nothing."""
    is_new = surface is Surface.SIGN_UP
    joined_at = update.announced_at if is_new else update.announced_at - BEFORE
    user = User(email="someone@example.com", plan=Plan.FREE, joined_at=joined_at, language=language)
    at = update.deadline if surface is Surface.GATE else update.announced_at
    return Standing(user=user, state=ConsentState(user=user), update=update, answered=None, unsettled=(update,), at=at)


def question_page(request: HttpRequest, update: PolicyUpdate, place: str, language: str, theme: str) -> HttpResponse:
    """Return the page with the question, as it would be in a language and a theme. Raises Http404."""
    if place not in PLACES or not update.is_material:
        raise Http404
    surface, template, name = PLACES[place]
    note = f"{name} · {note_on(update)}"
    with translation.override(language):
        standing = imaginary_standing(update, surface, language)
        question = question_for(standing, surface)
        assert question is not None
        asking = Asking(question, "", None, "")
        context = {"standing": standing, "asking": asking, "answered": answered(standing, asking)}
        return _page(request, update, template, (language, theme), {**context, "user": standing.user, "note": note})


def document_page(
    request: HttpRequest, update: PolicyUpdate, kind: DocumentKind, language: str, theme: str
) -> HttpResponse:
    """Return the page of a document, as it would be. Raises Http404 if the update lacks it."""
    note = note_on(update)
    announced = PolicyUpdate.objects.announced(clock.now()).filter(announced_at__lt=update.announced_at)
    before = announced.exclude(pk=update.pk).first()
    with translation.override(language):
        texts = texts_of([update, *([before] if before else [])])
        shown = texts.get((update.version, kind.value))
        if shown is None:
            raise Http404
        context = {
            "kind": kind,
            "before": before,
            "is_present": True,
            "updates": [update],
            "page": page_of(shown),
            "differences": differences_of(texts, update, before) if kind is DocumentKind.CHANGES and before else [],
            "note": note,
        }
        return _page(request, update, "document", (language, theme), context)


def _page(
    request: HttpRequest, update: PolicyUpdate, template: str, look: tuple[str, str], context: dict[str, Any]
) -> HttpResponse:
    """Return a page of people's site with a line that says what it is."""
    language, theme = look
    common = {
        "update": update,
        "theme": theme,
        "pop_up": None,
        "messages": [],
        "next": "",
        "here": "/",
        "reader": request.user,
        "back_url": reverse("admin:privacy_policyupdate_previews", args=[update.version]),
    }
    html: str = render_to_string(f"{TEMPLATES}/{template}.html", common | context, request)
    for kind in DocumentKind:
        # The pages of a draft's documents are nowhere else yet.
        own = reverse("legal:earlier_document", args=[kind.value, update.version])
        previewed = reverse(
            "admin:privacy_policyupdate_preview_document", args=[update.version, kind.value, language, theme]
        )
        html = html.replace(f'href="{own}"', f'href="{previewed}"')
    response = HttpResponse(html)
    response.headers["Content-Language"] = language
    response._csp_replace = POLICY  # type: ignore[attr-defined]  # what django-csp's decorator sets
    return response


def note_on(update: PolicyUpdate) -> str:
    """Return how far an update is, in the active language."""
    at = clock.now()
    if update.published_at is None:
        return _("Preview of a draft: nobody sees this yet.")
    if at < update.announced_at:
        day = written_date(update.announced_at.date())
        return _("Preview: published, and shown to people from %(day)s on.") % {"day": day}
    return _("Preview of what people see.")
