"""What is true after a choice, in words."""

from datetime import date, datetime

import pytest

from accounts.actions import change_plan
from accounts.models import Plan, User
from privacy.consequences import choice_in_words, consequences
from privacy.models import CoverageReading, PolicyUpdate, Training
from privacy.standing import standing_of
from tests.factories import DEADLINE, MEANWHILE, SECOND, answer_as, make_update

pytestmark = pytest.mark.django_db

ON_COMMERCIAL_PLANS = "While you are on a commercial plan, nothing of yours is used to train models."
OF_AN_EARLIER_ALLOW = (
    "If you had allowed it before: training runs that have started keep what they have, no new one uses it, and what"
    " was kept for longer goes within 30 days of your change."
)


@pytest.mark.parametrize(
    ("training", "words"),
    [
        (None, "There is nothing for you to choose."),
        (Training.ALLOW, "For a consumer plan, you allow training."),
        (Training.REFUSE, "For a consumer plan, you do not allow training."),
    ],
)
def test_choice_on_a_commercial_plan_is_for_another(
    alice: User, update: PolicyUpdate, training: Training | None, words: str
) -> None:
    if training:
        answer_as(alice, training)
    change_plan(alice, Plan.TEAM, at=MEANWHILE)
    alice.refresh_from_db()
    standing = standing_of(alice, MEANWHILE)
    withdrawn = [OF_AN_EARLIER_ALLOW] if training is Training.REFUSE else []
    assert (choice_in_words(standing), consequences(standing)) == (words, [ON_COMMERCIAL_PLANS, *withdrawn])


@pytest.mark.parametrize(
    ("at", "line"),
    [
        (
            DEADLINE - SECOND,
            "The updated Consumer Terms are not accepted yet. From the deadline on, Marlow opens once they are.",
        ),
        (DEADLINE, "The updated Consumer Terms are not accepted yet. Marlow opens once they are."),
    ],
)
def test_terms_that_wait_are_named_last(alice: User, update: PolicyUpdate, at: datetime, line: str) -> None:
    answer_as(alice, Training.REFUSE, terms=False)
    assert consequences(standing_of(alice, at))[-1] == line


def test_narrower_reading_is_said(alice: User) -> None:
    make_update(coverage_reading=CoverageReading.MESSAGE)
    answer_as(alice, Training.ALLOW)
    assert consequences(standing_of(alice, MEANWHILE)) == [
        "What you write while you allow it, and the replies, may be used to train models, filtered for sensitive data.",
        (
            "Conversations you start or resume are kept for 5 years after your last message; all others, and private"
            " and excluded ones, for 30 days."
        ),
    ]


@pytest.mark.parametrize(("answered", "announced"), [tuple(CoverageReading), tuple(reversed(CoverageReading))])
def test_reading_of_the_answer_holds_while_another_is_asked(
    alice: User, answered: CoverageReading, announced: CoverageReading
) -> None:
    make_update(coverage_reading=answered)
    answer_as(alice, Training.ALLOW)
    before = consequences(standing_of(alice, MEANWHILE))

    make_update("2025-09-10", announced_at=MEANWHILE, last_day=date(2025, 12, 1), coverage_reading=announced)

    assert consequences(standing_of(alice, MEANWHILE + SECOND)) == before


def test_who_chose_nothing_is_told_that_nothing_is_used(alice: User, update: PolicyUpdate) -> None:
    assert consequences(standing_of(alice, MEANWHILE)) == [
        "Until you choose, nothing is used to train models.",
        "Conversations are kept for 30 days after your last message.",
    ]
