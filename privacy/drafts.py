"""Texts that were being written when an answer, or signing in, was asked for first.

They are kept for their writer, and given back on the page they were written on.
"""

from datetime import datetime, timedelta
from typing import Any

from django.core.signing import BadSignature, TimestampSigner
from django.db import transaction
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
# What a form carries that was filled with a draft: its id.
DRAFT = "draft"


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
    # A browser sends each line with an end of its own: what it was given back, and sends again, is to be the same text.
    return request.POST.get(KEPT_FIELDS[match.view_name][0], "").replace("\0", "").replace("\r\n", "\n")


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
    earlier = draft_for(user, path, at=at) or Draft()
    private = private or earlier.is_private
    if f"\n\n{text}\n\n" in f"\n\n{earlier.text}\n\n":
        Draft.objects.filter(pk=earlier.pk).update(is_private=private, kept_at=at)
    else:
        text = f"{earlier.text}\n\n{text}" if earlier.text else text
        # A row of its own: sending a form that was filled with less is not to drop what has come since.
        Draft.objects.filter(user=user, path=path).delete()
        Draft.objects.create(user=user, path=path, text=text[-LONGEST_KEPT:], is_private=private, kept_at=at)
    lately = Draft.objects.filter(user=user, kept_at__gt=at - KEPT_FOR).order_by("-kept_at", "-pk")
    kept = list(lately.values_list("pk", flat=True)[:MOST_KEPT])
    Draft.objects.filter(user=user).exclude(pk__in=kept).delete()


def draft_for(user: User, path: str, *, at: datetime) -> Draft | None:
    """Return what was kept for a page, or None. It is kept for 30 days."""
    return Draft.objects.filter(user=user, path=path, kept_at__gt=at - KEPT_FOR).first()


def typed_again(draft: Draft | None, field: str = "text") -> dict[str, Any]:
    """Return what fills a form with what was kept: the text, whether it was to be private, and which draft it is."""
    return {field: draft.text, PRIVATE: draft.is_private, DRAFT: draft.pk} if draft else {}


def drop_draft(user: User, draft: int | None) -> None:
    """Forget the draft that a form was filled with: it has been sent. What else is kept for that page stays."""
    if draft is not None:
        Draft.objects.filter(user=user, pk=draft).delete()
