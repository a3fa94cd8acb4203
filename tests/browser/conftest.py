"""The servers the browser looks at, and the browser."""

import os
import uuid
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from pytest_django import DjangoDbBlocker

from tests.browser.server import MEANWHILE, Server, prepared
from tests.browser.visit import NewContext, NewVisit, Visit

GetServer = Callable[..., Server]

# Each window would load two pages of the browser's own for its address bar, which nobody sees. The browser takes
# the last list it is given, so Playwright's own is said again.
OFF = (
    *("WebUIOmniboxPopup", "WebUIOmniboxAimPopup", "WebUIOmniboxFullPopup", "AimEnabled"),
    *("AvoidUnnecessaryBeforeUnloadCheckSync", "DestroyProfileOnBrowserClose", "HttpsUpgrades", "LensOverlay"),
    *("HttpsFirstBalancedModeAutoEnable", "MediaRouter", "PaintHolding", "ThirdPartyStoragePartitioning"),
    *("AvoidCorsURLLoaderRestartOnRedirect", "OptimizationHints", "NetworkTimeServiceQuerying", "PreconnectToSearch"),
)

QUIET = (
    "--no-first-run",
    *(f"--disable-{name}" for name in ("gpu", "background-networking", "component-update", "sync")),
    f"--disable-features={','.join(OFF)}",
)


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, Any]) -> dict[str, Any]:
    """Launch a browser that does nothing of its own: every request it makes is a page's."""
    return {**browser_type_launch_args, "args": [*browser_type_launch_args["args"], *QUIET]}


@pytest.fixture(scope="session")
def server_at(django_db_blocker: DjangoDbBlocker) -> Iterator[GetServer]:
    """Return what gives the server whose clock started at an instant; one each, and for each worker.

    One with QA's tools (`qa=True`) has the personas too.
    """
    shared = Path(os.environ["TESTS_DIR"]) / "browser"
    servers: dict[tuple[datetime, bool], Server] = {}

    def get(now: datetime, *, qa: bool = False) -> Server:
        if (now, qa) not in servers:
            data = prepared(shared / ("prepared-qa" if qa else "prepared"), qa=qa)
            servers[now, qa] = Server(shared / uuid.uuid4().hex, data, now, django_db_blocker.unblock, qa=qa)
        return servers[now, qa]

    yield get
    for server in servers.values():
        server.stop()


@pytest.fixture
def new_visit(server_at: GetServer, new_context: NewContext) -> Iterator[NewVisit]:
    """Return what opens a browser of its own on a server, and look at the end whether a page did what none may."""
    visits: list[Visit] = []

    def new(now: datetime = MEANWHILE, *, qa: bool = False, **options: Any) -> Visit:
        visit = Visit(new_context, server_at(now, qa=qa), **options)
        visits.append(visit)
        return visit

    yield new
    problems = [problem for visit in visits for problem in visit.problems]
    assert not problems


@pytest.fixture
def visit(new_visit: NewVisit) -> Visit:
    """Return a browser on the server of the pop-up's time."""
    return new_visit()
