"""Writes how far each person's chain of evidence has come to a file outside the database, once a day."""

from argparse import ArgumentParser
from datetime import UTC
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from privacy.heads import HeadsError, write_heads, write_losses


class Command(BaseCommand):
    """`manage.py write_ledger_heads`."""

    help = "Write the heads of the chains that have moved to today's file in LEDGER_HEADS_DIR."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take why records that heads name are not there."""
        parser.add_argument(
            "--lost",
            metavar="WHY",
            help="first write down, once and for good, that the records which heads name and the database has not are"
            " known to be lost: after a restore from a backup",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Write the file, and say how many heads went into it."""
        # The real clock: the files are evidence of when they were written, wherever the product's clock stands.
        today = timezone.now().astimezone(UTC).date()
        try:
            lost = write_losses(today, options["lost"]) if options["lost"] else None
            moved = write_heads(today)
        except (HeadsError, OSError) as error:
            raise CommandError(f"Not written: {error}") from error
        if lost is not None:
            self.stdout.write(f"Heads of records that are lost, which now say so: {lost:,}.")
        self.stdout.write(f"Chains that have moved: {moved:,}, in {settings.LEDGER_HEADS_DIR / f'{today}.jsonl'}")
