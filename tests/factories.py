"""Plain functions that make what tests are about, through the same actions as the site.

The instants are those of the update that ships, and everything else is told from them: who joined before the
announcement was there before, who joined after it is new.
"""

import uuid
from datetime import UTC, date, datetime, timedelta
from typing import Any

from allauth.account.models import EmailAddress
from django.conf import settings
from django.utils import translation

from accounts.models import Plan, User
from conversations.actions import start_conversation
from conversations.models import Conversation, ConversationKind
from privacy import actions
from privacy.models import ConsentState, DocumentKind, Method, PolicyDocument, PolicyUpdate, Surface, Training
from privacy.publication import publish
from privacy.question import question_for
from privacy.standing import standing_of
from privacy.tokens import FormToken

SECOND = timedelta(seconds=1)

LONG_BEFORE = datetime(2025, 3, 3, 9, tzinfo=UTC)
ANNOUNCED = datetime(2025, 8, 28, 16, tzinfo=UTC)
# Between the announcement and the deadline: the pop-up's time, and newcomers' first day.
MEANWHILE = datetime(2025, 9, 10, 9, tzinfo=UTC)
LAST_DAY = date(2025, 9, 28)
# The instant at which the last day has ended at UTC-12, and with it everywhere.
DEADLINE = datetime(2025, 9, 29, 12, tzinfo=UTC)
AFTERWARDS = datetime(2025, 10, 6, 9, tzinfo=UTC)

VERSION = "2025-08-28"
PASSWORD = "correct-horse-battery"


def make_user(
    email: str = "someone@example.com",
    *,
    plan: Plan = Plan.FREE,
    joined_at: datetime = LONG_BEFORE,
    password: str = PASSWORD,
    **fields: Any,
) -> User:
    """Make an account with a confirmed address; on a commercial plan it is made, not joined, at `joined_at`."""
    user = User.objects.create_user(email, password, plan=plan, created_at=joined_at, **fields)
    EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)
    return user


def make_staff(email: str = "staff@example.com", **fields: Any) -> User:
    """Make an account that may do everything in the admin."""
    return make_user(email, is_staff=True, is_superuser=True, **fields)


def make_update(
    version: str = VERSION,
    *,
    announced_at: datetime = ANNOUNCED,
    last_day: date = LAST_DAY,
    rollout_percentage: int = 100,
    published: bool = True,
    **fields: Any,
) -> PolicyUpdate:
    """Make a material policy update with short documents in every language, published at its announcement."""
    update = PolicyUpdate.objects.create(
        version=version, announced_at=announced_at, last_day=last_day, rollout_percentage=rollout_percentage, **fields
    )
    PolicyDocument.objects.bulk_create(
        PolicyDocument(
            update=update,
            kind=kind,
            language=language,
            markdown=f"# {kind.value} {version} {language}\n\n{{product}}: {{last_day}}, {{allow_retention}}.",
        )
        for kind in DocumentKind
        for language, _name in settings.LANGUAGES
    )
    return publish(update, by=None, at=announced_at) if published else update


def shown_token(
    user: User,
    *,
    at: datetime,
    surface: Surface | None = None,
    language: str = "en",
    method: Method = Method.BUTTON,
) -> FormToken:
    """Show someone the question and return the token of its form.

    Without a surface it is the one on which the question would come to them, or settings once they have answered.
    """
    standing = standing_of(user, at)
    if surface is None:
        surface = Surface.SETTINGS if standing.has_answered or not standing.is_asked else standing.surface
    with translation.override(language):
        question = question_for(standing, surface)
    assert question is not None, f"{user} is not asked anything on {surface}"
    actions.record_shown(user, question, gpc=False, at=at)
    return FormToken.issue(
        user,
        notice=question.notice_hash,
        surface=surface,
        last_receipt=standing.state.last_receipt,
        offers=question.offers,
        method=method,
    )


def answer_as(
    user: User,
    training: Training | None,
    *,
    terms: bool = True,
    at: datetime = MEANWHILE,
    surface: Surface | None = None,
    language: str = "en",
) -> uuid.UUID:
    """Have someone shown the question and answer it, and return the receipt."""
    token = shown_token(user, at=at, surface=surface, language=language)
    return actions.answer(user, token, terms=terms, training=training, gpc=False, at=at)


def defer_as(user: User, *, at: datetime = MEANWHILE, method: Method = Method.BUTTON) -> ConsentState:
    """Have someone shown the pop-up and say "Not now", and return their state."""
    token = shown_token(user, at=at, surface=Surface.POP_UP, method=method)
    return actions.defer(user, token, method=method, gpc=False, at=at)


def make_conversation(
    user: User,
    text: str = "Plan a weekend hike with me.",
    *,
    at: datetime = MEANWHILE,
    kind: ConversationKind = ConversationKind.CHAT,
) -> Conversation:
    """Make a conversation with one message of its owner."""
    return start_conversation(user, text, at=at, kind=kind).conversation
