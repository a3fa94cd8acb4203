"""What every test can ask for: the cast, the update they are asked about, and the clock."""

import gc
import os
import shutil
import zlib
from collections.abc import Callable, Generator, Iterable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import coverage
import hypothesis
import pytest
from django.core.cache import cache
from django.core.management.color import Style
from django.db import connection
from django.utils import timezone

from accounts import clock
from accounts.models import User
from privacy.models import PolicyUpdate
from tests.factories import make_update, make_user

MoveClock = Callable[[datetime], None]

# The one without windows is the quickest.
BROWSERS = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
CHROMIUM = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, BROWSERS)), None)
# Containers run it as root, who has no sandbox, and give it little shared memory.
IN_CONTAINERS = ["--disable-dev-shm-usage", *(["--no-sandbox"] if os.geteuid() == 0 else [])]
# Set by `.ci/run`: whatever is missing there makes tests fail rather than be skipped.
REQUIRE_ALL = bool(os.environ.get("REQUIRE_ALL"))

# What `.ci/run` sets, so that what it finds is found again where the same is run.
SEED = os.environ.get("TESTS_SEED", "")
# Of the tests with more than so many cases, one case in so many is run; which, the seed says.
SHARE = int(os.environ.get("TESTS_SHARE", "1"))
MANY = int(os.environ.get("TESTS_MANY", "2"))

# Where coverage is measured, these don't count. Histories would take twice as long, and what only chance comes by has
# no test that says what it is for; a site that a browser looks at is another process.
UNMEASURED = ("browser", "histories")
# What only QA's tools come by has no test that says what it is for either; the others ask much of the whole site, and
# come by little that no test of one thing does.
UNMEASURED_FILES = (
    "tests/qa/",
    "tests/accounts/test_roles.py",
    *(f"tests/consent_site/test_{name}.py" for name in ("bad_input", "strangers", "translations")),
)
# These are begun first.
LONG = ("histories", "long")
# What so many cases of a test don't come by, the next hardly does.
MEASURED = 12

# Hypothesis can tell CI's machine, and would try the same examples there each time: the same in each of the
# shards of the histories, too. What it finds is printed with what repeats it.
hypothesis.settings.register_profile(
    "new each time",
    derandomize=False,
    deadline=None,
    print_blob=True,
    suppress_health_check=[hypothesis.HealthCheck.too_slow],
)
hypothesis.settings.load_profile("new each time")


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_call(item: pytest.Item) -> None:
    """Have each test draw examples of its own, each shard of the histories too, and the same ones for one seed."""
    if SEED:
        hypothesis.core.global_force_seed = zlib.crc32(f"{SEED} {item.nodeid}".encode())  # type: ignore[assignment]  # declared as None


def pytest_configure(config: pytest.Config) -> None:
    """Take the seed, if one is set. Make the directory of this run, which its workers share and its maker removes."""
    if SEED:
        config.option.random_order_seed = SEED
    directory = Path(os.environ["TESTS_DIR"])
    if not directory.exists():
        directory.mkdir(parents=True)
        config.add_cleanup(lambda: shutil.rmtree(directory, ignore_errors=True))


@pytest.hookimpl(tryfirst=True)
def pytest_sessionstart(session: pytest.Session) -> None:
    """Stop what is measured in a worker before it begins: pytest-cov 7.1 begins again, and `no_cover` pauses only that.

    What goes on unseen would make the histories take twice as long.
    """
    if hasattr(session.config, "workerinput") and (begun := coverage.Coverage.current()):
        begun.stop()


# The cast


@pytest.fixture
def alice(db: None) -> User:
    """Return the owner of what a test is about, who joined long before the announcement."""
    return make_user("alice@example.com")


@pytest.fixture
def mallory(db: None) -> User:
    """Return a stranger to all that."""
    return make_user("mallory@example.com")


@pytest.fixture
def update(db: None) -> PolicyUpdate:
    """Return the published material update of 28 August 2025, rolled out to everyone."""
    return make_update()


# Time


@pytest.fixture
def moved_to() -> Iterator[MoveClock]:
    """Return what sets the product's clock for this thread, and so for the test client; it stands still there."""

    def move(at: datetime) -> None:
        clock.moved_to.set(at)

    yield move
    clock.moved_to.set(None)


@pytest.fixture
def clock_started_at(monkeypatch: pytest.MonkeyPatch) -> MoveClock:
    """Return what sets the product's clock for every thread, a live server's too; it runs on from there."""

    def start(at: datetime) -> None:
        monkeypatch.setattr(clock, "OFFSET", at - timezone.now())

    return start


# The database and the cache


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None) -> Iterator[None]:
    """Let the flush after a transactional test empty tables whose triggers refuse just that.

    Otherwise the flush fails, and the rows leak into the next test. The triggers are back before it begins.
    """
    operations = type(connection.ops)
    flush = operations.sql_flush

    def sql_flush(self: Any, style: Style, tables: Any, **options: Any) -> list[str]:
        statements = flush(self, style, tables, **options)
        if not statements:
            return statements
        before, after = _without_triggers()
        return [*before, *statements, *after]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(operations, "sql_flush", sql_flush)
        yield


def _without_triggers() -> tuple[list[str], list[str]]:
    """Return the statements that take the triggers out of the way, and those that bring them back."""
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'")
            triggers = cursor.fetchall()
            return [f'DROP TRIGGER "{name}"' for name, _sql in triggers], [sql for _name, sql in triggers]
        cursor.execute("SELECT DISTINCT tgrelid::regclass::text FROM pg_trigger WHERE NOT tgisinternal")
        tables = [table for (table,) in cursor.fetchall()]
        return (
            [f"ALTER TABLE {table} DISABLE TRIGGER USER" for table in tables],
            [f"ALTER TABLE {table} ENABLE TRIGGER USER" for table in tables],
        )


@pytest.fixture(autouse=True)
def _own_files(settings: Any, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Give each test a journal and exports of its own: what another has left would be of another database."""
    own = tmp_path_factory.mktemp("own")
    settings.JOURNAL_DIR, settings.EXPORTS_DIR = own / "journal", own / "exports"
    settings.TRAINING_FILES = str(own / "training")
    # A journal that has begun, as everywhere but on the first day: where there is none, the first request looks why.
    settings.JOURNAL_DIR.mkdir()
    (settings.JOURNAL_DIR / "2025-01-01.jsonl").touch()


@pytest.fixture(autouse=True)
def _no_rate_limit_left_over() -> Iterator[None]:
    yield
    cache.clear()


# What a machine may lack


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, Any]) -> dict[str, Any]:
    """Launch the system's Chromium."""
    return {**browser_type_launch_args, "executable_path": CHROMIUM, "args": IN_CONTAINERS}


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Set aside what this machine, or this database, can't run.

    The tests of one database only are skipped on the other, with a reason. Where everything is required
    the suite runs on both, so they are left out of the run in which they can say nothing; and so is, on PostgreSQL, a
    test that asks for no database: pytest-django refuses it any query, and it has run on SQLite.
    """
    for item in (case for cases in by_test(items) for case in cases[MEASURED:]):
        item.add_marker("no_cover")
    if SHARE > 1:
        config.hook.pytest_deselected(items=_take_a_share(items))
    elsewhere = "postgresql" if connection.vendor == "sqlite" else "sqlite"
    left_out = []
    for item in items:
        if any(map(item.get_closest_marker, UNMEASURED)) or item.nodeid.startswith(UNMEASURED_FILES):
            item.add_marker("no_cover")
        if item.get_closest_marker("browser") and not CHROMIUM:
            item.add_marker(pytest.mark.skip(reason="needs Chromium: install it, or name it in CHROMIUM"))
        if item.get_closest_marker(elsewhere):
            left_out.append(item)
            item.add_marker(pytest.mark.skip(reason=f"says something about {elsewhere} only: set DATABASE_URL"))
        elif elsewhere == "sqlite" and not (asks_for_the_database(item) or item.get_closest_marker("postgresql")):
            left_out.append(item)
    if REQUIRE_ALL and left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if item not in left_out]


def _take_a_share(items: list[pytest.Item]) -> list[pytest.Item]:
    """Keep one in SHARE of the cases of tests that have many, and return the others."""
    shared = [case for cases in by_test(items) if has_many(cases) for case in cases]
    left_out = {*shared} - {*shared[zlib.crc32(SEED.encode()) % SHARE :: SHARE]}
    items[:] = [item for item in items if item not in left_out]
    return [*left_out]


def by_test(items: list[pytest.Item]) -> Iterable[list[pytest.Item]]:
    """Return the cases of each test, in the order of their names."""
    tests: dict[str, list[pytest.Item]] = {}
    for item in sorted(items, key=lambda item: item.nodeid):
        tests.setdefault(item.nodeid.partition("[")[0], []).append(item)
    return tests.values()


def has_many(cases: list[pytest.Item]) -> bool:
    """Return whether a part of a test's cases will do: there are many, and each shows much the same."""
    is_whole = connection.vendor == "postgresql" and cases[0].get_closest_marker("whole") is not None
    return len(cases) > MANY and not is_whole


@pytest.hookimpl(tryfirst=True)
def pytest_collection_finish(session: pytest.Session) -> None:
    """Let each worker begin with an equal part of the long tests: it is given one stretch of the list first.

    And let the garbage collector leave what is there for good alone: it would look through all of it again and again.
    """
    workers = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    long: list[pytest.Item] = []
    others: list[pytest.Item] = []
    for item in session.items:
        (long if any(map(item.get_closest_marker, LONG)) else others).append(item)
    session.items[:] = [
        item for worker in range(workers) for item in (*long[worker::workers], *others[worker::workers])
    ]
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)


def pytest_unconfigure() -> None:
    """Take that back: libraries look at the end whether all of theirs was given back."""
    gc.unfreeze()


def asks_for_the_database(item: pytest.Item) -> bool:
    """Return whether a test may send a query, by its mark or by a fixture of it."""
    fixtures = getattr(item, "fixturenames", ())
    return item.get_closest_marker("django_db") is not None or not {"db", "transactional_db"}.isdisjoint(fixtures)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Fail what would be skipped, where everything is required."""
    report = yield
    if REQUIRE_ALL and report.skipped and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
        report.longrepr = f"Nothing may be skipped where REQUIRE_ALL is set: {report.longrepr}"
    return report
