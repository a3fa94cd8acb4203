"""Feedback, its readings, and purges, for staff to read. No page shows a conversation (rule G3).

What someone wrote of a reply, and the excerpt kept with it, is on a page of its own, for who may read it; each reading
is recorded before a word is shown.
"""

from typing import Any

from django.contrib import admin
from django.contrib.admin.options import ShowFacets
from django.core.exceptions import PermissionDenied
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST

from accounts.models import User
from accounts.staff_lists import StaffList, as_uuid, principal_by
from conversations.feedback import messages_of
from conversations.models import Feedback, FeedbackCopy, FeedbackReading, Purge


class Linked(admin.SimpleListFilter):
    """Whether a person still is linked to the copy."""

    title = _("linked to a person")
    parameter_name = "linked"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        """Return the choices."""
        return [("yes", _("Yes")), ("no", _("No"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[FeedbackCopy]) -> QuerySet[FeedbackCopy]:
        """Return what is chosen."""
        return queryset if self.value() is None else queryset.filter(feedback__isnull=self.value() == "no")


@admin.register(FeedbackCopy)
class FeedbackAdmin(StaffList):
    """Feedback: the thumb, the day, and whether its person can still see it. To whom it is linked is not shown."""

    list_display = ("id", "given_on", "thumb", "linked", "expires_at")
    list_filter = ("thumb", Linked)
    date_hierarchy = "given_on"
    ordering = ("-given_on", "-id")
    fields = ("id", "given_on", "thumb", "linked", "filter_version", "expires_at")
    search_fields = ("id",)
    search_help_text = _("The id of a copy.")
    change_form_template = "admin/conversations/feedback.html"
    csv_columns = ("id", "given_on", "thumb", "linked", "filter_version", "expires_at")

    def get_queryset(self, request: HttpRequest) -> QuerySet[FeedbackCopy]:
        """Return the copies without their texts."""
        links = Feedback.objects.filter(copy=OuterRef("pk"))
        found: QuerySet[FeedbackCopy] = super().get_queryset(request)
        return found.defer("comment", "excerpt").annotate(is_linked=Exists(links))

    def get_urls(self) -> list[URLPattern]:
        """Return the addresses, with that of reading."""
        read = self.admin_site.admin_view(require_POST(self.read_view))
        return [path("<uuid:copy>/read/", read, name="conversations_feedbackcopy_read"), *super().get_urls()]

    @admin.display(description=_("linked to a person"), boolean=True)
    def linked(self, copy: FeedbackCopy) -> bool:
        """Return whether its person can still see it."""
        return bool(getattr(copy, "is_linked", False))

    def found_by(self, term: str) -> Q | None:
        """Find a copy by its id."""
        return Q(pk=key) if (key := as_uuid(term)) else None

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Show a copy without its texts, and the button that reads them to who may."""
        readings = FeedbackReading.objects.filter(copy=key) if (key := as_uuid(object_id)) else None
        context = {"may_read": self._may_read(request), "readings": readings}
        return super().change_view(request, object_id, form_url, context | (extra_context or {}))

    def read_view(self, request: HttpRequest, copy: Any) -> HttpResponse:
        """Show the comment and the excerpt, once it is recorded who reads them."""
        if not self._may_read(request):
            raise PermissionDenied
        found = get_object_or_404(FeedbackCopy, pk=copy)
        assert isinstance(request.user, User)
        FeedbackReading.objects.create(copy=found.pk, actor=request.user.principal, at=timezone.now())
        context = {
            **self.admin_site.each_context(request),
            "title": _("Feedback"),
            "opts": self.opts,
            "copy": found,
            "excerpt": messages_of(found.excerpt),
        }
        return TemplateResponse(request, "admin/conversations/read_feedback.html", context)

    def _may_read(self, request: HttpRequest) -> bool:
        return request.user.has_perm("conversations.read_feedback")


@admin.register(FeedbackReading)
class FeedbackReadingAdmin(StaffList):
    """Who has read which feedback."""

    list_display = ("at", "copy", "actor")
    ordering = ("-id",)
    search_fields = ("actor",)
    search_help_text = _("The id of a copy, or an exact e-mail address of a member of staff, or their principal.")
    csv_columns = ("at", "copy", "actor")

    def found_by(self, term: str) -> Q | None:
        """Find the readings of a copy, or by someone."""
        principal = principal_by(term)
        return None if principal is None else Q(actor=principal) | Q(copy=principal)


@admin.register(Purge)
class PurgeAdmin(StaffList):
    """The reports of purges."""

    list_display = ("at", "started_at", "finished_at", "removed")
    list_filter = (("finished_at", admin.EmptyFieldListFilter),)
    date_hierarchy = "at"
    ordering = ("-id",)
    show_facets = ShowFacets.ALLOW
    fields = ("at", "started_at", "finished_at", "removed")
    csv_columns = ("id", "at", "started_at", "finished_at", "removed")

    @admin.display(description=_("removed"))
    def removed(self, purge: Purge) -> str:
        """Say what it removed."""
        return ", ".join(f"{name}: {count:,}" for name, count in purge.counts.items() if count) or "–"
