"""The site as it is served: its own process, compression, hashed files, a database and a clock of its own."""

import fcntl
import os
import re
import shutil
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore
from django.db import connections
from django.db.utils import ConnectionHandler

from accounts.models import User
from tests.factories import make_user

# What the product's clock says on each server: nobody is asked, the pop-up, the gate.
BEFORE = datetime(2025, 8, 1, 9, tzinfo=UTC)
MEANWHILE = datetime(2025, 9, 10, 9, tzinfo=UTC)
AFTERWARDS = datetime(2025, 10, 10, 9, tzinfo=UTC)

STARTING_TAKES = 30
MAIL_TAKES = 10
LISTENING = re.compile(r"Listening at: (http://127\.0\.0\.1:\d+)")
# What a developer's shell or the run of the tests says about databases and mail is not about these servers.
NOT_PASSED_ON = {"DATABASE_URL", "CACHE_URL", "CELERY_BROKER_URL", "EMAIL_URL", "NOW", "PRODUCT_NAME", "QA_TOOLS"}


def environment(directory: Path, now: datetime | None = None, *, qa: bool = False) -> dict[str, str]:
    """Return the environment of a process of the site whose data is in a directory, with QA's tools or without."""
    return {
        **{name: value for name, value in os.environ.items() if name not in NOT_PASSED_ON},
        "DJANGO_SETTINGS_MODULE": "consent_site.settings",
        "DEMO": "on",
        "DEBUG": "off",
        "NOW": now.isoformat() if now else "",
        "QA_TOOLS": "on" if qa else "off",
        "VAR_DIR": str(directory),
        "SECRET_KEY": settings.SECRET_KEY,
        "PYTHONUNBUFFERED": "1",
    }


def prepared(directory: Path, *, qa: bool = False) -> Path:
    """Return a directory with collected files and a seeded database; whichever worker comes first makes it."""
    with _made_once(directory) as is_missing:
        if is_missing:
            for command in ("migrate", "seed_demo", *(["seed_personas"] if qa else [])):
                _manage(directory, command, qa=qa)
            (directory / "static").symlink_to(_collected(directory.with_name("collected")))
    return directory


def _collected(directory: Path) -> Path:
    """Return the collected files, those of QA's tools among them: compressing them takes longer than all else."""
    with _made_once(directory) as is_missing:
        if is_missing:
            _manage(directory, "collectstatic", "--noinput", qa=True)
    return directory / "static"


@contextmanager
def _made_once(directory: Path) -> Iterator[bool]:
    """Say whether what is to be in a directory has to be made, while nobody else makes it."""
    directory.mkdir(parents=True, exist_ok=True)
    with (directory / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        done = directory / "done"
        yield not done.exists()
        done.touch()


def _manage(directory: Path, *command: str, qa: bool) -> None:
    subprocess.run(
        [sys.executable, "manage.py", *command],
        cwd=settings.BASE_DIR,
        env=environment(directory, qa=qa),
        check=True,
        stdout=subprocess.DEVNULL,
    )


class Server:
    """One running site. Tests make people in its database directly, and look there for evidence."""

    def __init__(
        self,
        directory: Path,
        prepared: Path,
        now: datetime,
        unblock: Callable[[], AbstractContextManager[None]],
        *,
        qa: bool = False,
        application: str = "consent_site.wsgi",
    ) -> None:
        self.now, self.directory, self._begun = now, directory, time.monotonic()
        self._unblock = unblock
        self._log = directory / "log"
        directory.mkdir(parents=True)
        shutil.copy(prepared / "db.sqlite3", directory)
        (directory / "static").symlink_to(prepared / "static")
        handler = ConnectionHandler(
            {
                "default": {
                    "ENGINE": "django.db.backends.sqlite3",
                    "NAME": str(directory / "db.sqlite3"),
                    "OPTIONS": {"transaction_mode": "IMMEDIATE", "timeout": 20},
                }
            }
        )
        self._connection = handler["default"]
        with self._log.open("w") as log:
            self._process = subprocess.Popen(
                [
                    *(sys.executable, "-m", "gunicorn", application, "--bind", "127.0.0.1:0"),
                    *("--workers", "1", "--threads", "8", "--no-control-socket"),
                ],
                cwd=settings.BASE_DIR,
                env=environment(directory, now, qa=qa),
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        self.url = self._waited_for(LISTENING, STARTING_TAKES)

    def by_now(self) -> datetime:
        """Return what its clock says, which runs on: what can be done for ten minutes has to be done just now."""
        return self.now + timedelta(seconds=time.monotonic() - self._begun)

    def stop(self) -> None:
        """End the process."""
        self._process.terminate()
        self._process.wait()

    def _waited_for(self, pattern: re.Pattern[str], seconds: float, *, start: int = 0) -> str:
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            if match := pattern.search(self._log.read_text(encoding="utf-8"), start):
                return match[1]
            assert self._process.poll() is None, self._log.read_text(encoding="utf-8")
            time.sleep(0.05)
        raise AssertionError(f"{pattern.pattern} did not come: {self._log.read_text(encoding='utf-8')}")

    # What is behind it

    @contextmanager
    def database(self) -> Iterator[None]:
        """Let the ORM of this process work on the server's database."""
        with self._unblock():
            ours = connections["default"]
            connections["default"] = self._connection
            try:
                yield
            finally:
                self._connection.close()
                connections["default"] = ours

    def person(self, **fields: Any) -> User:
        """Make someone nobody else in the tests knows."""
        with self.database():
            return make_user(f"{uuid.uuid4().hex}@example.com", **fields)

    def session_of(self, user: User, *, ago: timedelta = timedelta()) -> str:
        """Return the key of a session, as entering the password a moment ago leaves it, or some time ago."""
        with self.database():
            session = SessionStore()
            session[SESSION_KEY] = str(user.pk)
            session[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[0]
            session[HASH_SESSION_KEY] = user.get_session_auth_hash()
            session["account_authentication_methods"] = [
                {
                    "method": "password",
                    "at": time.time() - ago.total_seconds(),
                    "email": user.email,
                    "reauthenticated": True,
                }
            ]
            session["account_authentication_methods_user"] = str(user.pk)
            session.create()
            assert session.session_key
            return session.session_key

    def code_mailed_to(self, email: str) -> str:
        """Return the code in the mail to an address, once it has been written to the console."""
        code = r"^\s*([A-Z0-9]{3,}(?:-[A-Z0-9]{3,})?)\s*$"
        pattern = re.compile(rf"^To: {re.escape(email)}$.*?{code}", re.DOTALL | re.MULTILINE)
        return self._waited_for(pattern, MAIL_TAKES)
