"""A PostgreSQL server that belongs to one test, to be restarted."""

import os
import shutil
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

BINARIES = sorted(Path("/usr/lib/postgresql").glob("*/bin/pg_ctl"))
TAKES = 240
# Once is enough, on the run of the suite that is about PostgreSQL.
MARKS = [
    pytest.mark.long,
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
