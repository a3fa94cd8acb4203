"""The database server restarted between two requests: nobody whose request comes next sees it."""

from tests.postgresql import MARKS, TAKES, Server, server
from tests.processes import manage

__all__ = ["server"]

pytestmark = MARKS

# Five threads each hold a connection at once, so that the pool has five; then each has to ask again.
ASKING = """
from threading import Barrier, Thread
from django.db import connection
from django.test import Client

def ask(together):
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
        together.wait()
    print("asked", Client().get("/health/").json(), flush=True)
    connection.close()

def five():
    together = Barrier(5)
    threads = [Thread(target=ask, args=(together,)) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

five()
print("waiting", flush=True)
input()
five()
"""


def test_restart_between_two_requests_is_not_seen(server: Server) -> None:
    manage("migrate", "--verbosity", "0", DATABASE_URL=server.url).communicate(timeout=TAKES)
    process = manage("shell", "--no-imports", "-c", ASKING, DATABASE_URL=server.url)
    assert process.stdout is not None
    assert process.stdin is not None
    seen = process.stdout.readline()
    while "waiting" not in seen:
        assert process.poll() is None, seen
        seen = process.stdout.readline()

    server.restart()
    out, _err = process.communicate("on\n", timeout=TAKES)

    assert process.returncode == 0, out
    assert out.count("'database': True") == 5, out
