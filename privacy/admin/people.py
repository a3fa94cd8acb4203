"""People and their state, for staff to read.

Nothing here sets a choice, and nothing lets anyone become the person (rule F3): address, password and authenticators
are not to be had. A superuser says who is staff, and in which groups.
"""

from typing import Any, ClassVar

from django.contrib import admin
from django.db.models import Model, Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy as _

from accounts import clock
from accounts.actions import lock_user
from accounts.leaving import shut_out
from accounts.models import User
from accounts.staff_lists import StaffList, as_uuid
from privacy.models import ConsentRecord, ConsentState
from privacy.standing import Prompt, Standing, standing_of

RECORDS_SHOWN = 50
NEVER_ANSWERED = _("never answered")
PROMPTS = {
    Prompt.NONE: _("Nothing is asked on the pages of the app."),
    Prompt.LINE: _("One quiet line in the header leads to the question."),
    Prompt.POP_UP: _("The pop-up asks."),
    Prompt.GATE: _("Gated: nothing else is possible before an answer."),
}


class Closed(admin.SimpleListFilter):
    """Whether the account was deleted."""

    title = _("account deleted")
    parameter_name = "closed"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        """Return the choices."""
        return [("no", _("No")), ("yes", _("Yes"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[User]) -> QuerySet[User]:
        """Return what is chosen."""
        return queryset if self.value() is None else queryset.filter(closed_at__isnull=self.value() == "no")


@admin.register(User)
class PersonAdmin(StaffList):
    """The people, and where each of them stands."""

    list_display = ("email", "plan", "language", "joined_at", "choice", "is_staff", "closed_at")
    list_filter = ("plan", "language", Closed, "is_staff", "is_persona")
    list_select_related = ("consent_state",)
    date_hierarchy = "joined_at"
    ordering = ("-id",)
    search_fields = ("email",)
    search_help_text = _("An exact e-mail address, a principal, or the id of a receipt.")
    change_form_template = "admin/privacy/person.html"
    csv_columns = ("principal", "email", "plan", "language", "joined_at", "choice", "closed_at", "is_persona")
    fieldsets: ClassVar[Any] = (
        (None, {"fields": ("email", "principal", "plan", "language", "time_zone", "is_persona")}),
        (_("Dates"), {"fields": ("created_at", "joined_at", "last_login", "closed_at", "erased_at")}),
        (_("Staff"), {"fields": ("is_active", "is_staff", "is_superuser", "groups")}),
    )
    # What a superuser may change; whoever else looks reads it.
    changeable = ("is_active", "is_staff", "groups")

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Return whether someone may say who is staff: superusers, of accounts that are there."""
        is_there = not isinstance(obj, User) or obj.closed_at is None
        return is_there and isinstance(request.user, User) and request.user.is_active and request.user.is_superuser

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        """Return every field but those."""
        fields = (name for _title, options in self.fieldsets for name in options["fields"])
        return [name for name in fields if name not in self.changeable]

    def formfield_for_dbfield(self, db_field: Any, request: Any, **kwargs: Any) -> Any:
        """Have the form carry what its page has shown: only what is different from that is a change."""
        field = super().formfield_for_dbfield(db_field, request, **kwargs)
        if field is not None:
            field.show_hidden_initial = db_field.name in {"is_active", "is_staff"}
        return field

    def save_model(self, request: HttpRequest, obj: User, form: Any, change: bool) -> None:  # noqa: FBT001 - as Django
        """Save what was changed here, and nothing that has changed elsewhere meanwhile.

        Who is switched off is signed out everywhere, and nothing of theirs is used: they can't refuse any more.
        """
        lock_user(obj)
        changed = {"is_active", "is_staff"}.intersection(form.changed_data)
        obj.save(update_fields=changed)
        if "is_active" in changed and not obj.is_active:
            shut_out(obj)

    def found_by(self, term: str) -> Q | None:
        """Find a person by address, principal or receipt."""
        if "@" in term:
            return Q(email=term.lower())
        key = as_uuid(term)
        if key is None:
            return None
        owner = ConsentRecord.objects.filter(receipt=key).values_list("principal", flat=True).first()
        return Q(principal=owner or key)

    @admin.display(description=_("training choice"))
    def choice(self, user: User) -> str:
        """Say what someone has chosen."""
        state = getattr(user, "consent_state", None)
        return str(state.get_training_display() if state is not None and state.training else NEVER_ANSWERED)

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Show a person with plans, standing, state and records."""
        user = self.get_object(request, object_id)
        context = about(user) if isinstance(user, User) else {}
        if isinstance(user, User) and request.user.has_perm("privacy.view_consentrecord"):
            context |= records_of(user)
        return super().change_view(request, object_id, form_url, context | (extra_context or {}))


def about(user: User) -> dict[str, Any]:
    """Return what the page of a person shows besides the account itself."""
    standing = standing_of(user, clock.now())
    return {
        "person": user,
        "plans": user.plan_changes.order_by("-at", "-pk"),
        "standing_lines": standing_lines(standing),
        "state": ConsentState.objects.filter(pk=user.pk).first(),
    }


def records_of(user: User) -> dict[str, Any]:
    """Return the latest evidence about a person, for who may see evidence."""
    records = list(ConsentRecord.objects.filter(principal=user.principal).order_by("-sequence")[: RECORDS_SHOWN + 1])
    return {
        "records": records[:RECORDS_SHOWN],
        "has_more_records": len(records) > RECORDS_SHOWN,
    }


def standing_lines(standing: Standing) -> list[Any]:
    """Return in words where someone stands towards the question now."""
    if standing.user.closed_at is not None:
        return [_("The account is deleted.")]
    if not standing.user.is_active:
        return [_("The account is switched off: nobody signs in to it, and nothing of it is used for training.")]
    if standing.update is None:
        return [_("No policy update asks anything.")]
    if not standing.is_asked:
        return [_("On a commercial plan: never asked, never gated.")]
    lines = [_("Answered.") if standing.has_answered else _("Not answered.")]
    lines.append(_("Terms accepted.") if standing.has_accepted_terms else _("Terms not accepted."))
    if standing.is_deferred and not standing.has_answered:
        lines.append(_("“Not now” still holds."))
    return [*lines, PROMPTS[standing.prompt]]
