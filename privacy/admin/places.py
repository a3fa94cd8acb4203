"""The people behind each number of the roll-out page: a filter is a set of cells, or of days."""

from collections.abc import Iterable
from typing import Any

from django.contrib import admin
from django.contrib.admin.options import IncorrectLookupParameters
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.http import HttpRequest
from django.urls import URLPattern, reverse
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _

from accounts import clock
from accounts.models import CONSUMER_PLANS, Plan, User
from accounts.staff_lists import StaffList, principal_by
from privacy.admin.days import Days
from privacy.admin.pictures import SPEED_NAMES
from privacy.figures import announced_by, material_updates, standing_in
from privacy.models import PolicyUpdate, RolloutCell, RolloutPlace, Surface, Training

YES_OR_NO = [("1", _("Yes")), ("0", _("No"))]


def cells_where(**dimensions: Any) -> list[int]:
    """Return the cells that have something in common and somebody in them: a few hundred at most."""
    return list(RolloutCell.objects.filter(people__gt=0, **dimensions).values_list("pk", flat=True))


class CellFilter(admin.SimpleListFilter):
    """A filter by what a cell tells apart: it is looked up among the cells, and the people by an index of theirs."""

    values: Iterable[tuple[str, Any]] = ()
    conditions: dict[str, dict[str, Any]]

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        """Return the choices."""
        return list(self.values)

    def queryset(self, request: HttpRequest, queryset: QuerySet[RolloutPlace]) -> QuerySet[RolloutPlace]:
        """Return who is in a cell that is chosen."""
        if self.value() is None:
            return queryset
        return queryset.filter(cell__in=cells_where(**self.conditions[str(self.value())]))


class VersionFilter(admin.SimpleListFilter):
    """Towards which update people are looked at; towards none, it is everyone in scope."""

    title = _("policy update")
    parameter_name = "version"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Return the updates that ask."""
        return [(update.version, update.version) for update in material_updates()]

    def queryset(self, request: HttpRequest, queryset: QuerySet[RolloutPlace]) -> QuerySet[RolloutPlace]:
        """Return those people's places."""
        version = self.value() or ""
        return queryset.filter(version=version, cell__in=cells_where(version=version))


class StandingFilter(admin.SimpleListFilter):
    """How people stand now towards the update that is asked. It is for everyone in scope."""

    title = _("standing now")
    parameter_name = "standing"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        """Return the choices."""
        return [
            ("undecided", _("undecided")),
            ("not_shown", _("not shown the question")),
            ("sign_up", _("at the second step of signing up")),
            ("gate", _("at the gate")),
            ("gated", _("gated")),
            ("deadline", _("would be gated at the deadline")),
        ]

    def queryset(self, request: HttpRequest, queryset: QuerySet[RolloutPlace]) -> QuerySet[RolloutPlace]:
        """Return who stands like that."""
        if self.value() is None:
            return queryset
        at, updates = clock.now(), material_updates()
        asked = next(iter(announced_by(at, updates)), None)
        if asked is None:
            return queryset.none()
        cells = RolloutCell.objects.filter(version="", people__gt=0)
        return queryset.filter(cell__in=[cell.pk for cell in cells if self._is(cell, asked, updates, at)])

    def _is(self, cell: RolloutCell, asked: PolicyUpdate, updates: list[PolicyUpdate], at: Any) -> bool:
        value = self.value()
        if value == "undecided":
            return cell.answered_version != asked.version
        if value == "not_shown":
            return cell.last_shown != asked.version
        gate = standing_in(cell, updates, max(at, asked.deadline) if value == "deadline" else at).gate
        return gate is not None and value in {"gated", "deadline", gate.value}


class NoAnswerFilter(admin.SimpleListFilter):
    """Who in scope has not answered an update, asked now or not. It is for everyone in scope."""

    title = _("has not answered")
    parameter_name = "no_answer"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Return the updates that ask."""
        return [(update.version, update.version) for update in material_updates()]

    def queryset(self, request: HttpRequest, queryset: QuerySet[RolloutPlace]) -> QuerySet[RolloutPlace]:
        """Return who has given no answer to it: whose last answer is another one may have given an earlier one."""
        if self.value() is None:
            return queryset
        version = str(self.value())
        others = RolloutCell.objects.filter(people__gt=0, version="").exclude(answered_version=version)
        answered = cells_where(version=version, answer__in=Training.values)
        answers = RolloutPlace.objects.filter(user=OuterRef("user"), version=version, cell__in=answered)
        return queryset.filter(~Exists(answers), cell__in=list(others.values_list("pk", flat=True)))


class DayFilter(admin.SimpleListFilter):
    """The day of the first answer, by UTC, or some days. The page's pictures link to it; there are too many to list."""

    title = _("first answered on")
    parameter_name = "day"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Return the days that are chosen."""
        day = request.GET.get("day", "")
        return [(day, day)] if day else []

    def queryset(self, request: HttpRequest, queryset: QuerySet[RolloutPlace]) -> QuerySet[RolloutPlace]:
        """Return who first answered on those days."""
        if self.value() is None:
            return queryset
        try:
            days = Days.spelled(str(self.value()))
        except ValueError:
            raise IncorrectLookupParameters from None
        if days.first == days.last:
            # An index has the people of one day in the order of the list, however many they are.
            return queryset.filter(answered_on=days.first)
        found = queryset.filter(answered_on__gte=days.first)
        return found if days.last is None else found.filter(answered_on__lte=days.last)


class SpeedFilter(admin.SimpleListFilter):
    """How long it took to answer."""

    title = _("time to answer")
    parameter_name = "speed"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        """Return the buckets."""
        return [(str(number), name) for number, name in enumerate(SPEED_NAMES)]

    def queryset(self, request: HttpRequest, queryset: QuerySet[RolloutPlace]) -> QuerySet[RolloutPlace]:
        """Return who took so long."""
        if self.value() is None:
            return queryset
        return queryset.filter(speed=self.value())


class DeferredFilter(admin.SimpleListFilter):
    """Whether "Not now" still holds."""

    title = _("“Not now” holds")
    parameter_name = "deferred"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        """Return the one choice."""
        return [("now", _("now"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[RolloutPlace]) -> QuerySet[RolloutPlace]:
        """Return who is inside a deferral."""
        return queryset if self.value() is None else queryset.filter(deferred_until__gt=clock.now())


def cell_filter(
    name: str, title: Any, choices: Iterable[tuple[str, Any]], dimension: str = "", **condition: Any
) -> type[CellFilter]:
    """Return the filter by one dimension of a cell, or with one choice by a condition of its own."""
    values = list(choices)
    conditions = {value: condition or {dimension or name: value} for value, _name in values}
    fields = {"parameter_name": name, "title": title, "values": values, "conditions": conditions}
    return type(f"{name.title()}Filter", (CellFilter,), fields)


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
