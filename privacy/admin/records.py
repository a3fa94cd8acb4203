"""The evidence, for staff to read: consent records, and the texts people were shown."""

from typing import Any

from django.conf import settings
from django.contrib import admin
from django.contrib.admin.options import ShowFacets
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from accounts.staff_lists import StaffList, as_uuid, principal_by
from privacy.admin.pages import NamesUpdate
from privacy.models import ConsentRecord, Notice

COLUMNS = (
    *("recorded_at", "kind", "version", "surface", "language", "method", "previous_value", "new_value"),
    *("principal", "sequence", "receipt"),
)


class LanguageFilter(admin.SimpleListFilter):
    """The language of the notice. The stock filter would read every row to find which languages there are."""

    title = _("language")
    parameter_name = "language"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        """Return the languages of the site."""
        return list(settings.LANGUAGES)

    def queryset(self, request: HttpRequest, queryset: QuerySet[ConsentRecord]) -> QuerySet[ConsentRecord]:
        """Return the records in one of them."""
        return queryset if self.value() is None else queryset.filter(language=self.value())


@admin.register(ConsentRecord)
class ConsentRecordAdmin(NamesUpdate, StaffList):
    """Consent records, the latest first. What else is in a row stands on its page, and in the download."""

    list_display = ("recorded_at", "kind", "surface", "language", "method", "version", "principal", "receipt")
    list_filter = ("kind", "surface", "method", "gpc", LanguageFilter, "update")
    date_hierarchy = "recorded_at"
    ordering = ("-recorded_at", "-id")
    search_fields = ("principal",)
    search_help_text = _("A principal, an exact e-mail address, or the id of a receipt or of a record.")
    csv_columns = (
        *COLUMNS,
        *("occurred_at", "actor", "gpc", "notice_hash", "id", "previous_hash", "hash"),
    )

    @admin.display(description=_("notice"))
    def notice_hash(self, record: ConsentRecord) -> str:
        """Return the hash by which the text someone was shown is found."""
        return str(record.notice_id)

    def found_by(self, term: str) -> Q | None:
        """Find the records of a person, of an answer, or one by itself."""
        if "@" in term:
            return Q(principal=principal) if (principal := principal_by(term)) else None
        key = as_uuid(term)
        return None if key is None else Q(principal=key) | Q(receipt=key) | Q(pk=key)


@admin.register(Notice)
class NoticeAdmin(NamesUpdate, StaffList):
    """The exact texts people were shown, each once."""

    list_display = ("sha256", "version", "surface", "language")
    list_filter = ("surface", "language", "update")
    ordering = ("update_id", "surface", "language", "sha256")
    show_facets = ShowFacets.ALLOW
    search_fields = ("sha256",)
    search_help_text = _("A hash, whole.")

    def found_by(self, term: str) -> Q | None:
        """Find a text by its hash."""
        return Q(pk=term.lower())
