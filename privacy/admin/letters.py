"""The letters about updates, for an auditor to read: to whom which one went, and when. None can be sent from here."""

from typing import Any

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from accounts.staff_lists import StaffList, principal_by
from privacy.admin.pages import NamesUpdate
from privacy.models import Letter


class Sent(admin.SimpleListFilter):
    """Whether the mail server has taken the letter."""

    title = _("known to have been sent")
    parameter_name = "sent"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        """Return the choices."""
        return [("yes", _("Yes")), ("no", _("No"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Letter]) -> QuerySet[Letter]:
        """Return what is chosen."""
        return queryset if self.value() is None else queryset.filter(sent_at__isnull=self.value() == "no")


@admin.register(Letter)
class LetterAdmin(NamesUpdate, StaffList):
    """Letters, the latest first, by the principal of who got them."""

    list_display = ("begun_at", "sent_at", "version", "occasion", "language", "principal", "problem")
    list_filter = (Sent, "update", "language")
    list_select_related = ("user",)
    date_hierarchy = "begun_at"
    ordering = ("-begun_at", "-id")
    fields = ("begun_at", "sent_at", "update", "occasion", "language", "principal", "problem")
    search_fields = ("user",)
    search_help_text = _("A principal, or an exact e-mail address.")
    csv_columns = ("begun_at", "sent_at", "version", "occasion", "language", "principal", "problem", "id")

    def found_by(self, term: str) -> Q | None:
        """Find the letters to a person."""
        return Q(user__principal=principal) if (principal := principal_by(term)) else None

    @admin.display(description=_("occasion"))
    def occasion(self, letter: Letter) -> str:
        """Say why it went out."""
        if letter.days is None:
            return str(_("the last day has moved"))
        return ngettext("%(days)s day before", "%(days)s days before", letter.days) % {"days": letter.days}

    @admin.display(description=_("principal"))
    def principal(self, letter: Letter) -> str:
        """Return to whom it went."""
        return str(letter.user.principal)
