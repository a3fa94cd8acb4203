"""Removes what is past its date; run hourly by the Celery schedule, or by cron."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from tqdm import tqdm

from accounts import clock
from accounts.journal import Behind
from conversations.purge import Unfinished, due_at, purge


class Command(BaseCommand):
    """`manage.py purge_expired`."""

    help = "Remove what is past its date: conversations, copies of feedback, kept texts, sessions, exports, accounts."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take what to do instead of removing."""
        instead = parser.add_mutually_exclusive_group()
        instead.add_argument("--dry-run", action="store_true", help="only say what would be removed")
        instead.add_argument("--check", action="store_true", help="remove nothing; fail if anything is past its date")

    def handle(self, *args: Any, **options: Any) -> None:
        """Remove, or only say what is due."""
        try:
            self.purge(is_check=options["check"], is_dry=options["dry_run"])
        except (Behind, Unfinished) as problem:
            raise CommandError(str(problem)) from None

    def purge(self, *, is_check: bool, is_dry: bool) -> None:
        """Do it. Raises Behind or Unfinished."""
        due = due_at(clock.now())
        if is_check and any(due.values()):
            raise CommandError(f"Past its date: {in_words(due)}.")
        if is_check or is_dry:
            self.stdout.write(f"Would remove: {in_words(due)}." if any(due.values()) else "Nothing is past its date.")
            return
        with tqdm(total=sum(due.values()), unit=" rows", disable=None) as bar:
            report = purge(clock.now(), on_batch=bar.update)
        self.stdout.write(f"Removed: {in_words(report.counts)}." if report.counts else "Nothing was past its date.")


def in_words(counts: dict[str, int]) -> str:
    """Return counts as a list for people."""
    return ", ".join(f"{count:,} {name}" for name, count in counts.items() if count)
