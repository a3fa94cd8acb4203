"""Does one act to each of some runs, in a process of its own that kills itself at a moment of the act.

The first run shows how many moments the act has, and each
of the others dies at another one of them, spread over the whole act. A moment is a statement of the database or a
name in the folder of runs that is made or removed; death comes up to a few milliseconds later, wherever that is.
It prints how many processes died by the signal.
"""

import os
import random
import signal
import sys
import threading
import time
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.db import connection

from accounts import clock
from accounts.models import User
from conversations.redaction import redact
from training import actions, manifest, shards
from training.models import TrainingRun

MILLISECONDS = 4


def main(act: str, staff: str, *runs: str) -> None:
    manifest.SHARD_SIZE, shards.BATCH = 4, 2
    redact(["What is loaded at its first use is loaded once, for all that are forked."])
    first, *others = runs
    read, write = os.pipe()
    forked(lambda: os.write(write, str(count(lambda: do(act, staff, first))).encode()))
    os.close(write)
    with os.fdopen(read) as counted:
        moments = int(counted.read())
    chance = random.Random(7)
    died = 0
    for number, run in enumerate(others):
        at = 1 + int((number + chance.random()) * moments / len(others))
        status = forked(lambda run=run, at=at: count(lambda: do(act, staff, run), kill_at=at, chance=chance))  # type: ignore[misc]  # mypy infers no defaults
        died += os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL
    sys.stdout.write(f"{moments} moments, {died} died\n")


def forked(work: Callable[[], object]) -> int:
    """Do something in a process of its own, and return how that ended."""
    sys.stdout.flush()
    child = os.fork()
    if child == 0:
        work()
        sys.stdout.flush()
        os._exit(0)
    return os.waitpid(child, 0)[1]


def do(act: str, staff: str, key: str) -> None:
    if act == "freeze":
        actions.prepare_run(TrainingRun.objects.get(pk=key), User.objects.get(email=staff), at=clock.now())
    else:
        call_command("training_run", act, key, "--by", staff)


def count(work: Callable[[], object], *, kill_at: int = 0, chance: random.Random | None = None) -> int:
    """Do something, and return how many moments it had; or die at one."""
    moments, folder = 0, str(settings.TRAINING_FILES)

    def moment() -> None:
        nonlocal moments
        moments += 1
        if moments == kill_at and chance:
            threading.Thread(target=die, args=[chance.uniform(0, MILLISECONDS / 1000)]).start()

    def around(execute: Callable[..., Any], *arguments: Any) -> Any:
        moment()
        result = execute(*arguments)
        moment()
        return result

    def hear(event: str, arguments: tuple[Any, ...]) -> None:
        if event in {"open", "os.rename", "os.remove", "os.mkdir"} and str(arguments[0]).startswith(folder):
            moment()

    connection.execute_wrappers.append(around)
    sys.addaudithook(hear)
    work()
    if kill_at:
        time.sleep(60)  # It has come to its end, and dies all the same.
    return moments


def die(seconds: float) -> None:
    time.sleep(seconds)
    os.kill(os.getpid(), signal.SIGKILL)
