"""What is held of a person: each app registers its part in `AppConfig.ready()`, to be exported and to be erased."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from django.db.models import Model, QuerySet

from accounts.models import User


@dataclass(frozen=True, slots=True)
class Holding:
    """One part of what is held of a person.

    `name` is its key in the export. `models` are those whose rows it accounts for. `count` says how many items
    `export` yields, each a dict that JSON can hold (instants as ISO 8601). `erase` removes from storage what
    identifies the person, in bounded batches; it can be run again. Either may yield or do nothing, where the rules
    keep something from being exported twice, or keep it as evidence.
    """

    name: str
    models: tuple[type[Model], ...]
    count: Callable[[User], int]
    export: Callable[[User], Iterator[dict[str, Any]]]
    erase: Callable[[User], None]


def in_batches(found: QuerySet[Any], *, by: str = "pk", size: int = 500) -> Iterator[Any]:
    """Yield rows in the order of a unique column, a batch at a time.

    Each batch is a query of its own: an open one would keep SQLite from writing meanwhile, and a server from
    forgetting what it has sent.
    """
    ordered, last = found.order_by(by), None
    while batch := list((ordered if last is None else ordered.filter(**{f"{by}__gt": last}))[:size]):
        yield from batch
        last = getattr(batch[-1], by)


# In the order in which apps are loaded: what depends on another comes after it, and is erased before it.
HOLDINGS: list[Holding] = []


def register(*holdings: Holding) -> None:
    """Add what an app holds."""
    HOLDINGS.extend(holdings)
