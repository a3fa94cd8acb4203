"""Fills the demo with someone who allows training and with runs that hold what is theirs: after `seed_demo`."""

from datetime import UTC, datetime, timedelta
from typing import Any

from allauth.account.models import EmailAddress
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from accounts import clock
from accounts.models import Plan, User
from conversations.actions import start_conversation
from conversations.assistant import connected_assistant
from conversations.demo import ADMIN, BEFORE, PASSWORD
from conversations.models import ConversationKind
from conversations.replies import answer_message
from privacy.actions import answer, record_shown
from privacy.models import Method, Surface, Training
from privacy.question import question_for
from privacy.standing import standing_of
from privacy.tokens import FormToken
from training import actions, filing
from training.models import Purpose, TrainingRun

# From when on the demo has runs: the first was made on that day.
FIRST_RUN = datetime(2025, 10, 6, 9, tzinfo=UTC)
ALLOWS = "ada@example.com"
ALLOWED = datetime(2025, 9, 10, 9, tzinfo=UTC)
# Prepared lately, since a run that is not started in time cancels itself.
LATELY = timedelta(hours=2)
WRITTEN_IN_TIME = (
    (ConversationKind.CHAT, "What do I pack for a weekend hike? Send the list to ada@example.com.", ""),
    (ConversationKind.CODING_SESSION, "Why does this test fail on Mondays?", "trail-planner"),
)
WRITTEN_LATER = (ConversationKind.CHAT, "How long is the trail round the lake?", "")


class Command(BaseCommand):
    """`manage.py seed_runs`."""

    help = "Fill the demo, from October 2025 on: someone who allows training, a started run and a prepared one."

    def handle(self, *args: Any, **options: Any) -> None:
        """Make all of it, unless there are runs."""
        if not settings.DEMO:
            raise CommandError("seed_runs makes an account with a known password: it runs with DEMO=on only.")
        now = clock.now()
        if now < FIRST_RUN + LATELY or TrainingRun.objects.exists():
            return
        staff = User.objects.get(email=ADMIN)
        with transaction.atomic():
            ada = make_person()
            for written in WRITTEN_IN_TIME:
                make_conversation(ada, *written, at=ALLOWED + timedelta(days=1))
        run = make_run(staff, Purpose.MODEL_IMPROVEMENT, "The autumn model.", at=FIRST_RUN)
        actions.start_run(
            run, staff, at=lambda: FIRST_RUN + timedelta(hours=1), reason="Checked with the privacy team."
        )
        make_conversation(ada, *WRITTEN_LATER, at=max(FIRST_RUN + timedelta(hours=1), now - timedelta(days=2)))
        make_run(staff, Purpose.SAFETY_CLASSIFIERS, "The next classifiers.", at=now - LATELY)
        self.stdout.write(f"Seeded: {ALLOWS}, a started training run and a prepared one.")


def make_person() -> User:
    """Make someone who allows training."""
    user = User.objects.filter(email=ALLOWS).first()
    if user is None:
        user = User.objects.create_user(ALLOWS, PASSWORD, plan=Plan.PRO, created_at=BEFORE, time_zone="Europe/London")
        EmailAddress.objects.create(user=user, email=ALLOWS, verified=True, primary=True)
        allow(user, at=ALLOWED)
    return user


def allow(user: User, *, at: datetime) -> None:
    """Have someone shown the pop-up, and allow training there."""
    standing = standing_of(user, at)
    question = question_for(standing, Surface.POP_UP)
    assert question is not None
    record_shown(user, question, gpc=False, at=at)
    token = FormToken.issue(
        user,
        notice=question.notice_hash,
        surface=Surface.POP_UP,
        last_receipt=standing.state.last_receipt,
        offers=question.offers,
        method=Method.BUTTON,
    )
    answer(user, token, terms=True, training=Training.ALLOW, gpc=False, at=at)


def make_conversation(user: User, kind: ConversationKind, text: str, workspace: str, *, at: datetime) -> None:
    """Make a conversation of one question and its reply."""
    message = start_conversation(user, text, at=at, kind=kind, workspace=workspace)
    answer_message(message, connected_assistant(), at=lambda: at)


def make_run(staff: User, purpose: Purpose, reason: str, *, at: datetime) -> TrainingRun:
    """Make a run, prepared and with its files."""
    run = actions.create_run(staff, purpose, at=at, reason=reason)
    actions.prepare_run(run, staff, at=at)
    filing.write_files(run)
    run.refresh_from_db()
    return run
