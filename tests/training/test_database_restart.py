"""The database server restarted in the middle: the command ends with a sentence, and run again ends right."""

import os
import shutil
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings

from tests.processes import manage

BINARIES = sorted(Path("/usr/lib/postgresql").glob("*/bin/pg_ctl"))
TAKES = 240

pytestmark = [
    # It has a server of its own: once is enough, on the run of the suite that is about PostgreSQL.
    pytest.mark.postgresql,
    pytest.mark.skipif(not BINARIES, reason="needs the programs of a PostgreSQL server (Debian: postgresql)"),
]


class Server:
    """A throw-away PostgreSQL server, which belongs to nobody else and can be restarted."""

    def __init__(self, directory: Path) -> None:
        self.binaries, self.data = BINARIES[-1].parent, directory / "data"
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        # PostgreSQL refuses to run as root.
        self.runs_as = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
        if self.runs_as:
            shutil.chown(directory, "postgres")
        self._run("initdb", "--auth=trust", "--username=postgres", "--no-sync", "--pgdata", self.data)
        (self.data / "postgresql.auto.conf").write_text(
            f"port = {self.port}\nlisten_addresses = '127.0.0.1'\nunix_socket_directories = ''\nfsync = off\n"
        )
        self._run("pg_ctl", "start", "--wait", "--pgdata", self.data, "--log", directory / "log")

    @property
    def url(self) -> str:
        return f"postgres://postgres@127.0.0.1:{self.port}/postgres"

    def restart(self) -> None:
        """Cut off every connection and begin anew, as an upgrade does."""
        self._run("pg_ctl", "restart", "--wait", "--mode", "fast", "--pgdata", self.data)

    def stop(self) -> None:
        self._run("pg_ctl", "stop", "--wait", "--mode", "immediate", "--pgdata", self.data)

    def _run(self, program: str, *arguments: object) -> None:
        command = [*self.runs_as, str(self.binaries / program), *map(str, arguments)]
        subprocess.run(command, cwd="/", check=True, stdout=subprocess.DEVNULL, timeout=TAKES)


@pytest.fixture
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    directory = Path(os.environ["TESTS_DIR"]) / f"server-{os.getpid()}"
    directory.mkdir()
    server = Server(directory)
    yield server
    server.stop()
    shutil.rmtree(directory)


# Makes what a run is made of, and prints the id of one that is moved on to where a test begins.
DATA = """
from django.core.management import call_command
from django.utils import timezone
from privacy.models import Training
from tests.factories import answer_as, make_conversation, make_staff, make_update, make_user
from training import actions, manifest
manifest.SHARD_SIZE = 3
make_update()
for number in range(3):
    person = make_user(f"person-{number}@example.com")
    answer_as(person, Training.ALLOW)
    for turn in range(3):
        make_conversation(person, f"Conversation {number} {turn}")
staff = make_staff()
for act in ("prepare", "prepare", "start"):
    run = actions.create_run(staff, "model_improvement", at=timezone.now())
    actions.prepare_run(run, staff, at=timezone.now())
    if act == "start":
        actions.write_files(run)
    print(run.pk)
"""
# Does an act, and waits in the middle: before the first statement that has a text in it.
PAUSING = """
import time
from pathlib import Path
from django.core.management import call_command
from django.db import connection

def around(execute, sql, *rest):
    if {statement!r} in sql and not Path({go!r}).exists():
        print("waiting", flush=True)
        while not Path({go!r}).exists():
            time.sleep(0.05)
    return execute(sql, *rest)

connection.execute_wrappers.append(around)
call_command("training_run", {act!r}, {run!r}, "--by", "staff@example.com")
"""


def done(server: Server, *arguments: str) -> str:
    """Do a command on the server to its end, and return what it says."""
    process = manage(*arguments, DATABASE_URL=server.url)
    out, _err = process.communicate(timeout=TAKES)
    assert process.returncode == 0, out
    return out


def test_restart_in_the_middle_ends_the_command_and_the_next_one_goes_on(server: Server, tmp_path: Path) -> None:
    done(server, "migrate", "--verbosity", "0")
    runs = done(server, "shell", "--no-imports", "-c", DATA).split()[-3:]
    middles = [
        # While a shard is written; when it has its name and its row is yet to say so; and in the start itself.
        ("prepare", "conversations_message"),
        ("prepare", 'UPDATE "training_shard"'),
        ("start", 'INSERT INTO "training_runmove"'),
    ]
    for run, (act, statement) in zip(runs, middles, strict=True):
        go = tmp_path / run
        script = PAUSING.format(statement=statement, go=str(go), act=act, run=run)
        process = manage("shell", "--no-imports", "-c", script, DATABASE_URL=server.url)
        assert process.stdout is not None
        seen = process.stdout.readline()
        while "waiting" not in seen:
            assert process.poll() is None, seen
            seen = process.stdout.readline()

        server.restart()
        go.touch()
        out, _err = process.communicate(timeout=TAKES)

        assert process.returncode == 1, out
        assert out.splitlines()[-1].startswith("CommandError: ") or "\nCommandError: " in f"\n{out}", out
        assert "Traceback" not in out
        done(server, "training_run", act, run, "--by", "staff@example.com")
        assert "as they should be" in done(server, "training_run", "verify", run)
        names = sorted(path.name for path in (Path(settings.TRAINING_FILES) / run).iterdir())
        assert names == ["card.json", "card.md", *(f"shard-0000{number}.parquet" for number in range(3))]
