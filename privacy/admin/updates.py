"""Policy updates in the admin: a draft, its previews, and what staff do with it (rules A2 and H1).

A draft is edited in the stock form. What is published is changed by the acts alone, each at an address of its own:
opening it says what the act would do, and only sending its form does it.
"""

from collections.abc import Callable
from http import HTTPStatus
from typing import Any

from django.contrib import admin
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path, reverse
from django.utils.functional import Promise
from django.utils.html import format_html_join
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts import clock
from privacy import publication
from privacy.admin.acts import ActViews
from privacy.admin.pages import state_of
from privacy.admin.preview_views import PreviewViews
from privacy.admin.previews import LANGUAGES
from privacy.admin.timeline import timeline_of
from privacy.admin.update_forms import (
    MODEL_FIELDS,
    TEXTS,
    DraftForm,
    known_placeholders,
)
from privacy.models import DocumentKind, PolicyDocument, PolicyUpdate

Fieldsets = list[tuple[str | Promise | None, dict[str, Any]]]

SETTINGS: Fieldsets = [
    (None, {"fields": ("version", "announced_at", "last_day", "is_material", "rollout_percentage")}),
    (
        gettext_lazy("What a choice does"),
        {"fields": ("allow_retention_years", "refuse_retention_days", "coverage_reading")},
    ),
    (
        gettext_lazy("“Not now”, and reminders"),
        {"fields": ("short_deferrals", "short_deferral_days", "long_deferral_days", "reminder_days")},
    ),
]


@admin.register(PolicyUpdate)
class PolicyUpdateAdmin(PreviewViews, ActViews, admin.ModelAdmin):  # type: ignore[type-arg]  # not generic at run time
    """The updates, the draft’s form, its previews, and the acts."""

    form = DraftForm
    list_display = ("version", "state", "announced_at", "last_day", "is_material", "rollout_percentage")
    show_full_result_count = False
    actions = None
    save_on_top = True

    # What the form shows

    @admin.display(description=gettext_lazy("state"))
    def state(self, update: PolicyUpdate) -> str:
        """Return how far an update is."""
        return state_of(update, clock.now())

    @admin.display(description=gettext_lazy("documents"))
    def texts(self, update: PolicyUpdate) -> str:
        """Return links to the documents as people read them."""
        order = list(TEXTS.values())
        documents = sorted(
            update.documents.all(), key=lambda text: order.index((DocumentKind(text.kind), text.language))
        )
        links = ((_preview_of(text), f"{text.get_kind_display()} · {LANGUAGES[text.language]}") for text in documents)
        return format_html_join("", '<p><a href="{}">{}</a></p>', links)

    def get_fieldsets(self, request: HttpRequest, obj: PolicyUpdate | None = None) -> Fieldsets:  # type: ignore[override]  # the stubs want their own types
        """Return the settings, and the documents: to write in a draft, to read once it is published."""
        if not self.has_change_permission(request, obj):
            return [*SETTINGS, (gettext_lazy("Documents"), {"fields": ("texts", "published_at")})]
        description = _("Placeholders are filled in from the update: %(known)s.") % {"known": known_placeholders()}
        documents = [
            (
                _("Documents: %(language)s") % {"language": name},
                {
                    "fields": [field for field, (_kind, its) in TEXTS.items() if its == language],
                    "description": description,
                },
            )
            for language, name in LANGUAGES.items()
        ]
        return [*SETTINGS[:-1], (SETTINGS[-1][0], {"fields": (*SETTINGS[-1][1]["fields"], "seen")}), *documents]

    def get_form(self, request: Any, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:  # noqa: FBT001, FBT002 - Django's signature
        """Return the form; its documents are no columns, so it adds them itself."""
        return super().get_form(request, obj, change=change, **{**kwargs, "fields": list(MODEL_FIELDS)})

    def get_readonly_fields(self, request: HttpRequest, obj: PolicyUpdate | None = None) -> tuple[str, ...]:
        """Return what is never typed: a version is a key, and stays."""
        return ("version", "texts", "published_at") if obj else ()

    def save_model(self, request: HttpRequest, obj: PolicyUpdate, form: Any, change: bool) -> None:  # noqa: FBT001 - Django's signature
        """Save a draft with its documents."""
        super().save_model(request, obj, form, change)
        form.save_documents(obj)

    # Who may do what

    def has_change_permission(self, request: HttpRequest, obj: PolicyUpdate | None = None) -> bool:
        """Return whether someone may edit: what is published stays as it is."""
        return super().has_change_permission(request, obj) and not (obj and obj.published_at)

    def has_delete_permission(self, request: HttpRequest, obj: PolicyUpdate | None = None) -> bool:
        """Return whether someone may delete: a draft, one at a time."""
        return bool(obj and not obj.published_at) and super().has_delete_permission(request, obj)

    # Editing, while others act

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> PolicyUpdate | None:
        """Return an update. One that is being saved or deleted is locked, so that nobody publishes it meanwhile."""
        found: PolicyUpdate | None = super().get_object(request, object_id, from_field)
        if found is None or request.method != "POST":
            return found
        return PolicyUpdate.objects.select_for_update(no_key=True).filter(pk=found.pk).first()

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Show an update with its timeline, and save a draft."""
        update = PolicyUpdate.objects.filter(pk=unquote(object_id)).first()
        if update is not None:
            extra_context = {
                **(extra_context or {}),
                "timeline": timeline_of(update),
                "may_act": publication.may_act(request.user),  # type: ignore[arg-type]  # staff are signed in
                "state": state_of(update, clock.now()),
                "title": f"{capfirst(str(self.opts.verbose_name))} {update}",
                "subtitle": None,
            }
        try:
            return super().change_view(request, object_id, form_url, extra_context)
        except PermissionDenied:
            if update is None or request.method != "POST":
                raise
            # Only once the row was locked was it certain that it is published.
            return self._too_late(request, update)

    def _too_late(self, request: HttpRequest, update: PolicyUpdate) -> HttpResponse:
        """Give back what someone wrote in a draft that was published meanwhile."""
        if not self.has_change_permission(request):
            raise PermissionDenied
        stored = {(text.kind, text.language): text.markdown for text in update.documents.all()}
        typed = {name: request.POST.get(name, "").replace("\r\n", "\n") for name in TEXTS}
        written = [
            (f"{kind.label} · {LANGUAGES[language]}", typed[name], language)
            for name, (kind, language) in TEXTS.items()
            if typed[name] and typed[name] != stored.get((kind.value, language))
        ]
        title, status = _("Nothing was saved"), HTTPStatus.CONFLICT
        return self.page(request, update, "too_late", title, context={"written": written}, status=status)

    # Addresses

    def get_urls(self) -> list[URLPattern]:
        """Return the stock addresses, the previews, and one for each act."""
        view = self.admin_site.admin_view
        own: dict[str, tuple[str, Callable[..., HttpResponse]]] = {
            "publish": ("<slug:version>/publish/", self.publish_view),
            "roll_out": ("<slug:version>/roll-out/", self.roll_out_view),
            "last_day": ("<slug:version>/last-day/", self.last_day_view),
            "previews": ("<slug:version>/preview/", self.previews_view),
            "preview": ("<slug:version>/preview/<slug:place>/<slug:language>/<slug:theme>/", self.preview_view),
            "preview_document": (
                "<slug:version>/preview/documents/<document_kind:kind>/<slug:language>/<slug:theme>/",
                self.preview_document_view,
            ),
        }
        paths = [path(route, view(shown), name=f"privacy_policyupdate_{name}") for name, (route, shown) in own.items()]
        return [*paths, *super().get_urls()]


def _preview_of(text: PolicyDocument) -> str:
    """Return the address at which a document can be read as people read it."""
    address = [text.update_id, text.kind, text.language, "light"]
    return reverse("admin:privacy_policyupdate_preview_document", args=address)
