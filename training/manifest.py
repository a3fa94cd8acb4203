"""What is in a run: its rows are frozen by one statement, and taken out as sets; none is ever added later.

Which messages of a conversation are exported is decided here too, once, for the count and for the files (rule C3).
"""

import uuid
from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime

from django.db import connection, transaction
from django.db.models import Count, Exists, F, OuterRef, Q, QuerySet, Subquery, Sum

from accounts.models import User
from conversations.eligibility import Reason
from conversations.models import Conversation, Message
from privacy.models import ConsentRecord, CoverageReading, Kind, Training
from training.models import ManifestRow, Removal, Shard, State, TrainingRun

# Runs that hold something: a draft has no rows that stay, and a cancelled run none at all.
SEEN = (State.PREPARED, State.STARTED, State.FINISHED)
# Conversations in one file. As much is lost when the task that writes it is killed: a minute or so.
SHARD_SIZE = 10_000

# An id that leads nowhere (UUID version 4), made by the database that makes the row.
_NEW_ID = {
    "postgresql": "gen_random_uuid()",
    "sqlite": "lower(hex(randomblob(6)) || '4' || substr(hex(randomblob(2)), 2) || '8' || substr(hex(randomblob(2)), 2)"
    " || hex(randomblob(6)))",
}
# What an eligible conversation has of messages, by the reading under which its owner allows. Its rows are numbered
# in the order of ids that mean nothing, so that a file says nothing of when something was written.
_FREEZE = """
INSERT INTO training_manifestrow (run_id, shard, export_id, conversation, record_id, messages, last_message, sha256)
SELECT %s, (ROW_NUMBER() OVER (ORDER BY counted.id) - 1) / {size}, {new_id}, counted.id, counted.record,
       counted.messages, counted.last_message, ''
FROM (
    SELECT eligible.id, eligible.record, COUNT(*) AS messages, MAX(message.id) AS last_message
    FROM ({eligible}) eligible JOIN conversations_message message ON message.conversation_id = eligible.id
    WHERE message.training = '{allow}' OR (message.training <> '{refuse}' AND eligible.reading <> '{narrow}')
    GROUP BY eligible.id, eligible.record
) counted
"""


def is_exported(message: Message, row: ManifestRow) -> bool:
    """Return whether a message of a row's conversation is exported. The statement above counts the same.

    What was written under *refuse* never is: no means no. What was written after the freeze is not in the run.
    """
    if message.pk > row.last_message or message.training == Training.REFUSE:
        return False
    is_narrow = row.record.update.coverage_reading == CoverageReading.MESSAGE
    return message.training == Training.ALLOW or not is_narrow


def freeze(run: TrainingRun, at: datetime) -> int:
    """Write the rows of a run's manifest and its shards, and return how many rows there are."""
    eligible, values = _eligible(at).query.sql_with_params()
    statement = _FREEZE.format(
        size=SHARD_SIZE,
        new_id=_NEW_ID[connection.vendor],
        eligible=eligible,
        allow=Training.ALLOW,
        refuse=Training.REFUSE,
        narrow=CoverageReading.MESSAGE,
    )
    key = TrainingRun._meta.get_field("id").get_db_prep_value(run.pk, connection)
    with connection.cursor() as cursor:
        cursor.execute(statement, [key, *values])
    found = run.rows.values("shard").annotate(conversations=Count("pk"), messages=Sum("messages"))
    shards = [
        Shard(run=run, number=row["shard"], conversations=row["conversations"], messages=row["messages"])
        for row in found
    ]
    Shard.objects.bulk_create(shards)
    return sum(shard.conversations for shard in shards)


def _eligible(at: datetime) -> QuerySet[Conversation, tuple[object, ...]]:
    """Return what is eligible, with the consent record in force and the reading its owner has allowed under."""
    allows = ConsentRecord.objects.filter(principal=OuterRef("user__principal"), kind=Kind.TRAINING_ALLOWED)
    found = Conversation.objects.eligible(at).annotate(
        record=Subquery(allows.order_by("-sequence").values("pk")[:1]),
        reading=F("user__consent_state__answered_update__coverage_reading"),
    )
    return found.values_list("id", "record", "reading")


def count_by_reason(at: datetime) -> dict[str, int]:
    """Return how many conversations there are, by the first reason that keeps them out; "" is none."""
    judged = Conversation.objects.with_reason(at).order_by()
    return dict(judged.values_list("reason").annotate(count=Count("pk")))  # type: ignore[misc]  # with_reason adds it


# Taking out


def note_removal(user: User, conversation: uuid.UUID | None) -> list[uuid.UUID]:
    """Note that runs which have not started must not hold something any more, and return the keys of those runs.

    `conversation` is None if it is everything of someone. It is part of the act's transaction, so what is put back
    afterwards is not put back into a run.
    """
    open_ = TrainingRun.objects.filter(state__in=[State.DRAFT, State.PREPARED], frozen_at__isnull=False)
    keys = open_.values_list("pk", flat=True)
    removals = [Removal(run_id=key, person=user.pk, conversation=conversation) for key in keys]
    Removal.objects.bulk_create(removals)
    return [removal.run_id for removal in removals]


def removed(run: TrainingRun, removals: QuerySet[Removal]) -> QuerySet[ManifestRow]:
    """Return the rows that removals name, whatever holds of their conversations now."""
    people = removals.filter(conversation__isnull=True).values("person")
    theirs = Conversation.objects.filter(user__in=people).values("pk")
    named = removals.filter(conversation__isnull=False).values("conversation")
    return run.rows.filter(Q(conversation__in=named) | Q(conversation__in=theirs))


def ineligible(run: TrainingRun, at: datetime) -> QuerySet[ManifestRow]:
    """Return the rows whose conversations may not be used at an instant, or are not there any more."""
    return run.rows.exclude(Exists(Conversation.objects.eligible(at).filter(pk=OuterRef("conversation"))))


def count_to_take_out(run: TrainingRun, at: datetime) -> dict[str, int]:
    """Return how many conversations a start would take out of a run now, by the first reason; "" is a noted removal.

    What is not in the database any more counts as deleted.
    """
    held = run.rows.filter(conversation=OuterRef("pk"))
    judged = Conversation.objects.with_reason(at).filter(Exists(held)).order_by()
    counts = dict(judged.values_list("reason").annotate(count=Count("pk")))  # type: ignore[misc]  # with_reason adds it
    counts.pop(Reason.NONE, None)
    gone = run.rows.exclude(Exists(Conversation.objects.filter(pk=OuterRef("conversation")))).count()
    if gone:
        counts[Reason.DELETED] = counts.get(Reason.DELETED, 0) + gone
    eligible = Exists(Conversation.objects.eligible(at).filter(pk=OuterRef("conversation")))
    if noted := removed(run, run.removals.all()).filter(eligible).count():
        counts[Reason.NONE] = noted
    return counts


@transaction.atomic
def take_out(run: TrainingRun, rows: QuerySet[ManifestRow]) -> list[Shard]:
    """Take rows out of a run that has not started, and return the shards that held them, as they were.

    The caller removes their files once this is committed. The run's row is locked.
    """
    found = rows.order_by().values_list("shard").annotate(conversations=Count("pk"), messages=Sum("messages"))
    held = {number: (conversations, messages) for number, conversations, messages in found}
    if not held:
        return []
    rows._raw_delete(rows.db)
    shards = list(run.shards.select_for_update(no_key=True).filter(number__in=held))
    before = [Shard(run_id=run.pk, number=shard.number, version=shard.version) for shard in shards]
    for shard in shards:
        conversations, messages = held[shard.number]
        shard.version += 1
        shard.conversations -= conversations
        shard.messages -= messages
        shard.written_at, shard.sha256, shard.size, shard.masked = None, "", 0, {}
    Shard.objects.bulk_update(
        shards, ["version", "conversations", "messages", "written_at", "sha256", "size", "masked"], batch_size=500
    )
    run.filed_at = None
    run.taken_out += sum(conversations for conversations, _messages in held.values())
    run.save(update_fields=["filed_at", "taken_out"])
    return before


# What people see


def runs_of(conversations: Iterable[Conversation]) -> dict[uuid.UUID, list[str]]:
    """Return the runs that hold some conversations, in words, by conversation.

    A run that has not started holds only what may still be used: `reason` is what `with_reason` has added.
    """
    reasons = {conversation.pk: conversation.reason for conversation in conversations}
    found = ManifestRow.objects.filter(conversation__in=reasons, run__state__in=SEEN).select_related("run")
    runs: dict[uuid.UUID, list[str]] = defaultdict(list)
    for row in found.order_by("run__created_at"):
        if row.run.state != State.PREPARED or not reasons[row.conversation]:
            runs[row.conversation].append(row.run.in_words())
    return runs
