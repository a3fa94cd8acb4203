"""Texts the gate refused to send: kept for their writer, given back on the page they were written on."""

from datetime import datetime

from accounts.models import User
from privacy.models import Draft


def keep_draft(user: User, path: str, text: str, *, at: datetime) -> None:
    """Keep what someone was writing on a page; a later text on the same page takes its place."""
    Draft.objects.update_or_create(user=user, path=path, defaults={"text": text, "kept_at": at})


def draft_for(user: User, path: str) -> str:
    """Return the text kept for a page, or an empty one."""
    return Draft.objects.filter(user=user, path=path).values_list("text", flat=True).first() or ""


def drop_draft(user: User, path: str) -> None:
    """Forget the text kept for a page: it has been sent."""
    Draft.objects.filter(user=user, path=path).delete()
