"""What of people's accounts staff do not get to see or change, and who of them has taken which list.

What they see of people is in `privacy.admin.people`.

allauth registers its own tables, and with them the secrets of second factors: whoever can add an address or an
authenticator to an account can become its person, and so answer for them (rule F3).
"""

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.contrib import admin
from django.contrib.admin.options import ShowFacets
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.models import ListDownload
from accounts.staff_lists import StaffList, principal_by

for model in (EmailAddress, Authenticator, UserSession):
    admin.site.unregister(model)


@admin.register(ListDownload)
class ListDownloadAdmin(StaffList):
    """Who has taken which list."""

    list_display = ("at", "list", "filters", "rows", "actor")
    list_filter = ("list",)
    ordering = ("-id",)
    show_facets = ShowFacets.ALLOW
    search_fields = ("actor",)
    search_help_text = _("An exact e-mail address of a member of staff, or their principal.")
    csv_columns = ("at", "ended_at", "list", "filters", "rows", "actor")

    def found_by(self, term: str) -> Q | None:
        """Find what someone has taken."""
        return Q(actor=principal) if (principal := principal_by(term)) else None
