"""The lists of staff as files: CSV that any spreadsheet opens as what it says, in the order of the list.

A file is made as it is sent. However long it becomes, no more than a batch of it is in memory.
"""

import csv
import re
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from typing import Any

from django.contrib.admin.options import IS_FACETS_VAR, IS_POPUP_VAR, TO_FIELD_VAR
from django.contrib.admin.views.main import ALL_VAR, ERROR_FLAG, ORDER_VAR, PAGE_VAR
from django.db.models import Q, QuerySet
from django.http import HttpRequest, QueryDict
from django.utils import timezone, translation

from accounts.models import ListDownload

BATCH = 2000
# Where a spreadsheet takes what follows for a formula: where a cell begins, and where one would if it were split
# elsewhere, as a spreadsheet does at semicolons where a comma is part of numbers. What is not seen is passed over, and
# full-width signs are as good as the others.
FORMULA = re.compile(
    r"(?:^|(?<=[;\t\r\n]))(?=(?:[^\S\t\r\n]|[\u200b-\u200f\u2060\ufeff])*[=+\-@＝＋－＠])|^(?=[\t\r\n])"
)
# Excel takes a file for UTF-8 only if it begins with this.
BYTE_ORDER_MARK = "\ufeff"
# What an address of a list has besides filters.
NO_FILTERS = (PAGE_VAR, ORDER_VAR, ALL_VAR, ERROR_FLAG, IS_FACETS_VAR, IS_POPUP_VAR, TO_FIELD_VAR)


class Line:
    """What `csv.writer` writes to: it gives each line back."""

    def write(self, line: str) -> str:
        """Return the line."""
        return line


def lines_of(
    found: QuerySet[Any], heads: list[str], values_of: Callable[[Any], list[Any]], download: ListDownload
) -> Iterator[str]:
    """Return the lines of a download, in the language that is active now: they are made after the request has ended."""
    return _lines(found, heads, values_of, download, translation.get_language())


def _lines(
    found: QuerySet[Any],
    heads: list[str],
    values_of: Callable[[Any], list[Any]],
    download: ListDownload,
    language: str | None,
) -> Iterator[str]:
    """Yield the lines, and record how many rows were sent, however it ends."""
    writer, rows = csv.writer(Line()), 0
    yield BYTE_ORDER_MARK + writer.writerow(heads)
    try:
        for row in in_order(found):
            rows += 1
            with translation.override(language):
                cells = [as_cell(value) for value in values_of(row)]
            yield writer.writerow(cells)
    finally:
        ListDownload.objects.filter(pk=download.pk).update(rows=rows, ended_at=timezone.now())


def in_order(found: QuerySet[Any]) -> Iterator[Any]:
    """Yield rows in their own order, which has to tell every two of them apart and to have no empty values.

    Each batch is a query of its own that begins after the last row: see `accounts.personal_data.in_batches`.
    """
    names = [str(name) for name in found.query.order_by]
    order = [(name.removeprefix("-"), "lt" if name.startswith("-") else "gt") for name in names]
    rest = found
    while batch := list(rest[:BATCH]):
        yield from batch
        rest = found.filter(_after(batch[-1], order))


def _after(row: Any, order: list[tuple[str, str]]) -> Q:
    """Return the condition for coming after a row. It begins with what an index can jump to."""
    (name, side), *others = order
    value = getattr(row, name)
    if not others:
        return Q(**{f"{name}__{side}": value})
    return Q(**{f"{name}__{side}e": value}) & (Q(**{f"{name}__{side}": value}) | _after(row, others))


def as_cell(value: Any) -> str:
    """Return a value as the text of a cell that no spreadsheet takes for a formula; instants are UTC."""
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="seconds")
    if isinstance(value, date):
        return value.isoformat()
    return "" if value is None else FORMULA.sub("'", str(value))


def filters_in(request: HttpRequest) -> QueryDict:
    """Return what in the address of a list says which rows there are: the page, say, does not."""
    filters = request.GET.copy()
    for name in NO_FILTERS:
        filters.pop(name, None)
    return filters
