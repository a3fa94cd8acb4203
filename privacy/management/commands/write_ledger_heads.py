"""Writes how far each person's chain of evidence has come to a file outside the database, once a day."""

from datetime import UTC
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from privacy.heads import HeadsError, write_heads


class Command(BaseCommand):
    """`manage.py write_ledger_heads`."""

    help = "Write the heads of the chains that have moved to today's file in LEDGER_HEADS_DIR."

    def handle(self, *args: Any, **options: Any) -> None:
        """Write the file, and say how many heads went into it."""
        # The real clock: the files are evidence of when they were written, wherever the product's clock stands.
        today = timezone.now().astimezone(UTC).date()
        try:
            moved = write_heads(today)
        except (HeadsError, OSError) as error:
            raise CommandError(f"Nothing was written: {error}") from error
        self.stdout.write(f"{moved} chains have moved: {settings.LEDGER_HEADS_DIR / f'{today}.jsonl'}")
