"""Counts everyone for the roll-out page anew; the schedule counts whoever changes."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand
from tqdm import tqdm

from accounts.models import User
from privacy.counting import count_all, count_due


class Command(BaseCommand):
    """`manage.py count_rollout`."""

    help = "Count everyone anew for the roll-out page, from the raw tables. A count that was interrupted goes on."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take whether to begin again."""
        parser.add_argument("--anew", action="store_true", help="begin again, though a count was interrupted")

    def handle(self, *args: Any, **options: Any) -> None:
        """Count, and say how many people were counted."""
        people = 0
        with tqdm(total=User.objects.count(), unit=" people", disable=None) as bar:
            for counted in count_all(anew=options["anew"]):
                people += counted
                bar.update(counted)
        while count_due():
            pass
        self.stdout.write(f"Counted: {people:,} people.")
