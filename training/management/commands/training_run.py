"""Moves a training run on, as the admin does: `manage.py training_run create|prepare|start|finish|cancel|verify`."""

import time
import uuid
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError, InterfaceError
from tqdm import tqdm

from accounts import clock
from accounts.journal import require_replayed
from accounts.models import User
from conversations.eligibility import Reason
from training import actions, filing, problems, tasks
from training.manifest import count_by_reason
from training.models import Purpose, State, TrainingRun
from training.verification import differences

# What says, in words for staff, that something was not done.
NOT_DONE = (*problems.PROBLEMS, DatabaseError, InterfaceError)
SECONDS_BETWEEN_LOOKS = 1


class Command(BaseCommand):
    """`manage.py training_run`."""

    help = "Build a training data set: create, dry-run, prepare, start, finish, cancel or verify a run."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take what to do, and to which run."""
        acts = parser.add_subparsers(dest="act", required=True)
        create = acts.add_parser("create", help="make a draft of a run, and print its id")
        create.add_argument("--purpose", choices=Purpose.values, default=Purpose.MODEL_IMPROVEMENT)
        acts.add_parser("dry-run", help="say what a run would hold now, and what each reason would keep out")
        prepare = acts.add_parser("prepare", help="freeze the manifest and write the files; or go on writing them")
        start = acts.add_parser("start", help="look at everything again, and start the run")
        finish = acts.add_parser("finish", help="say that the training is done")
        cancel = acts.add_parser("cancel", help="cancel a run that has not started, with its files")
        verify = acts.add_parser("verify", help="read rows and files again, and name the first difference")
        for moves in (create, prepare, start, finish, cancel):
            moves.add_argument("--by", required=True, metavar="ADDRESS", help="the member of staff who moves it")
            moves.add_argument("--reason", default="", help="why, for the record")
        for known in (prepare, start, finish, cancel, verify):
            known.add_argument("run", help="the whole id of the run, as its page in the admin says it")

    def handle(self, *args: Any, act: str, **options: Any) -> None:
        """Do it, or say why not."""
        try:
            getattr(self, act.replace("-", "_"))(options)
        except PermissionDenied:
            raise CommandError("Only staff who may move training runs can do that.") from None
        except problems.WrongState as not_done:
            raise CommandError(f"{not_done.message} It is {found(options).get_state_display()}.") from None
        except NOT_DONE as not_done:
            raise CommandError(str(getattr(not_done, "message", not_done))) from None

    def create(self, options: dict[str, Any]) -> None:
        """Make a draft."""
        purpose = Purpose(options["purpose"])
        run = actions.create_run(mover(options), purpose, at=clock.now(), reason=options["reason"])
        self.stdout.write(str(run.pk))

    def dry_run(self, options: dict[str, Any]) -> None:
        """Say what would be in a run."""
        counts = count_by_reason(clock.now())
        self.stdout.write(f"Conversations that would be in it: {counts.get(Reason.NONE, 0):,}.")
        self.stdout.write("Kept out, by the first reason:")
        for reason in Reason:
            if reason is not Reason.NONE:
                self.stdout.write(f"  {counts.get(reason, 0):>12,} {reason.value}")

    def prepare(self, options: dict[str, Any]) -> None:
        """Freeze a draft, if it is one, and write the files that are missing of what may still be used."""
        user = mover(options)
        actions.check_mover(user)
        require_replayed()
        run = found(options)
        filing.take_out_ineligible(run, clock.now())
        if run.state == State.DRAFT:
            rows = actions.prepare_run(run, user, at=clock.now(), reason=options["reason"])
            self.stdout.write(f"Conversations in the run: {rows:,}.")
        run.refresh_from_db()
        if run.state != State.PREPARED:
            raise problems.WrongState
        self.write_files(run)
        self.stdout.write("Its files are written.")

    def write_files(self, run: TrainingRun) -> None:
        """Write files in this process, or have workers do it, and show how far that is."""
        if not settings.CELERY_BROKER_URL:
            missing = run.shards.filter(written_at__isnull=True).values_list("conversations", flat=True)
            with tqdm(total=sum(missing), unit=" conversations", disable=None) as bar:
                filing.write_files(run, on_batch=bar.update)
            return
        problems.forget_problem(run)
        tasks.write_files.delay(str(run.pk))
        sent = unwritten(run)
        with tqdm(total=len(sent), unit=" files", disable=None) as bar:
            while not run.filed_at:
                time.sleep(SECONDS_BETWEEN_LOOKS)
                run.refresh_from_db()
                if run.problem:
                    raise CommandError(problems.in_words(run.problem))
                if run.state != State.PREPARED:
                    raise problems.WrongState
                versions = unwritten(run)
                # What lost something since it was sent may have been written without that, and thrown away.
                for number in dict(versions.items() - sent.items()):
                    tasks.write_file.delay(str(run.pk), number)
                sent |= versions
                bar.update(len(sent) - len(versions) - bar.n)

    def start(self, options: dict[str, Any]) -> None:
        """Start a run."""
        actions.start_run(found(options), mover(options), at=clock.now, reason=options["reason"])
        self.stdout.write("The run has started. What is in it stays as it is.")

    def finish(self, options: dict[str, Any]) -> None:
        """Finish a run."""
        actions.finish_run(found(options), mover(options), at=clock.now(), reason=options["reason"])
        self.stdout.write("The run is finished. Its files are destroyed in 90 days.")

    def cancel(self, options: dict[str, Any]) -> None:
        """Cancel a run."""
        actions.cancel_run(found(options), mover(options), at=clock.now(), reason=options["reason"])
        self.stdout.write("The run is cancelled, and its files are gone.")

    def verify(self, options: dict[str, Any]) -> None:
        """Name the first difference, if there is one."""
        difference = next(differences(found(options)), None)
        if difference:
            raise CommandError(str(difference))
        self.stdout.write("Rows and files are as they should be.")


def found(options: dict[str, Any]) -> TrainingRun:
    """Return the run that is meant."""
    try:
        return TrainingRun.objects.get(pk=uuid.UUID(options["run"]))
    except ValueError:
        raise CommandError(f"{options['run']} is no id of a run; its page in the admin has it whole.") from None
    except TrainingRun.DoesNotExist:
        raise CommandError(f"There is no run {options['run']}.") from None


def unwritten(run: TrainingRun) -> dict[int, int]:
    """Return the versions of the shards whose file has to be written, by number."""
    return dict(run.shards.filter(written_at__isnull=True).values_list("number", "version"))


def mover(options: dict[str, Any]) -> User:
    """Return the member of staff who is named."""
    user = User.objects.filter(email__iexact=options["by"], is_active=True).first()
    if user is None:
        raise CommandError(f"There is no account {options['by']}.")
    return user
