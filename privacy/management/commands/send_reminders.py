"""Sends the letters before a deadline; run hourly by the Celery schedule, or by cron."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from tqdm import tqdm

from accounts import clock
from accounts.journal import Behind
from privacy.reminders import occasions, recipients, send_letters, unclear


class Command(BaseCommand):
    """`manage.py send_reminders`."""

    help = "Send the letters that are due before a deadline, each to each person at most once."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take whether only to say what is due."""
        parser.add_argument("--dry-run", action="store_true", help="only say how many letters are due")

    def handle(self, *args: Any, **options: Any) -> None:
        """Send, or only say what is due."""
        at = clock.now()
        due = {str(occasion): recipients(occasion, at).count() for occasion in occasions(at)}
        if options["dry_run"]:
            said = [f"{count:,} letters are due ({occasion})." for occasion, count in due.items()]
            self.stdout.write("\n".join(said) or "No letters are due.")
        else:
            self._send(sum(due.values()))
        if lost := unclear().count():
            self.stdout.write(f"{lost:,} letters were begun and are not known to have been sent (`Letter`).")

    def _send(self, total: int) -> None:
        with tqdm(total=total, unit=" letters", disable=None) as bar:
            try:
                report = send_letters(on_letter=bar.update)
            except Behind as behind:
                raise CommandError(str(behind)) from None
            except OSError as error:
                raise CommandError(
                    f"The mail server takes nothing ({type(error).__name__}). What is left goes out with the next run."
                ) from error
        self.stdout.write(f"Sent: {report.sent:,}. Not sent: {report.not_sent:,}.")
