"""Says what can be seen in the demo, and how: what `make run` prints before it serves."""

from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from accounts import clock
from conversations.demo import ADMIN, PASSWORD
from privacy.models import PolicyUpdate

GUIDE = """
  {product_now}

  Open    {url}
  Admin   {url}admin/ as {admin}: policy updates, the roll-out, training runs{qa}
  Sign in, everyone's password is {password}
    alice@example.com, ben@, mei@      Free, Pro, Max, since before the announcement; mei reads Chinese
    nora@example.com, paul@, lin@      Free, Pro, Max, joined after it, on 3 September; lin reads Chinese
    ada@example.com                    Pro, allows training; from October 2025 on, in a training run
    tara@example.com, erin@, gus@,     Team, Enterprise, Gov,
    edda@, api@                        Education, API: never asked

  Other days
    make run NOW=2025-08-01T09:00Z     before the announcement: nobody is asked
    make run NOW=2025-09-10T09:00Z     the pop-up, for alice; the second step of signing up, for nora
    make run NOW=2025-09-29T11:59Z     a minute before the deadline: wait, and the gate closes
    make run                           today: whoever has not answered is gated

  Mails appear below. Ctrl-C stops it; the data stays in var/.
"""


class Command(BaseCommand):
    """`manage.py demo_guide`."""

    help = "Say what can be seen in the demo, and how."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take the address the demo is served on."""
        parser.add_argument("url", help="where the demo is served, with a slash at the end")

    def handle(self, *args: Any, **options: Any) -> None:
        """Print the guide."""
        url = options["url"]
        qa = f"\n  QA      {url}qa/ to become anyone at any instant (docs/qa.md)" if settings.QA_TOOLS else ""
        guide = GUIDE.format(product_now=product_now(), url=url, qa=qa, admin=ADMIN, password=PASSWORD)
        self.stdout.write(guide)


def product_now() -> str:
    """Return which day it is in the demo, and where that stands in the update that is asked."""
    now = clock.now()
    day = f"In the demo it is {now:%Y-%m-%d %H:%M} UTC"
    update = PolicyUpdate.objects.filter(published_at__isnull=False).material().first()
    if update is None:
        return f"{day}."
    if now < update.announced_at:
        return f"{day}: the update is announced on {update.announced_at:%Y-%m-%d}."
    if now < update.deadline:
        return f"{day}: the question is open until {update.last_day} has ended everywhere."
    return f"{day}: the last day, {update.last_day}, has ended."
