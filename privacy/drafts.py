"""Texts that were being written when an answer, or signing in, was asked for first.

They are kept for their writer, and given back on the page they were written on.
"""

from datetime import datetime, timedelta
from typing import Any

from django.core.signing import BadSignature, TimestampSigner
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import ResolverMatch, reverse

from accounts import next_url
from accounts.actions import lock_user
from accounts.models import User
from privacy.models import Draft

WRITER_SALT = "privacy.draft"
# As long as a session lasts: a page can't have been open for longer and still be someone's.
WRITER_AGE = timedelta(days=14)
KEPT_FOR = timedelta(days=30)
# More than anyone writes while a gate stands; it is there so that nobody can fill the table.
MOST_KEPT = 20
LONGEST_KEPT = 100_000
# The text field of a refused POST that is kept for its writer, and the route of the page it stands on.
KEPT_FIELDS = {
    "conversations:start": ("text", "conversations:index"),
    "conversations:start_coding": ("text", "conversations:coding"),
    "conversations:write": ("text", "conversations:chat"),
    "conversations:give_feedback": ("comment", "conversations:give_feedback"),
}


# Other acts, and the page each stands on: their own addresses can't be opened.
ACTS = dict.fromkeys(
    ("conversations:reply", "conversations:rename", "conversations:exclude", "conversations:lift_exclusion"),
    "conversations:chat",
)
# The box beside it that nobody should have to remember to tick again.
PRIVATE = "private"


def page_of(match: ResolverMatch, kwargs: dict[str, Any]) -> str:
    """Return the page on which the form of an act stands, or an empty text for a page itself."""
    if match.view_name in ACTS:
        return reverse(ACTS[match.view_name], kwargs=kwargs)
    if match.view_name not in KEPT_FIELDS:
        return ""
    return reverse(KEPT_FIELDS[match.view_name][1], kwargs=kwargs)


def page_address(request: HttpRequest) -> str:
    """Return the address of the page a request is about: its own, or for an act that of the page with its form."""
    match = request.resolver_match
    page = page_of(match, match.kwargs) if match else ""
    address = page or request.get_full_path()
    return address if len(address) <= next_url.LONGEST else request.path


def kept_text(request: HttpRequest) -> str:
    """Return what was typed into the listed text field of a POST, or an empty text."""
    match = request.resolver_match
    if request.method != "POST" or match is None or match.view_name not in KEPT_FIELDS:
        return ""
    return request.POST.get(KEPT_FIELDS[match.view_name][0], "").replace("\0", "")


def is_private(request: HttpRequest) -> bool:
    """Return whether what was typed was to be private."""
    return PRIVATE in request.POST


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


@transaction.atomic
def keep_draft(user: User, path: str, text: str, *, private: bool = False, at: datetime) -> None:
    """Keep what someone was writing on a page; what was written there in another tab stands before it.

    Where one of them was to be private, all of it is. What they have left for too long is forgotten on this occasion,
    and the oldest where there are too many.
    """
    lock_user(user)
    earlier = _kept(user, path, at=at).first() or Draft(user=user, path=path)
    private = private or earlier.is_private
    if text in earlier.text:
        Draft.objects.filter(pk=earlier.pk).update(is_private=private)
    else:
        text = f"{earlier.text}\n\n{text}" if earlier.text else text
        values = {"text": text[-LONGEST_KEPT:], "is_private": private, "kept_at": at}
        Draft.objects.update_or_create(user=user, path=path, defaults=values)
    lately = Draft.objects.filter(user=user, kept_at__gt=at - KEPT_FOR).order_by("-kept_at", "-pk")
    kept = list(lately.values_list("pk", flat=True)[:MOST_KEPT])
    Draft.objects.filter(user=user).exclude(pk__in=kept).delete()


def draft_for(user: User, path: str, *, at: datetime) -> str:
    """Return the text kept for a page, or an empty one. It is kept for 30 days."""
    return _kept(user, path, at=at).values_list("text", flat=True).first() or ""


def start_for(user: User, path: str, *, at: datetime) -> dict[str, Any]:
    """Return what was kept of a form that starts a conversation: the text, and whether it was to be private."""
    kept = _kept(user, path, at=at).values("text", "is_private").first()
    return {"text": kept["text"], PRIVATE: kept["is_private"]} if kept else {}


def _kept(user: User, path: str, *, at: datetime) -> QuerySet[Draft]:
    return Draft.objects.filter(user=user, path=path, kept_at__gt=at - KEPT_FOR)


def drop_draft(user: User, path: str) -> None:
    """Forget the text kept for a page: it has been sent."""
    Draft.objects.filter(user=user, path=path).delete()
