"""Measures the roll-out page and the lists of the admin at few people and at many, on PostgreSQL, and prints JSON.

Started by `python -m benchmarks` where `DATABASE_URL` names a server. Two processes have a database each, filled by SQL
with five records a person, and counted by the code of `count_rollout`. They fetch each page in turn, so that whatever
else the machine does hits both.
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import asdict
from statistics import median
from time import perf_counter
from typing import Any

import django
from django.db import connection
from django.test.utils import setup_databases, teardown_databases

from benchmarks.interval import ratio_of

PEOPLE = {"small": (2_000, 10_000), "full": (10_000, 1_000_000)}
ROUNDS = 15
WARM_UP = 3
PAGES = {
    "roll-out page": "/admin/privacy/rolloutcell/",
    "people in the roll-out": "/admin/privacy/rolloutplace/",
    "… who allow": "/admin/privacy/rolloutplace/?version=2025-08-28&answer=allow",
    "… who answered on a day": "/admin/privacy/rolloutplace/?version=2025-08-28&day=2025-09-10&first_answer=refuse",
    "… undecided": "/admin/privacy/rolloutplace/?standing=undecided",
    "… who have not answered": "/admin/privacy/rolloutplace/?no_answer=2025-08-28",
    "people": "/admin/accounts/user/",
    "… of a plan and a year": "/admin/accounts/user/?plan__exact=max&joined_at__year=2025",
    "consent records": "/admin/privacy/consentrecord/",
    "… of a kind and a day": (
        "/admin/privacy/consentrecord/?kind__exact=deferred"
        "&recorded_at__year=2025&recorded_at__month=9&recorded_at__day=10"
    ),
    "… of a surface nobody used": "/admin/privacy/consentrecord/?surface__exact=api",
    "… of a method nobody used": "/admin/privacy/consentrecord/?method__exact=undo",
    "… with the browser's signal": "/admin/privacy/consentrecord/?gpc__exact=1",
    "letters": "/admin/privacy/letter/",
    "… not known to have been sent": "/admin/privacy/letter/?sent=no",
    "feedback": "/admin/conversations/feedbackcopy/",
    "downloaded lists": "/admin/accounts/listdownload/",
}
NOTICE = "a" * 64
# How a row of a list begins.
ROW = b"<tr><t"


def main() -> None:
    """Measure two sizes in turn; or, told a size, have a database of it and fetch the pages that are asked for."""
    if sys.argv[1:]:
        serve(int(sys.argv[1]))
    else:
        json.dump(list(measured(*PEOPLE[os.environ.get("SCALE", "small")])), sys.stdout)


def measured(few: int, many: int) -> Iterator[dict[str, Any]]:
    """Yield a row of the table for each page."""
    sides = {count: start(count) for count in (few, many)}
    times: dict[int, dict[str, list[float]]] = {count: {page: [] for page in PAGES} for count in sides}
    rows: dict[str, set[int]] = {page: set() for page in PAGES}
    for side in sides.values():
        said(side)
    for round_number in range(WARM_UP + ROUNDS):
        for page in PAGES:
            for count in sorted(sides, reverse=bool(round_number % 2)):
                taken, shown = fetched(sides[count], page)
                rows[page].add(shown)
                if round_number >= WARM_UP:
                    times[count][page].append(taken)
    for side in sides.values():
        side.communicate()
    for page in PAGES:
        # A fuller page would take longer by itself.
        assert len(rows[page]) == 1, f"{page} has {rows[page]} rows"
        yield {
            "what": f"admin, {page}: {many:,} people",
            "ours": f"{median(times[many][page]) * 1000:.1f} ms",
            "floor": f"with {few:,}: {median(times[few][page]) * 1000:.1f} ms",
            "ratio": asdict(ratio_of(times[many][page], times[few][page])),
            "target": 2.0,
        }


def start(people: int) -> "subprocess.Popen[str]":
    """Start the process of one size; it says so when its database is filled."""
    command = [sys.executable, "-m", "benchmarks.admin", str(people)]
    return subprocess.Popen(  # noqa: S603 - numbers from this file
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )


def said(side: "subprocess.Popen[str]") -> str:
    """Return the next line of a process."""
    assert side.stdout is not None
    return side.stdout.readline()


def fetched(side: "subprocess.Popen[str]", page: str) -> tuple[float, int]:
    """Have a process fetch a page, and return the seconds it took and how many rows of a list are on it."""
    assert side.stdin is not None
    side.stdin.write(f"{page}\n")
    side.stdin.flush()
    taken, rows = said(side).split()
    return float(taken), int(rows)


def serve(people: int) -> None:
    """Make a database of so many people, and fetch each page whose name comes in, until nothing comes any more."""
    django.setup()
    connection.settings_dict["TEST"]["NAME"] = f"bench_of_{people}_people"
    databases = setup_databases(verbosity=0, interactive=False)
    try:
        client = filled(people)
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        for line in sys.stdin:
            begun = perf_counter()
            answer = client.get(PAGES[line.rstrip("\n")])
            taken = perf_counter() - begun
            assert answer.status_code == 200, line  # noqa: PLR2004 - what is measured has to be the page
            sys.stdout.write(f"{taken} {answer.content.count(ROW)}\n")
            sys.stdout.flush()
    finally:
        teardown_databases(databases, verbosity=0)


def filled(people: int) -> Any:
    """Fill the database, count everyone in it, and return a browser in which a member of staff is signed in."""
    # Models can be imported only after `django.setup()`.
    from django.test import Client  # noqa: PLC0415

    from accounts.models import User  # noqa: PLC0415
    from privacy.counting import count_all  # noqa: PLC0415

    fill(people)
    for _counted in count_all(anew=True):
        pass
    client = Client()
    client.force_login(User.objects.create_superuser("staff@example.com"))
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")
    return client


def fill(people: int) -> None:
    """Fill the tables, with all triggers off: a third of the people allow, a third refuse, a third are undecided.

    Half of them act on one day, so that the list of that day fills a page on either side, and grows with the people.
    A fifth are on a commercial plan. The count from the beginning needs no notes of who changed.
    """
    from benchmarks.update import published_update  # noqa: PLC0415

    with connection.cursor() as cursor:
        cursor.execute("SELECT DISTINCT tgrelid::regclass::text FROM pg_trigger WHERE NOT tgisinternal")
        guarded = [table for (table,) in cursor.fetchall()]
        for table in guarded:
            cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
        published_update()
        for statement in STATEMENTS:
            cursor.execute(statement, {"people": people, "notice": NOTICE})
        for table in guarded:
            cursor.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER")


# Every person has a number, and what they did comes from it alone.
STATEMENTS = (
    """INSERT INTO privacy_notice (sha256, update_id, language, surface, text)
        VALUES (%(notice)s, '2025-08-28', 'en', 'pop_up', 'A text')""",
    """INSERT INTO accounts_user (email, principal, plan, joined_at, created_at, language, time_zone, password,
            is_superuser, is_staff, is_active, is_persona)
        SELECT n || '@example.com', gen_random_uuid(), (ARRAY['free', 'free', 'pro', 'max', 'team'])[1 + n %% 5],
            timestamptz '2024-01-01' + (n %% 600) * interval '1 day', now(),
            CASE WHEN n %% 3 = 0 THEN 'zh-hans' ELSE 'en' END, 'UTC', '', false, false, true, false
        FROM generate_series(1, %(people)s) n""",
    """INSERT INTO privacy_consentrecord (id, principal, sequence, kind, update_id, notice_id, receipt, language,
            surface, method, previous_value, new_value, occurred_at, recorded_at, actor, gpc, previous_hash, hash)
        SELECT gen_random_uuid(), u.principal, k, kind, '2025-08-28', %(notice)s,
            CASE WHEN kind LIKE 't%%' THEN gen_random_uuid() END, u.language,
            (ARRAY['pop_up', 'settings', 'gate', 'sign_up'])[1 + u.id %% 4],
            CASE WHEN k = 1 THEN '' ELSE 'button' END, '',
            CASE kind WHEN 'training_allowed' THEN 'allow' WHEN 'training_refused' THEN 'refuse' ELSE '' END,
            at, at, u.principal, false, '', ''
        FROM accounts_user u
        CROSS JOIN LATERAL (SELECT CASE WHEN u.id %% 3 = 0 THEN 'deferred'
            WHEN u.id %% 3 = 1 THEN 'training_allowed' ELSE 'training_refused' END AS last) l
        CROSS JOIN LATERAL (VALUES (1, 'shown'), (2, 'deferred'), (3, 'deferred'),
            (4, CASE WHEN u.id %% 3 = 0 THEN 'deferred' ELSE 'terms_accepted' END), (5, l.last)) v(k, kind)
        CROSS JOIN LATERAL (SELECT timestamptz '2025-08-29'
            + CASE WHEN u.id %% 2 = 0 THEN 12 ELSE u.id / 3 %% 30 END * interval '1 day'
            + (u.id %% 86400 + v.k * 700) * interval '1 second' AS at) t""",
    """INSERT INTO privacy_consentstate (user_id, training, allowed_since, answered_update_id, terms_update_id,
            deferral_update_id, deferrals, deferred_until, chain_length, chain_head)
        SELECT id, (ARRAY['', 'allow', 'refuse'])[1 + id %% 3], CASE WHEN id %% 3 = 1 THEN timestamptz '2025-09-01' END,
            CASE WHEN id %% 3 > 0 THEN '2025-08-28' END, CASE WHEN id %% 3 > 0 THEN '2025-08-28' END,
            '2025-08-28', 2, timestamptz '2025-09-20' + (id %% 604800) * interval '1 second', 5, ''
        FROM accounts_user""",
    # One letter in ten has met a problem.
    """INSERT INTO privacy_letter (user_id, update_id, days, language, begun_at, sent_at, problem)
        SELECT id, '2025-08-28', 14, language, at, CASE WHEN id %% 10 > 0 THEN at + interval '1 second' END,
            CASE WHEN id %% 10 = 0 THEN 'SMTPRecipientsRefused 550' ELSE '' END
        FROM accounts_user
        CROSS JOIN LATERAL (SELECT timestamptz '2025-09-15 12:00Z' + id * interval '10 milliseconds' AS at) t""",
    """INSERT INTO conversations_feedbackcopy (id, thumb, comment, excerpt, filter_version, given_on, expires_at)
        SELECT gen_random_uuid(), CASE WHEN n %% 2 = 0 THEN 'up' ELSE 'down' END, 'A comment', '[]', '1',
            date '2025-08-28' + n %% 60, timestamptz '2030-09-01' FROM generate_series(1, %(people)s) n""",
    """INSERT INTO accounts_listdownload (actor, list, filters, rows, at)
        SELECT gen_random_uuid(), 'accounts.user', '', n, now() FROM generate_series(1, %(people)s / 10) n""",
)


if __name__ == "__main__":
    main()
