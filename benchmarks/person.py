"""Someone who has answered: the one whose requests must cost nothing."""

from datetime import UTC, datetime
from decimal import Decimal

from django.utils import timezone, translation
from termsandconditions.models import (  # type: ignore[import-not-found, unused-ignore]  # in the benchmark's own environment only
    TermsAndConditions,
    UserTermsAndConditions,
)

from accounts.models import User
from benchmarks.update import ANNOUNCED, published_update
from conversations.actions import start_conversation
from privacy.actions import answer, record_shown
from privacy.models import Surface, Training
from privacy.question import question_for
from privacy.standing import standing_of
from privacy.tokens import FormToken

JOINED = datetime(2025, 3, 3, tzinfo=UTC)
ANSWERED = datetime(2025, 9, 1, tzinfo=UTC)


def settled_person() -> User:
    """Return a person with twenty chats who has answered the question, and agreed to the peer's terms."""
    published_update()
    alice = User.objects.create_user("alice@example.com", created_at=JOINED)
    for number in range(20):
        start_conversation(alice, f"Chat number {number}", at=timezone.now())
    _answer(alice)
    terms = TermsAndConditions.objects.create(
        slug="site-terms", name="Terms", version_number=Decimal(1), date_active=ANNOUNCED
    )
    UserTermsAndConditions.objects.create(user=alice, terms=terms)
    return alice


def _answer(user: User) -> None:
    standing = standing_of(user, ANSWERED)
    with translation.override("en"):
        question = question_for(standing, Surface.POP_UP)
    if question is None:
        raise RuntimeError("There is no question to answer.")
    record_shown(user, question, gpc=False, at=ANSWERED)
    token = FormToken.issue(
        user, notice=question.notice_hash, surface=Surface.POP_UP, last_receipt=None, offers=question.offers
    )
    answer(user, token, terms=True, training=Training.ALLOW, gpc=False, at=ANSWERED)
