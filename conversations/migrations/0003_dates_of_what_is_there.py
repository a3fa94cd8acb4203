"""Gives the conversations there are what the rules need to know of them: coverage, and a retention date.

Until now none had a date. Each gets the one the rules give it: told from its own last message.
"""

from datetime import datetime, timedelta
from itertools import islice
from typing import Any

from django.db import migrations
from django.db.models import Exists, Max, OuterRef, Q

BATCH = 1000
# What the first policy update says, and the reader of an older conversation has been told.
YEARS, DAYS = 5, 30


def years_after(at: datetime, years: int) -> datetime:
    """Return the same instant of the calendar so many years on."""
    try:
        return at.replace(year=at.year + years)
    except ValueError:
        return at.replace(year=at.year + years, day=28)


def date_what_is_there(apps: Any, _schema_editor: Any) -> None:
    """Give every conversation what the new columns hold."""
    conversations = apps.get_model("conversations", "Conversation").objects
    messages = apps.get_model("conversations", "Message").objects
    commercial = messages.filter(conversation=OuterRef("pk"), plan_class="commercial")
    found = conversations.annotate(
        commercial=Exists(commercial),
        allowed=Max("messages__created_at", filter=Q(messages__role="owner", messages__training="allow")),
    ).select_related("user__consent_state")
    rows = found.order_by("pk").iterator(chunk_size=BATCH)
    while batch := list(islice(rows, BATCH)):
        for conversation in batch:
            set_date(conversation, messages)
        conversations.bulk_update(
            batch, ["allowed_message_at", "has_commercial_message", "expires_at"], batch_size=BATCH
        )


def set_date(conversation: Any, messages: Any) -> None:
    """Set what is known of one conversation."""
    conversation.allowed_message_at = conversation.allowed
    conversation.has_commercial_message = conversation.commercial
    own = messages.filter(conversation=conversation, role="owner").order_by("-pk")
    if own.values_list("plan_class", flat=True).first() == "commercial":
        return
    state = getattr(conversation.user, "consent_state", None)
    allowed_since = state and state.allowed_since
    if allowed_since and conversation.allowed and conversation.allowed >= allowed_since:
        conversation.expires_at = years_after(conversation.last_message_at, YEARS)
    else:
        conversation.expires_at = conversation.last_message_at + timedelta(days=DAYS)


class Migration(migrations.Migration):
    dependencies = [
        ("conversations", "0002_coverage_and_retention"),
        ("privacy", "0002_training_refusals"),
    ]

    operations = [migrations.RunPython(date_what_is_there, migrations.RunPython.noop, elidable=True)]
