"""The roll-out page. There is no target on it, and nothing that sets anyone's choice (rule H1)."""

from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext_lazy as _

from accounts import clock
from privacy.admin.pictures import Page
from privacy.counting import count_due
from privacy.figures import announced_by, counted, material_updates, rollout_of
from privacy.models import PolicyUpdate, RolloutCell


@admin.register(RolloutCell)
class RolloutAdmin(admin.ModelAdmin):  # type: ignore[type-arg]  # Django's own is not generic while running
    """The page with the pictures: it stands where the list of cells would."""

    def get_urls(self) -> list[URLPattern]:
        """Return the one address there is."""
        return [path("", self.admin_site.admin_view(self.changelist_view), name="privacy_rolloutcell_changelist")]

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Return that nobody adds a figure."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Return that nobody changes a figure."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Return that nobody deletes a figure."""
        return False

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """Show the roll-out of the update that is named, or of the latest one announced."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        count_due()  # A small rest; the schedule counts the others.
        at, updates = clock.now(), material_updates()
        update = _chosen(request.GET.get("update", ""), updates, announced_by(at, updates))
        context = {
            **self.admin_site.each_context(request),
            "title": _("Roll-out"),
            "opts": self.opts,
            "updates": updates,
            "update": update,
            "counted": counted(at),
            "page": update and Page(rollout_of(update, at), _links(request, update)),
            **(extra_context or {}),
        }
        return TemplateResponse(request, "admin/privacy/rollout.html", context)


def _chosen(version: str, updates: list[PolicyUpdate], announced: tuple[PolicyUpdate, ...]) -> PolicyUpdate | None:
    """Return the update of a page: the one asked for, else the latest announced, else the latest published."""
    if version:
        update = next((update for update in updates if update.version == version), None)
        if update is None:
            raise Http404
        return update
    return next(iter([*announced, *updates]), None)


def _links(request: HttpRequest, update: PolicyUpdate) -> Callable[..., str]:
    """Return what gives the address of the people behind a number; empty for who may not see them."""
    if not request.user.has_perm("privacy.view_rolloutplace"):
        return lambda **_filters: ""
    address = reverse("admin:privacy_rolloutplace_changelist")

    def link(*, towards: bool = True, **filters: str) -> str:
        return f"{address}?{urlencode({**({'version': update.version} if towards else {}), **filters})}"

    return link
