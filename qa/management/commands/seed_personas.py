"""Makes the personas that are missing; run again, it changes nothing that is there."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from qa.making import AddressTaken, make
from qa.personas import PERSONAS, NothingAsked


class Command(BaseCommand):
    """`manage.py seed_personas`."""

    help = "Make QA's personas, each in its state, by the actions of the site."

    def handle(self, *args: Any, **options: Any) -> None:
        """Make who is missing, each whole or not at all."""
        if not settings.QA_TOOLS:
            raise CommandError("seed_personas makes accounts that anyone can become: it runs with QA_TOOLS=on only.")
        missing = [persona for persona in PERSONAS.values() if persona.account() is None]
        try:
            for persona in missing:
                make(persona)
        except NothingAsked:
            raise CommandError("There is no material update to ask personas about: run seed_demo first.") from None
        except AddressTaken as taken:
            raise CommandError(f"{taken} Give it another or delete it; then run this again.") from None
        made = ", ".join(persona.slug for persona in missing)
        self.stdout.write(f"Personas made: {made}." if made else "The personas are there already.")
