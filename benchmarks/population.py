"""People, their answers and their conversations, as SQL fills PostgreSQL with them: ten conversations to a person.

About 60 in 100 conversations are eligible at `AT`; something is kept out by every reason of rule E2.
"""

from datetime import UTC, datetime
from typing import Any

from django.db import connection

AT = datetime(2026, 6, 1, tzinfo=UTC)
EACH = 10
# Under the first all have answered, under the second most; by `AT` both deadlines have passed.
FIRST, SECOND = "2025-08-28", "2026-02-01"
TABLES = (
    *("training_removal", "training_manifestrow", "training_shard", "training_runmove", "training_step"),
    *("conversations_message", "conversations_conversation", "privacy_trainingrefusal", "privacy_consentstate"),
    *("privacy_consentrecord", "privacy_notice", "privacy_updateact", "privacy_policydocument"),
    *("training_trainingrun", "privacy_policyupdate", "accounts_user"),
)

_UPDATES = """
INSERT INTO privacy_policyupdate (version, announced_at, last_day, is_material, allow_retention_years,
    refuse_retention_days, short_deferrals, short_deferral_days, long_deferral_days, coverage_reading,
    rollout_percentage, reminder_days, published_at)
SELECT v, v::date, v::date + 31, true, 5, 30, 2, 1, 7, 'conversation', 100, '14, 7, 1', v::date
FROM unnest(ARRAY['2025-08-28', '2026-02-01']) v
"""
_NOTICES = """
INSERT INTO privacy_notice (sha256, update_id, language, surface, text)
SELECT encode(sha256(version::bytea), 'hex'), version, 'en', 'pop_up', 'What was shown' FROM privacy_policyupdate
"""
# Of a hundred: a persona, a closed account, four on a commercial plan. One moves runs.
_PEOPLE = """
INSERT INTO accounts_user (id, email, principal, plan, joined_at, created_at, closed_at, language, time_zone, password,
    is_superuser, is_staff, is_active, is_persona)
SELECT n, n || '@example.com', gen_random_uuid(), CASE WHEN n % 100 BETWEEN 2 AND 5 THEN 'team' ELSE 'pro' END,
    '2025-03-01', '2025-03-01', CASE WHEN n % 100 = 1 THEN timestamptz '2026-05-20' END, 'en', 'UTC', '',
    n = 99, n = 99, n % 100 <> 1, n % 100 = 0
FROM generate_series(1, {people}) n
"""
# Of a hundred five have never answered, fourteen refuse, and three allowed under the first update alone. Most have
# answered twice. Each answer has left three records.
_STATES = """
INSERT INTO privacy_consentstate (user_id, training, allowed_since, answered_update_id, terms_update_id, last_receipt,
    deferrals, chain_length, chain_head)
SELECT id, CASE WHEN id % 100 BETWEEN 11 AND 24 THEN 'refuse' ELSE 'allow' END,
    CASE WHEN id % 100 BETWEEN 11 AND 24 THEN NULL ELSE timestamptz '2025-09-10' END, version, version,
    gen_random_uuid(), 0, CASE version WHEN '2025-08-28' THEN 3 ELSE 6 END, repeat('0', 64)
FROM accounts_user, LATERAL (
    SELECT CASE WHEN id % 100 BETWEEN 25 AND 27 THEN '2025-08-28' ELSE '2026-02-01' END AS version
) answered
WHERE id % 100 NOT BETWEEN 6 AND 10
"""
_RECORDS = """
INSERT INTO privacy_consentrecord (id, principal, sequence, kind, update_id, notice_id, receipt, language, surface,
    method, previous_value, new_value, occurred_at, recorded_at, actor, gpc, previous_hash, hash)
SELECT gen_random_uuid(), principal, sequence, kind, version, encode(sha256(version::bytea), 'hex'),
    CASE WHEN kind <> 'shown' THEN gen_random_uuid() END, 'en', 'pop_up',
    CASE WHEN kind <> 'shown' THEN 'button' ELSE '' END, '', '', version::date + 13, version::date + 13, principal,
    false, repeat('0', 64), encode(sha256((principal::text || sequence)::bytea), 'hex')
FROM accounts_user JOIN privacy_consentstate ON user_id = id, LATERAL (
    SELECT sequence, CASE WHEN sequence <= 3 THEN '2025-08-28' ELSE '2026-02-01' END AS version,
        CASE sequence % 3 WHEN 1 THEN 'shown' WHEN 2 THEN 'terms_accepted'
            ELSE CASE training WHEN 'allow' THEN 'training_allowed' ELSE 'training_refused' END END AS kind
    FROM generate_series(1, chain_length) sequence
) records
"""
# Those of refusals, nearly all of which have shortened every date; and some that someone has taken back since.
_REFUSALS = """
INSERT INTO privacy_trainingrefusal (id, user_id, at, recorded_at, kept_until, applied_at)
SELECT gen_random_uuid(), id, '2025-09-10', '2025-09-10', '2025-10-10',
    CASE WHEN id % 1000 <> 11 THEN timestamptz '2025-09-10' END
FROM accounts_user WHERE id % 100 BETWEEN 11 AND 30
"""
# Of a hundred: three are private, two excluded, one deleted, one past its date, two commercial, seven not resumed.
_CONVERSATIONS = """
INSERT INTO conversations_conversation (id, user_id, kind, title, workspace, is_private, created_at, last_message_at,
    allowed_message_at, excluded_at, deleted_at, has_commercial_message, expires_at)
SELECT gen_random_uuid(), 1 + n % {people}, CASE WHEN lot < 25 THEN 'coding' ELSE 'chat' END, 'One of many', '',
    lot < 3, written - interval '1 hour', written, CASE WHEN is_counted THEN written END,
    CASE WHEN lot IN (3, 4) THEN written END, CASE WHEN lot = 5 THEN written END, lot IN (7, 8),
    CASE WHEN lot = 6 THEN written WHEN is_counted THEN written + interval '5 years'
        ELSE written + interval '30 days' END
FROM (
    SELECT n, lot, lot >= 16 AND training = 'allow' AS is_counted,
        timestamptz '2026-06-01' - interval '1 day' * (1 + age * CASE WHEN lot >= 16 AND training = 'allow'
            THEN 250 ELSE 28 END) AS written
    FROM (
        SELECT n, floor(random() * 100) AS lot, random() AS age FROM generate_series(1, {conversations}) n OFFSET 0
    ) drawn LEFT JOIN privacy_consentstate ON user_id = 1 + n % {people}
) told
"""
# Every second one is a reply. In one of ten conversations the first was written before any answer, in one of thirty
# under a refusal.
_MESSAGES = """
INSERT INTO conversations_message (id, conversation_id, role, format, text, created_at, plan_class, training,
    answers_id)
SELECT first + place, id, CASE place % 2 WHEN 0 THEN 'owner' ELSE 'assistant' END, 'text', {text}, created_at,
    'consumer', CASE WHEN place > 1 OR number % 30 > 3 THEN training WHEN number % 30 = 0 THEN 'refuse' ELSE '' END,
    CASE place % 2 WHEN 1 THEN first + place - 1 END
FROM (
    SELECT id, created_at, COALESCE(training, '') AS training, row_number() OVER () AS number,
        {each}::bigint * row_number() OVER () AS first
    FROM conversations_conversation LEFT JOIN privacy_consentstate USING (user_id)
) conversation, generate_series(0, {each} - 1) place
"""


def fill(conversations: int, *, messages: int = 4, text: str = "repeat('a message of ordinary length ', 4)") -> None:
    """Fill the tables anew with so many conversations of so many messages each; `text` is SQL, told from `first`."""
    values = {"people": conversations // EACH, "conversations": conversations, "each": messages, "text": text}
    empty()
    with connection.cursor() as cursor:
        cursor.execute("SELECT setseed(0.2025)")
        for statement in (_UPDATES, _NOTICES, _PEOPLE, _STATES, _RECORDS, _REFUSALS, _CONVERSATIONS, _MESSAGES):
            cursor.execute(statement.format_map(values))
    settle()


def empty(tables: tuple[str, ...] = TABLES) -> None:
    """Empty tables, what their triggers refuse included."""
    with connection.cursor() as cursor:
        for table in tables:
            cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
        cursor.execute(f"TRUNCATE {', '.join(tables)} CASCADE")
        for table in tables:
            cursor.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER")


def settle() -> None:
    """Let the database do now what it would do by and by: count what is there, and note what all can see."""
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")


def prepared_run() -> Any:
    """Return a run of these conversations that is prepared, without its files."""
    # Models can be imported only after `django.setup()`.
    from accounts.models import User  # noqa: PLC0415
    from training import actions  # noqa: PLC0415
    from training.models import Purpose  # noqa: PLC0415

    staff = User.objects.get(is_staff=True)
    run = actions.create_run(staff, Purpose.MODEL_IMPROVEMENT, at=AT)
    actions.prepare_run(run, staff, at=AT)
    run.refresh_from_db()
    return run
