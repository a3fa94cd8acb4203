"""The filters of the list of people behind the roll-out page: each is a set of cells, or of days."""

from collections.abc import Iterable
from typing import Any

from django.contrib import admin
from django.contrib.admin.options import IncorrectLookupParameters
from django.db.models import Exists, OuterRef, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from accounts import clock
from privacy.admin.days import Days
from privacy.admin.pictures import SPEED_NAMES
from privacy.figures import announced_by, material_updates, standing_in
from privacy.models import PolicyUpdate, RolloutCell, RolloutPlace, Training


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
