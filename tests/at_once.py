"""Doing several things at the same moment."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

from django.db import connection

from privacy.actions import NotDone
from privacy.publication import CannotChange


def at_once(*acts: Callable[[], Any]) -> list[Any]:
    """Do several things at the same moment, each over a connection of its own, and return what came of each.

    Of what is refused the kind of the refusal is returned; any other exception is raised here.
    """
    barrier = Barrier(len(acts))

    def run(act: Callable[[], Any]) -> Any:
        try:
            # Not connected before: a pool has fewer connections than there may be threads, and they would wait.
            barrier.wait(timeout=30)
            return act()
        except (NotDone, CannotChange) as refusal:
            return type(refusal)
        finally:
            connection.close()

    with ThreadPoolExecutor(len(acts)) as threads:
        return list(threads.map(run, acts))
