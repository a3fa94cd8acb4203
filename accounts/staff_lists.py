"""The lists that staff read in the admin: cheap at ten million rows, changing nothing, to be had as CSV.

No list is counted to its end, sorted by what has no index, or searched by a part of a text.
"""

import uuid
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.options import IncorrectLookupParameters, ShowFacets
from django.contrib.admin.utils import label_for_field
from django.contrib.admin.views.main import ERROR_FLAG, ChangeList
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db.models import Model, Q, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect, StreamingHttpResponse
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.functional import cached_property
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from accounts.list_files import filters_in, lines_of
from accounts.models import ListDownload, User

# How many rows pages go on for. Who looks for more narrows the list down, or downloads it.
MOST_ROWS = 2000


class BoundedPaginator(Paginator):  # type: ignore[type-arg]  # Django's own is not generic while running
    """Pages through the first `MOST_ROWS` rows, and counts no further than to see whether there are more."""

    @cached_property
    def count(self) -> int:
        """Return how many rows there are, at most `MOST_ROWS`."""
        return min(self._found, MOST_ROWS)

    @property
    def is_cut_short(self) -> bool:
        """Return whether there are more rows than pages go on for."""
        return self._found > MOST_ROWS

    @cached_property
    def _found(self) -> int:
        rows: QuerySet[Any] = self.object_list  # type: ignore[assignment]  # what a change list pages through
        return rows[: MOST_ROWS + 1].count()


class ListedRows(QuerySet[Any]):
    """Rows of a list whose date hierarchy jumps from date to date by an index rather than reading every row."""

    def datetimes(self, field_name: str, kind: str, *_args: Any, **_options: Any) -> Any:
        """Return the first instant of each year, month or day that has rows."""
        return list(self._jumps(field_name, kind, _midnight))

    def dates(self, field_name: str, kind: str, *_args: Any, **_options: Any) -> Any:
        """Return the first day of each year, month or day that has rows."""
        return list(self._jumps(field_name, kind, lambda day: day))

    def _jumps(self, name: str, kind: str, day_of: Callable[[Any], Any]) -> Iterator[Any]:
        dated = self.filter(**{f"{name}__isnull": False}).order_by(name).values_list(name, flat=True)
        found = dated.first()
        while found is not None:
            start, end = _unit(day_of(found), kind)
            yield start
            found = dated.filter(**{f"{name}__gte": end}).first()


def _midnight(at: datetime) -> datetime:
    return timezone.localtime(at).replace(hour=0, minute=0, second=0, microsecond=0)


def _unit(day: Any, kind: str) -> tuple[Any, Any]:
    """Return the first day of the year, month or day that a day is in, and that of the next one."""
    if kind == "day":
        return day, day + timedelta(days=1)
    start = day.replace(day=1) if kind == "month" else day.replace(month=1, day=1)
    return start, (start + timedelta(days=32 if kind == "month" else 366)).replace(day=1)


class OfferedFilters(ChangeList):
    """A list that filters by what it offers, in its own order, whatever else its address says.

    The stock one takes every column of the table: its rows would tell, letter by letter, what no page shows, a
    password's hash or the text of feedback, and sorting ten million of them is a way to stop the site.
    """

    def get_filters(self, request: HttpRequest) -> Any:
        """Return the filters; whatever none of them has taken, the date hierarchy aside, is one too many."""
        if any("\0" in value for values in request.GET.lists() for value in (values[0], *values[1])):
            raise IncorrectLookupParameters
        try:
            found = super().get_filters(request)
        except (OverflowError, ValueError) as error:  # a year that no calendar has
            raise IncorrectLookupParameters from error
        if found[2].keys() - {f"{self.date_hierarchy}__gte", f"{self.date_hierarchy}__lt"}:
            raise IncorrectLookupParameters
        chosen = [own for own in found[0] if isinstance(own, admin.SimpleListFilter) and own.value() is not None]
        if any(own.value() not in {str(value) for value, _name in own.lookup_choices} for own in chosen):
            raise IncorrectLookupParameters
        return found

    def get_ordering(self, request: HttpRequest, queryset: QuerySet[Any]) -> list[Any]:
        """Return the order that an index has."""
        return list(self.model_admin.get_ordering(request))


class StaffList(admin.ModelAdmin):  # type: ignore[type-arg]  # as above
    """A list of rows that nobody adds, changes or deletes here.

    `ordering` tells every two rows apart. `csv_columns` name what a download has of a row. `found_by` says which rows
    a search term is about: an exact address, an id; None if it is about none.
    """

    change_list_template = "admin/staff_list.html"
    change_form_template = "admin/staff_row.html"
    # What is there for its person is no page for staff: to them it is nothing (rule G3).
    view_on_site = False
    paginator = BoundedPaginator
    show_full_result_count = False
    show_facets = ShowFacets.NEVER
    list_per_page = 100
    list_max_show_all = 0
    sortable_by = ()
    actions = None
    csv_columns: tuple[str, ...] = ()

    def has_add_permission(self, request: HttpRequest, *_args: Any) -> bool:
        """Return that nobody adds a row here."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Return that nobody changes a row here."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Return that nobody deletes a row here."""
        return False

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """Return the rows, in an order that an index has."""
        return ListedRows(self.model).order_by(*self.get_ordering(request))

    def found_by(self, term: str) -> Q | None:
        """Return which rows a search term is about."""
        return None

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        """Return what a term is exactly about: parts of texts would be looked for in every row."""
        if not search_term.strip():
            return queryset, False
        about = self.found_by(search_term.strip())
        return queryset.none() if about is None else queryset.filter(about), False

    def get_urls(self) -> list[URLPattern]:
        """Return the addresses, with that of the download."""
        return [self.csv_path, *super().get_urls()]

    @property
    def csv_path(self) -> URLPattern:
        """Return the address of the download."""
        name = f"{self.opts.app_label}_{self.opts.model_name}_csv"
        return path("csv/", self.admin_site.admin_view(require_safe(self.csv_view)), name=name)

    def get_changelist(self, request: HttpRequest, **_options: Any) -> type[ChangeList]:
        """Return the kind of list this is."""
        return OfferedFilters

    def get_changelist_instance(self, request: HttpRequest) -> ChangeList:
        """Return the list; of an address that means nothing, say that its filters are taken back."""
        try:
            listed = super().get_changelist_instance(request)
        except (IncorrectLookupParameters, OverflowError) as error:  # or of a day that no calendar has in this zone
            said = _("That address asks for something which is not offered here: the whole list is shown.")
            messages.warning(request, said)
            raise IncorrectLookupParameters from error
        # As in the breadcrumbs: the stock title asks to select a row, also of a list that is only read.
        listed.title = capfirst(str(self.opts.verbose_name_plural))
        return listed

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """Show the list, with a link to the same as CSV for who may download it."""
        if ERROR_FLAG in request.GET and len(request.GET) > 1:
            # Else the stock list would take a filter that means nothing for a broken database.
            return HttpResponseRedirect(f"{request.path}?{filters_in(request).urlencode()}", status=HTTPStatus.FOUND)
        address = f"csv/?{filters_in(request).urlencode()}" if self.may_download(request) else ""
        context = {"csv_url": address, **(extra_context or {})}
        return super().changelist_view(request, context)

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Show a row under the name of what it is: the stock title asks to view it, also who does already."""
        named = {"title": capfirst(str(self.opts.verbose_name))}
        return super().change_view(request, object_id, form_url, named | (extra_context or {}))

    def may_download(self, request: HttpRequest) -> bool:
        """Return whether whoever asks may have this list as a file."""
        may = request.user.has_perm("accounts.download_csv")
        return bool(self.csv_columns) and may and self.has_view_permission(request)

    def csv_view(self, request: HttpRequest) -> HttpResponseBase:
        """Give the list with its present filters as CSV, and record who has taken it."""
        if not self.may_download(request):
            raise PermissionDenied
        request.GET = filters_in(request)  # type: ignore[assignment]  # a copy of it, without the page
        try:
            found = self.get_changelist_instance(request).queryset
        except IncorrectLookupParameters:
            return HttpResponseRedirect("..", status=HTTPStatus.FOUND)
        assert isinstance(request.user, User)
        download = ListDownload.objects.create(
            actor=request.user.principal, list=self.opts.label_lower, filters=filters_of(request), at=timezone.now()
        )
        name = f"{self.opts.model_name}-{download.at:%Y%m%d-%H%M%S}.csv"
        heads = [capfirst(str(label_for_field(column, self.model, self))) for column in self.csv_columns]
        return StreamingHttpResponse(
            lines_of(found, heads, self.values_of, download),
            content_type="text/csv; charset=utf-8",
            headers={"Content-Disposition": f'attachment; filename="{name}"'},
        )

    def values_of(self, row: Any) -> list[Any]:
        """Return what a download has of a row: what this list says of it, or its own attributes."""
        own = ((column, getattr(self, column, None)) for column in self.csv_columns)
        return [said(row) if callable(said) else getattr(row, column) for column, said in own]


def filters_of(request: HttpRequest) -> str:
    """Return the filters of a list as its address has them; an address someone was searched by becomes their id."""
    filters = filters_in(request)
    if "@" in (term := request.GET.get("q", "")):
        filters["q"] = str(principal_by(term.strip()) or "@")
    return filters.urlencode()


def as_uuid(term: str) -> uuid.UUID | None:
    """Return the id that a search term is, if it is one."""
    try:
        return uuid.UUID(term)
    except ValueError:
        return None


def principal_by(term: str) -> uuid.UUID | None:
    """Return the principal that a search term names: an exact e-mail address, or the id itself."""
    if "@" in term:
        return User.objects.filter(email=term.lower()).values_list("principal", flat=True).first()
    return as_uuid(term)
