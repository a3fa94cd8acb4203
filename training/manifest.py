"""What is in a run: its rows are frozen by one statement, and taken out as sets; none is ever added later.

Which messages of a conversation are exported is decided here too, once, for the count and for the files (rule C3).
"""

import uuid
from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime

from django.db import connection, transaction
from django.db.models import Count, Exists, F, OuterRef, QuerySet, Sum

from accounts.models import User
from conversations.eligibility import Reason
from conversations.models import Conversation, Message
from privacy.models import ConsentRecord, CoverageReading, Kind, Training
from training.models import HOLDS, ManifestRow, Removal, Shard, State, TrainingRun

# Conversations in one file. As much is lost when the task that writes it is killed: a minute or so.
SHARD_SIZE = 10_000

# An id that leads nowhere (UUID version 4), made by the database that makes the row.
_NEW_ID = {
    "postgresql": "gen_random_uuid()",
    "sqlite": "lower(hex(randomblob(6)) || '4' || substr(hex(randomblob(2)), 2) || '8' || substr(hex(randomblob(2)), 2)"
    " || hex(randomblob(6)))",
}
# Each table is read once, from end to end: what is asked of each conversation anew takes three times as long. An owner
# who allows under the narrow reading gives only what was written under *allow*. Rows are numbered in the order of ids
# that mean nothing, so that a file says nothing of when something was written.
_FREEZE = """
INSERT INTO training_manifestrow (run_id, shard, export_id, conversation, record_id, messages, last_message, sha256)
WITH eligible AS MATERIALIZED ({eligible}),
permission AS MATERIALIZED (
    SELECT principal, id AS record, ROW_NUMBER() OVER (PARTITION BY principal ORDER BY sequence DESC) AS age
    FROM privacy_consentrecord WHERE kind = '{allowed}'
),
written AS MATERIALIZED (
    SELECT conversation_id AS id, COUNT(*) AS messages, MAX(id) AS last_message,
           COUNT(*) FILTER (WHERE training = '{allow}') AS narrow_messages,
           MAX(id) FILTER (WHERE training = '{allow}') AS narrow_last_message
    FROM conversations_message WHERE training <> '{refuse}' GROUP BY conversation_id
),
exported AS (
    SELECT id, record, CASE reading WHEN '{narrow}' THEN narrow_messages ELSE messages END AS messages,
           CASE reading WHEN '{narrow}' THEN narrow_last_message ELSE last_message END AS last_message
    FROM eligible JOIN permission USING (principal) JOIN written USING (id) WHERE age = 1
)
SELECT %s, (ROW_NUMBER() OVER (ORDER BY id) - 1) / {size}, {new_id}, id, record, messages, last_message, ''
FROM exported WHERE messages > 0
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
        allowed=Kind.TRAINING_ALLOWED,
        allow=Training.ALLOW,
        refuse=Training.REFUSE,
        narrow=CoverageReading.MESSAGE,
    )
    key = TrainingRun._meta.get_field("id").get_db_prep_value(run.pk, connection)
    with connection.cursor() as cursor:
        cursor.execute(statement, [*values, key])
    found = run.rows.values("shard").annotate(conversations=Count("pk"), messages=Sum("messages"))
    shards = [
        Shard(run=run, number=row["shard"], conversations=row["conversations"], messages=row["messages"])
        for row in found
    ]
    Shard.objects.bulk_create(shards)
    return sum(shard.conversations for shard in shards)


def _eligible(at: datetime) -> QuerySet[Conversation, tuple[object, ...]]:
    """Return what is eligible, with its owner's principal and the reading under which they allow."""
    found = Conversation.objects.eligible(at).annotate(
        principal=F("user__principal"), reading=F("user__consent_state__answered_update__coverage_reading")
    )
    return found.values_list("id", "principal", "reading")


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
    """Return the rows that removals name, whatever holds of their conversations now.

    Whose they are is told by what they rest on: an account that was closed may have been erased meanwhile.
    """
    people = User.objects.filter(pk__in=removals.filter(conversation__isnull=True).values("person"))
    allowed = ConsentRecord.objects.filter(principal__in=people.values("principal"), kind=Kind.TRAINING_ALLOWED)
    theirs = run.rows.filter(record__in=allowed.values("pk")).values("conversation")
    named = removals.filter(conversation__isnull=False).values("conversation")
    # One list, not two conditions: so each row is found by the index, and not by reading all of a million.
    return run.rows.filter(conversation__in=named.union(theirs))


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
    gone = rows._raw_delete(rows.db)
    if not gone:
        return []
    # Counted when they are gone: what `rows` finds may be something else from one statement to the next.
    left = dict(run.rows.order_by().values_list("shard").annotate(count=Count("pk")))
    locked = run.shards.select_for_update(no_key=True)
    shards = [shard for shard in locked if shard.conversations != left.get(shard.number, 0)]
    before = [Shard(run_id=run.pk, number=shard.number, version=shard.version) for shard in shards]
    messages = _messages_of(run, shards)
    for shard in shards:
        shard.version += 1
        shard.conversations = left.get(shard.number, 0)
        shard.messages = messages.get(shard.number, 0)
        shard.written_at, shard.sha256, shard.size, shard.masked = None, "", 0, {}
    Shard.objects.bulk_update(
        shards, ["version", "conversations", "messages", "written_at", "sha256", "size", "masked"], batch_size=500
    )
    run.filed_at = None
    run.taken_out += gone
    run.save(update_fields=["filed_at", "taken_out"])
    return before


def _messages_of(run: TrainingRun, shards: list[Shard]) -> dict[int, int]:
    rows = run.rows.filter(shard__in=[shard.number for shard in shards]).order_by()
    return dict(rows.values_list("shard").annotate(count=Sum("messages")))


# What people see


def runs_of(conversations: Iterable[Conversation]) -> dict[uuid.UUID, list[str]]:
    """Return the runs that hold some conversations, in words, by conversation.

    A run that has not started holds only what may still be used: `reason` is what `with_reason` has added. Two runs of
    one day that nothing tells apart are one sentence.
    """
    reasons = {conversation.pk: conversation.reason for conversation in conversations}
    found = ManifestRow.objects.filter(conversation__in=reasons, run__state__in=HOLDS).select_related("run")
    runs: dict[uuid.UUID, list[str]] = defaultdict(list)
    for row in found.order_by("run__created_at"):
        if row.run.state != State.PREPARED or not reasons[row.conversation]:
            words = row.run.in_words()
            if words not in runs[row.conversation]:
                runs[row.conversation].append(words)
    return runs
