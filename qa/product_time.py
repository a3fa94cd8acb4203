"""The product's own time, whatever the clock of the browser that set something off says.

Without a broker a task runs in the thread of the request, after its commit, and would see the moved clock of that one
browser; a worker never would. What a task does may be about everyone: a purge at a moved instant would be for good.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar, Token
from datetime import datetime
from typing import Any

from accounts import clock

# Whether what runs here has the clock of a browser.
_is_moved: ContextVar[bool] = ContextVar("is_moved", default=False)
# Of the tasks that run in this process now, what the clock said before each. One may set off another.
_before: dict[str, Token[datetime | None]] = {}


@contextmanager
def browser_time(at: datetime) -> Iterator[None]:
    """Go by the clock of a browser."""
    before, was_moved = clock.moved_to.set(at), _is_moved.set(True)
    try:
        yield
    finally:
        clock.moved_to.reset(before)
        _is_moved.reset(was_moved)


@contextmanager
def product_time() -> Iterator[None]:
    """Put the clock of a browser aside."""
    before = clock.moved_to.set(None)
    try:
        yield
    finally:
        clock.moved_to.reset(before)


def leave(task_id: str, **_kwargs: Any) -> None:
    """Put the clock of a browser aside while a task runs, before it begins."""
    if _is_moved.get():
        _before[task_id] = clock.moved_to.set(None)


def come_back(task_id: str, **_kwargs: Any) -> None:
    """Go on by the clock of the browser, once the task has ended."""
    if (token := _before.pop(task_id, None)) is not None:
        clock.moved_to.reset(token)
