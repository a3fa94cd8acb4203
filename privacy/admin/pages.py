"""What the pages of a policy update in the admin have in common."""

from datetime import datetime
from http import HTTPStatus
from typing import Any

from django.contrib import admin, messages
from django.contrib.admin import AdminSite
from django.contrib.admin.utils import quote
from django.core.exceptions import PermissionDenied
from django.db.models.options import Options
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.http import SignedInRequest
from privacy import publication
from privacy.models import PolicyUpdate

FOLDER = "admin/privacy/policyupdate"


def address_of(update: PolicyUpdate) -> str:
    """Return where an update stands in the admin."""
    return reverse("admin:privacy_policyupdate_change", args=[quote(update.pk)])


def state_of(update: PolicyUpdate, at: datetime) -> str:
    """Return how far an update is at an instant, in the active language."""
    if update.published_at is None:
        return _("draft")
    if at < update.announced_at:
        return _("published, not announced yet")
    if not update.is_material:
        return _("announced, asks nothing")
    return _("asking") if at < update.deadline else _("past its deadline")


class NamesUpdate:
    """Has the column `version`: the policy update of a row, by its key, so that no other row is read for it."""

    @admin.display(description=gettext_lazy("policy update"))
    def version(self, row: Any) -> str:
        """Return the version of the update of a row."""
        return str(row.update_id)


class UpdatePages:
    """Finds an update for who may see it or act on it, and makes a page about it. Goes with a `ModelAdmin`."""

    admin_site: AdminSite
    opts: "Options[PolicyUpdate]"

    def has_view_permission(self, request: HttpRequest, obj: PolicyUpdate | None = None) -> bool:
        """Return whether someone may see updates: the `ModelAdmin` says."""
        return bool(super().has_view_permission(request, obj))  # type: ignore[misc]  # it comes after this one

    def seen_by(self, request: SignedInRequest, version: str) -> PolicyUpdate:
        """Return an update to who may see it."""
        update = get_object_or_404(PolicyUpdate, pk=version)
        if not self.has_view_permission(request, update):
            raise PermissionDenied
        return update

    def acted_on_by(self, request: SignedInRequest, version: str) -> PolicyUpdate:
        """Return an update to who may act on it."""
        publication.check_actor(request.user)
        return get_object_or_404(PolicyUpdate, pk=version)

    def refused(self, request: HttpRequest, update: PolicyUpdate, message: str) -> HttpResponse:
        """Lead back to an update, and say why nothing was done."""
        messages.error(request, message)
        return redirect(address_of(update))

    def page(
        self,
        request: HttpRequest,
        update: PolicyUpdate,
        name: str,
        title: str,
        *,
        context: dict[str, Any],
        status: int = HTTPStatus.OK,
    ) -> HttpResponse:
        """Return a page about an update."""
        common = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": title,
            "update": update,
            "update_url": address_of(update),
        }
        request.current_app = self.admin_site.name
        return TemplateResponse(request, f"{FOLDER}/{name}.html", common | context, status=status)
