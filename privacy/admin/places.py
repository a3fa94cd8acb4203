"""The people behind each number of the roll-out page."""

from django.contrib import admin
from django.db.models import Q
from django.http import HttpRequest
from django.urls import URLPattern, reverse
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _

from accounts.models import CONSUMER_PLANS, Plan, User
from accounts.staff_lists import StaffList, principal_by
from privacy.admin.place_filters import (
    DayFilter,
    DeferredFilter,
    NoAnswerFilter,
    SpeedFilter,
    StandingFilter,
    VersionFilter,
    cell_filter,
)
from privacy.models import RolloutCell, RolloutPlace, Surface, Training

YES_OR_NO = [("1", _("Yes")), ("0", _("No"))]


@admin.register(RolloutPlace)
class RolloutPlaceAdmin(StaffList):
    """The people in scope, as they have been counted; a number of the roll-out page leads to the filter behind it."""

    list_display = (
        *("person", "plan", "language", "update", "shown", "deferrals", "answer"),
        *("answered_on", "surface", "deferred_until"),
    )
    list_display_links = None
    list_select_related = ("user", "cell")
    list_filter = (
        VersionFilter,
        StandingFilter,
        cell_filter("plan", _("plan"), [(plan.value, plan.label) for plan in Plan if plan in CONSUMER_PLANS]),
        cell_filter("language", _("language"), User._meta.get_field("language").choices or ()),
        cell_filter("shown", _("shown"), YES_OR_NO, "is_shown"),
        cell_filter(
            "deferrals",
            _("times put off"),
            [*((str(times), str(times)) for times in range(RolloutCell.MOST_DEFERRALS)), ("4", _("4 or more"))],
        ),
        cell_filter("put_off", _("ever put off"), [("1", _("Yes"))], deferrals__gt=0),
        cell_filter("answered", _("answered"), [("1", _("Yes"))], answer__in=Training.values),
        cell_filter("answer", _("answer"), Training.choices),
        cell_filter("first_answer", _("first answer"), Training.choices),
        cell_filter("surface", _("surface of the first answer"), Surface.choices),
        cell_filter("changed", _("mind changed"), YES_OR_NO, "has_changed"),
        DayFilter,
        SpeedFilter,
        DeferredFilter,
        NoAnswerFilter,
    )
    search_fields = ("user",)
    search_help_text = _("An exact e-mail address or a principal.")
    csv_columns = (
        *("principal", "plan", "language", "update", "shown", "deferrals", "first_answer", "surface", "answer"),
        *("changed", "answered_on", "deferred_until"),
    )

    def get_urls(self) -> list[URLPattern]:
        """Return the addresses, without pages of single rows: a person has one of their own."""
        return [pattern for pattern in super().get_urls() if str(pattern.pattern) in {"", "csv/"}]

    def get_ordering(self, request: HttpRequest) -> tuple[str, ...]:
        """Return the order that the index has by which the present filters find people."""
        if "day" in request.GET:
            return ("version", "answered_on", "user_id")
        if "speed" in request.GET:
            return ("version", "speed", "user_id")
        return (
            ("deferred_until", "version", "user_id") if "deferred" in request.GET else ("cell_id", "user_id", "version")
        )

    def found_by(self, term: str) -> Q | None:
        """Find one person."""
        return Q(user__principal=principal) if (principal := principal_by(term)) else None

    @admin.display(description=_("person"))
    def person(self, place: RolloutPlace) -> str:
        """Link to the person."""
        return format_html(
            '<a href="{}">{}</a>', reverse("admin:accounts_user_change", args=[place.user_id]), place.user
        )

    @admin.display(description=_("principal"))
    def principal(self, place: RolloutPlace) -> str:
        """Return the person's principal."""
        return str(place.user.principal)

    @admin.display(description=_("plan"))
    def plan(self, place: RolloutPlace) -> str:
        """Return the plan counted."""
        return place.cell.get_plan_display()

    @admin.display(description=_("language"))
    def language(self, place: RolloutPlace) -> str:
        """Return the language counted."""
        return place.cell.get_language_display()

    @admin.display(description=_("policy update"))
    def update(self, place: RolloutPlace) -> str:
        """Return the update this is towards; for everyone in scope, the last one answered."""
        return place.version or place.cell.answered_version

    @admin.display(description=_("shown"), boolean=True)
    def shown(self, place: RolloutPlace) -> bool:
        """Return whether the question was shown; for everyone in scope, whether any was."""
        return place.cell.is_shown or bool(place.cell.last_shown)

    @admin.display(description=_("times put off"))
    def deferrals(self, place: RolloutPlace) -> str:
        """Return how often they said "Not now"."""
        most = RolloutCell.MOST_DEFERRALS
        return str(place.cell.deferrals) if place.cell.deferrals < most else f"≥ {most}"

    @admin.display(description=_("answer"))
    def answer(self, place: RolloutPlace) -> str:
        """Return the present answer."""
        return place.cell.get_answer_display()

    @admin.display(description=_("first answer"))
    def first_answer(self, place: RolloutPlace) -> str:
        """Return the first answer."""
        return place.cell.get_first_answer_display()

    @admin.display(description=_("surface of the first answer"))
    def surface(self, place: RolloutPlace) -> str:
        """Return on which surface it was given."""
        return place.cell.get_surface_display()

    @admin.display(description=_("mind changed"))
    def changed(self, place: RolloutPlace) -> str:
        """Return whether they have changed their mind."""
        return str(_("Yes") if place.cell.has_changed else _("No"))
