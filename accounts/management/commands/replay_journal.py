"""Does again, after a restore from a backup, what had been deleted, excluded or refused since it was made."""

from argparse import ArgumentParser
from collections import Counter
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from tqdm import tqdm

from accounts import journal


class Command(BaseCommand):
    """`manage.py replay_journal`."""

    help = "Do again what the journal knows and this database does not: after a restore from a backup."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take what to do instead of replaying."""
        parser.add_argument("--check", action="store_true", help="do nothing; fail if the database is behind")

    def handle(self, *args: Any, **options: Any) -> None:
        """Replay, or only check."""
        if options["check"]:
            if journal.is_behind():
                raise CommandError("This database is older than the journal. Run `manage.py replay_journal`.")
            self.stdout.write("The database knows all of the journal.")
            return
        done = Counter(line.act for line in tqdm(journal.replay(), unit=" acts", disable=None))
        completed = journal.complete()
        acts = ", ".join(f"{count:,} × {act}" for act, count in sorted(done.items()))
        self.stdout.write(f"Done again: {acts}." if done else "There was nothing to do again.")
        if completed:
            self.stdout.write(f"Lines that had not been written: {completed:,}.")
