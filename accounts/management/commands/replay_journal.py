"""Does again, after a restore from a backup, what had been deleted, excluded or refused since it was made."""

from argparse import ArgumentParser
from collections import Counter
from collections.abc import Callable
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
        parser.add_argument("--anew", action="store_true", help="also write again what is lost for good of it")

    def handle(self, *args: Any, **options: Any) -> None:
        """Replay, or only check."""
        if options["check"]:
            if journal.is_to_be_replayed():
                raise CommandError(str(journal.Behind()))
            self.stdout.write("The database knows all of the journal.")
            return
        if journal.is_lost() and not options["anew"]:
            raise CommandError("There is no journal in JOURNAL_DIR. Bring it back; if it is lost, begin anew: --anew.")
        self.replay(journal.begin_anew if options["anew"] else journal.complete, quiet=not options["verbosity"])

    def replay(self, complete: Callable[[], int], *, quiet: bool) -> None:
        """Replay, write the lines that are missing, and say what was done."""
        try:
            done = Counter(line.act for line in tqdm(journal.replay(), unit=" acts", disable=quiet or None))
        except journal.UnknownAct as act:
            raise CommandError(f"The journal has an act this code does not know, {act}: it is of newer code.") from None
        completed = complete()
        if quiet:
            return
        acts = ", ".join(f"{count:,} × {act}" for act, count in sorted(done.items()))
        self.stdout.write(f"Done again: {acts}." if done else "There was nothing to do again.")
        if completed:
            self.stdout.write(f"Lines that had not been written: {completed:,}.")
