"""Verifies the evidence, and names the first row that is broken."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from privacy.verification import verify


class Command(BaseCommand):
    """`manage.py verify_ledger`."""

    help = "Verify every chain of consent records, every notice, every state and the daily heads."

    def handle(self, *args: Any, **options: Any) -> None:
        """Say what was verified, or which row is broken, with exit code 1."""
        report = verify()
        if report.first is not None:
            others = f" ({report.findings - 1} more with it)" if report.findings > 1 else ""
            raise CommandError(f"BROKEN: {report.first}{others}")
        self.stdout.write(
            f"Verified. People: {report.people:,}, records: {report.records:,}, notices: {report.notices:,},"
            f" heads: {report.heads:,}."
        )
        if report.lost:
            self.stdout.write(f"Heads of records known to be lost, as LEDGER_HEADS_DIR says: {report.lost:,}.")
        if report.last_file:
            self.stdout.write(f"Compare with your copy: {report.last_file} has the SHA-256 {report.last_sha256}.")
