"""Texts the gate refused to send: kept for their writer, given back on the page they were written on."""

from datetime import datetime, timedelta

from django.core.signing import BadSignature, TimestampSigner

from accounts.models import User
from privacy.models import Draft

WRITER_SALT = "privacy.draft"
# As long as a session lasts: a page can't have been open for longer and still be someone's.
WRITER_AGE = timedelta(days=14)
KEPT_FOR = timedelta(days=30)


def writer_token(user: User) -> str:
    """Return what a form with a kept field carries, so that its text finds its writer after a lost session."""
    return TimestampSigner(salt=WRITER_SALT).sign(str(user.principal))


def writer_of(token: str) -> User | None:
    """Return whom a writer token was made for, or None."""
    try:
        principal = TimestampSigner(salt=WRITER_SALT).unsign(token, max_age=WRITER_AGE)
    except BadSignature:
        return None
    return User.objects.filter(principal=principal, is_active=True).first()


def keep_draft(user: User, path: str, text: str, *, at: datetime) -> None:
    """Keep what someone was writing on a page; what was written there in another tab stands before it."""
    earlier = draft_for(user, path, at=at)
    if text not in earlier:
        text = f"{earlier}\n\n{text}" if earlier else text
        Draft.objects.update_or_create(user=user, path=path, defaults={"text": text, "kept_at": at})


def draft_for(user: User, path: str, *, at: datetime) -> str:
    """Return the text kept for a page, or an empty one. It is kept for 30 days."""
    drafts = Draft.objects.filter(user=user, path=path, kept_at__gt=at - KEPT_FOR)
    return drafts.values_list("text", flat=True).first() or ""


def drop_draft(user: User, path: str) -> None:
    """Forget the text kept for a page: it has been sent."""
    Draft.objects.filter(user=user, path=path).delete()
