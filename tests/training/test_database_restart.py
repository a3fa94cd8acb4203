"""The database server restarted in the middle: the command ends with a sentence, and run again ends right."""

from pathlib import Path

from django.conf import settings

from tests.postgresql import MARKS, TAKES, Server, server
from tests.processes import manage

__all__ = ["server"]

pytestmark = MARKS


# Makes what a run is made of, and prints the id of one that is moved on to where a test begins.
DATA = """
from django.core.management import call_command
from django.utils import timezone
from privacy.models import Training
from tests.factories import answer_as, make_conversation, make_staff, make_update, make_user
from training import actions, filing, manifest
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
        filing.write_files(run)
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
