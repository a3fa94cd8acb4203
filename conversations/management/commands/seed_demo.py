"""Fills an empty database with what the demo needs; run again, it changes nothing that is there."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from allauth.account.models import EmailAddress
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction
from django.utils import translation

from accounts import clock
from accounts.models import Plan, User
from conversations.actions import start_conversation
from conversations.assistant import connected_assistant
from conversations.demo import ADMIN, BEFORE, PASSWORD
from conversations.models import Conversation, ConversationKind
from conversations.replies import answer_message
from privacy.models import PolicyDocument, PolicyUpdate
from privacy.publication import publish

TEXTS = Path(settings.BASE_DIR) / "privacy" / "texts"
AFTER = datetime(2025, 9, 3, 9, tzinfo=UTC)
FIRST = datetime(2025, 1, 15, 0, tzinfo=UTC)
ANNOUNCED = datetime(2025, 8, 28, 16, tzinfo=UTC)

UPDATES: tuple[dict[str, Any], ...] = (
    {
        "version": "2025-01-15",
        "announced_at": FIRST,
        "last_day": date(2025, 1, 15),
        "is_material": False,
    },
    {
        "version": "2025-08-28",
        "announced_at": ANNOUNCED,
        "last_day": date(2025, 9, 28),
        "is_material": True,
        "rollout_percentage": 100,
        "reminder_days": "14, 7, 1",
    },
)

# Who joined when, on which plan, in which language: one of each plan from before the announcement, and
# newcomers after it.
PEOPLE: tuple[tuple[str, Plan, datetime, str, str], ...] = (
    ("alice@example.com", Plan.FREE, BEFORE, "en", "America/New_York"),
    ("ben@example.com", Plan.PRO, BEFORE, "en", "Europe/Berlin"),
    ("mei@example.com", Plan.MAX, BEFORE, "zh-hans", "Asia/Shanghai"),
    ("tara@example.com", Plan.TEAM, BEFORE, "en", "Europe/London"),
    ("erin@example.com", Plan.ENTERPRISE, BEFORE, "en", "UTC"),
    ("gus@example.com", Plan.GOV, BEFORE, "en", "America/Chicago"),
    ("edda@example.com", Plan.EDUCATION, BEFORE, "en", "Europe/Vienna"),
    ("api@example.com", Plan.API, BEFORE, "en", "UTC"),
    ("nora@example.com", Plan.FREE, AFTER, "en", "Europe/Paris"),
    ("paul@example.com", Plan.PRO, AFTER, "en", "Australia/Sydney"),
    ("lin@example.com", Plan.MAX, AFTER, "zh-hans", "Asia/Shanghai"),
)
# Their conversations are as old as this, so that what is past its date does not leave the demo empty.
LATELY = timedelta(days=2)
HELLO = {"en": "Hello, plan a weekend hike with me.", "zh-hans": "你好，帮我想一个周末徒步的计划。"}
WORKSPACE = {"en": "trail-planner", "zh-hans": "徒步规划"}
CODE = {"en": "Why does this test fail on Mondays?", "zh-hans": "为什么这个测试每逢周一就失败?"}


class Command(BaseCommand):
    """`manage.py seed_demo`."""

    help = "Fill the demo: two policy updates in two languages, and people of each plan."

    def handle(self, *args: Any, **options: Any) -> None:
        """Make what is missing, all of it or nothing."""
        if not settings.DEMO:
            raise CommandError("seed_demo makes accounts with a known password: it runs with DEMO=on only.")
        with transaction.atomic():
            made = [version for fields in UPDATES if (version := self.make_update(fields))]
            made += self.make_people()
        self.stdout.write(f"Seeded: {', '.join(made)}." if made else "The demo data is there already.")

    def make_update(self, fields: dict[str, Any]) -> str:
        """Make and publish one policy update with its documents, and return its version; empty if it is there."""
        if PolicyUpdate.objects.filter(pk=fields["version"]).exists():
            return ""
        update = PolicyUpdate.objects.create(**fields)
        for path in sorted((TEXTS / update.version).glob("*/*.md")):
            PolicyDocument.objects.create(
                update=update, kind=path.stem, language=path.parent.name, markdown=path.read_text(encoding="utf-8")
            )
        publish(update, by=None, at=update.announced_at)
        return update.version

    def make_conversations(self, user: User, *, at: datetime) -> None:
        """Give someone who has nothing to see a chat and a coding session."""
        if Conversation.objects.for_user(user, clock.now()).exists():
            return
        chat = start_conversation(user, HELLO[user.language], at=at)
        coding = start_conversation(
            user, CODE[user.language], at=at, kind=ConversationKind.CODING_SESSION, workspace=WORKSPACE[user.language]
        )
        with translation.override(user.language):
            for message in (chat, coding):
                answer_message(message, connected_assistant(), at=lambda: at)

    def make_people(self) -> Iterator[str]:
        """Make who is missing, each with a confirmed address, and something to see for who has nothing."""
        for email, plan, joined, language, zone in PEOPLE:
            user = User.objects.filter(email=email).first()
            if user is None and joined <= clock.now():
                user = User.objects.create_user(
                    email, PASSWORD, plan=plan, created_at=joined, language=language, time_zone=zone
                )
                EmailAddress.objects.create(user=user, email=email, verified=True, primary=True)
                yield email
            if user is not None:
                self.make_conversations(user, at=max(joined, clock.now() - LATELY))
        if not User.objects.filter(email=ADMIN).exists():
            admin = User.objects.create_superuser(ADMIN, PASSWORD, created_at=BEFORE)
            EmailAddress.objects.create(user=admin, email=ADMIN, verified=True, primary=True)
            yield ADMIN
