"""The question, line by line: what it says is what is kept as evidence."""

from datetime import datetime, timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import translation

from accounts.models import Plan, User
from privacy.models import CoverageReading, PolicyUpdate, Surface, Training
from privacy.question import Question, question_for
from privacy.standing import standing_of
from tests.conftest import MoveClock
from tests.factories import (
    AFTERWARDS,
    ANNOUNCED,
    DEADLINE,
    LAST_DAY,
    MEANWHILE,
    SECOND,
    answer_as,
    defer_as,
    make_update,
    make_user,
)

pytestmark = pytest.mark.django_db

DAY = timedelta(days=1)
WHOLE = """\
update: 2025-08-28
language: en
surface: pop_up
May your chats be used to train models?
This is about new chats in Marlow and coding sessions in Marlow Code, and older ones you resume by writing in them \
again. Of these, earlier messages count too, except those you wrote under a “No”.
If you allow it, they are kept for 5 years after your last message, then they are gone. They are used to train \
models, filtered for sensitive data.
If you do not, they are kept for 30 days after your last message, then they are gone. They are not used to train models.
You can change your choice at any time. Training runs that have already started keep what they have.
The last day to answer is September 28, 2025. Nothing is chosen until you choose.
Consumer Terms
I accept the updated Consumer Terms
Accepting the terms says nothing about training. “No” can be saved without accepting them.
Use of my chats and coding sessions to train models
Yes, allow training
Kept for 5 years after the last message. Used for training.
No, refuse training
Kept for 30 days after the last message. Not used for training.
Save my choice
Accept the terms and save my choice
Not now
"""
TERMS_ALONE = """\
update: 2025-08-28
language: en
surface: gate
The updated Consumer Terms
Consumer Terms
I accept the updated Consumer Terms
Your training choice is saved and stays as it is.
Accept the terms
"""
WITHDRAWAL = """\
update: 2025-08-28
language: en
surface: settings
Withdraw your earlier permission
On your commercial plan nothing is used to train models, and permission cannot be given.
This is about what you wrote on a consumer plan, and about the time when you are back on one.
What was kept for longer goes within 30 days of your change.
Training runs that have already started keep what they have.
Use of my chats and coding sessions to train models
No, refuse training
Kept for 30 days after the last message. Not used for training.
Save my choice
"""
CHOICE = (
    "Use of my chats and coding sessions to train models",
    "Yes, allow training",
    "Kept for 5 years after the last message. Used for training.",
    "No, refuse training",
    "Kept for 30 days after the last message. Not used for training.",
    "Save my choice",
)
WHEN = 4


def asked(user: User, at: datetime, surface: Surface) -> Question:
    question = question_for(standing_of(user, at), surface)
    assert question is not None
    return question


def test_whole_question_is_the_notice_line_by_line(alice: User, update: PolicyUpdate) -> None:
    question = asked(alice, MEANWHILE, Surface.POP_UP)
    assert question.canonical_text == WHOLE
    assert question.offers == ("allow", "refuse", "terms")


@pytest.mark.parametrize("plan", [Plan.FREE, Plan.TEAM])
def test_question_names_the_language_it_is_in(alice: User, update: PolicyUpdate, plan: Plan) -> None:
    answer_as(alice, Training.ALLOW)
    alice.plan = plan
    alice.save()
    with translation.override("zh-hans"):
        question = asked(alice, MEANWHILE, Surface.SETTINGS)
    assert question.canonical_text.startswith("update: 2025-08-28\nlanguage: zh-hans\nsurface: settings\n")
    assert "不允许" in question.options[-1].label


@pytest.mark.parametrize(
    ("surface", "at", "ends"),
    [
        (Surface.POP_UP, DEADLINE - SECOND, "\nAccept the terms and save my choice\nNot now\n"),
        (Surface.GATE, DEADLINE, "\nAccept the terms and save my choice\n"),
        (Surface.SETTINGS, MEANWHILE, "\nAccept the terms and save my choice\n"),
    ],
)
def test_only_the_pop_up_can_be_put_off(
    alice: User, update: PolicyUpdate, surface: Surface, at: datetime, ends: str
) -> None:
    assert asked(alice, at, surface).canonical_text.endswith(ends)


def test_terms_left_are_asked_alone_but_in_settings(alice: User, update: PolicyUpdate) -> None:
    answer_as(alice, Training.REFUSE, terms=False)
    alone, settings = asked(alice, DEADLINE, Surface.GATE), asked(alice, DEADLINE, Surface.SETTINGS)
    assert (alone.canonical_text, alone.offers) == (TERMS_ALONE, ("terms",))
    assert (alone.asks_training, alone.asks_terms) == (False, True)
    assert asked(alice, MEANWHILE, Surface.POP_UP).lines == alone.lines, "they can't be put off"
    assert (settings.asks_training, settings.asks_terms) == (True, True)
    assert settings.offers == ("allow", "refuse", "terms")


def test_choice_is_asked_alone_in_settings_once_the_terms_are_accepted(alice: User, update: PolicyUpdate) -> None:
    answer_as(alice, Training.REFUSE)
    settings = asked(alice, MEANWHILE, Surface.SETTINGS)
    assert (settings.offers, settings.asks_training, settings.asks_terms) == (("allow", "refuse"), True, False)
    assert settings.lines[WHEN + 2 :] == CHOICE
    assert question_for(standing_of(alice, MEANWHILE), Surface.POP_UP) is None


def test_commercial_plan_is_asked_for_an_earlier_allow_alone(alice: User, mallory: User, update: PolicyUpdate) -> None:
    answer_as(alice, Training.ALLOW)
    answer_as(mallory, Training.REFUSE)
    for user in (alice, mallory):
        user.plan = Plan.TEAM
        user.save()
    question = asked(alice, MEANWHILE, Surface.SETTINGS)
    assert (question.canonical_text, question.offers) == (WITHDRAWAL, ("refuse",))
    for user, surface in ((alice, Surface.POP_UP), (alice, Surface.GATE), (mallory, Surface.SETTINGS)):
        assert question_for(standing_of(user, MEANWHILE), surface) is None


@pytest.mark.parametrize("surface", Surface)
def test_narrower_reading_is_asked_as_such(alice: User, surface: Surface) -> None:
    make_update(coverage_reading=CoverageReading.MESSAGE)
    assert asked(alice, MEANWHILE, surface).summary[0] == (
        "This is about new chats in Marlow and coding sessions in Marlow Code, and older ones you resume by writing in"
        " them again. Only messages you write while you allow it, with their replies, are used to train models."
    )


def test_nothing_is_asked_before_the_announcement(alice: User, update: PolicyUpdate) -> None:
    assert all(question_for(standing_of(alice, ANNOUNCED - SECOND), surface) is None for surface in Surface)


# When


@pytest.mark.parametrize(
    ("at", "surface", "line"),
    [
        (
            MEANWHILE,
            Surface.POP_UP,
            "The last day to answer is September 28, 2025. Nothing is chosen until you choose.",
        ),
        (
            DEADLINE,
            Surface.GATE,
            (
                "The last day to answer was September 28, 2025. Nothing is chosen until you choose. With the terms"
                " accepted, either answer opens Marlow."
            ),
        ),
    ],
)
def test_line_about_the_last_day_of_who_chose_nothing(
    alice: User, update: PolicyUpdate, at: datetime, surface: Surface, line: str
) -> None:
    assert asked(alice, at, surface).summary[WHEN] == line


@pytest.mark.parametrize(
    ("at", "surface", "line"),
    [
        (
            MEANWHILE,
            Surface.POP_UP,
            "The last day to answer is September 28, 2025. Until then, the choice you made before stands.",
        ),
        (
            DEADLINE,
            Surface.GATE,
            (
                "The last day to answer was September 28, 2025. Until you answer, nothing is used to train models. With"
                " the terms accepted, either answer opens Marlow."
            ),
        ),
    ],
)
def test_line_about_the_last_day_of_who_chose_before(alice: User, at: datetime, surface: Surface, line: str) -> None:
    make_update("2025-05-01", announced_at=ANNOUNCED - 100 * DAY, last_day=LAST_DAY - 60 * DAY)
    answer_as(alice, Training.ALLOW, at=ANNOUNCED - 99 * DAY)
    make_update()
    assert asked(alice, at, surface).summary[WHEN] == line


def test_gate_names_the_last_day_that_has_passed(
    client: Client, alice: User, update: PolicyUpdate, moved_to: MoveClock
) -> None:
    """A newer update, whose last day is to come, is what is asked."""
    make_update("2025-10-01", announced_at=DEADLINE + DAY, last_day=LAST_DAY + 60 * DAY)
    line = (
        "The last day to answer was September 28, 2025. Nothing is chosen until you choose. With the terms accepted,"
        " either answer opens Marlow."
    )
    assert asked(alice, DEADLINE + 2 * DAY, Surface.GATE).summary[WHEN] == line
    client.force_login(alice)
    moved_to(DEADLINE + 2 * DAY)

    shown = client.get(reverse("privacy:question")).content.decode()

    assert "The last day has ended everywhere on Earth" in shown
    assert DEADLINE.isoformat() in shown
    assert (update.deadline + 60 * DAY).isoformat() not in shown
    problem = client.get(reverse("conversations:index"), headers={"accept": "application/json"}).json()
    assert (problem["policy_update"], problem["deadline"]) == ("2025-10-01", DEADLINE.isoformat())


def test_day_that_comes_first_is_named_where_two_updates_wait(
    client: Client, alice: User, update: PolicyUpdate, moved_to: MoveClock
) -> None:
    """Both are announced before the deadline of the first, with which the gate comes."""
    make_update("2025-09-08", announced_at=MEANWHILE - DAY, last_day=LAST_DAY + 60 * DAY)
    line = "The last day to answer is September 28, 2025. Nothing is chosen until you choose."
    assert asked(alice, MEANWHILE, Surface.POP_UP).summary[WHEN] == line
    client.force_login(alice)
    moved_to(MEANWHILE)

    shown = client.get(reverse("privacy:question")).content.decode()

    assert DEADLINE.isoformat() in shown
    assert (DEADLINE + 60 * DAY).isoformat() not in shown
    assert "Last day: September 28, 2025." in client.get(reverse("conversations:index")).content.decode()
    state = defer_as(alice, at=DEADLINE - SECOND)
    assert state.deferred_until == DEADLINE


def test_terms_that_gate_before_the_question_is_due_are_named_beside_it(
    client: Client, alice: User, update: PolicyUpdate, moved_to: MoveClock
) -> None:
    answer_as(alice, Training.REFUSE, terms=False, at=MEANWHILE - 2 * DAY)
    make_update("2025-09-09", announced_at=MEANWHILE - DAY, last_day=LAST_DAY + 60 * DAY)
    client.force_login(alice)
    moved_to(MEANWHILE)

    shown = client.get(reverse("privacy:question")).content.decode()

    assert "The last day to answer is November 27, 2025." in shown
    assert (DEADLINE + 60 * DAY).isoformat() in shown
    assert (
        "The earlier terms wait until September 28, 2025: from then on, Marlow opens once they are accepted." in shown
    )
    assert "Last day: November 27, 2025." in client.get(reverse("conversations:index")).content.decode()
    assert defer_as(alice, at=DEADLINE - SECOND).deferred_until == DEADLINE


def test_who_allows_is_told_what_a_refusal_would_end(alice: User, update: PolicyUpdate) -> None:
    line = "What was kept for longer goes within 30 days of your change."
    assert line not in asked(alice, MEANWHILE, Surface.SETTINGS).canonical_text
    answer_as(alice, Training.ALLOW)
    assert asked(alice, MEANWHILE, Surface.SETTINGS).summary[2].endswith(line)
    answer_as(alice, Training.REFUSE, at=MEANWHILE + DAY)
    assert line not in asked(alice, MEANWHILE + DAY, Surface.SETTINGS).canonical_text


@pytest.mark.parametrize("surface", [Surface.GATE, Surface.SETTINGS])
def test_day_of_an_update_that_was_answered_is_not_named(
    client: Client, alice: User, update: PolicyUpdate, moved_to: MoveClock, surface: Surface
) -> None:
    """Its terms alone are missing: they gate, and the choice is asked for the newer update, whose day is to come."""
    answer_as(alice, Training.REFUSE, terms=False)
    make_update("2025-10-01", announced_at=DEADLINE + DAY, last_day=LAST_DAY + 60 * DAY)
    client.force_login(alice)
    moved_to(DEADLINE + 2 * DAY)
    shown = client.get(reverse("privacy:question")).content.decode()
    assert "The last day to accept the earlier terms has ended everywhere on Earth." in shown
    assert "The last day has ended everywhere on Earth." not in shown
    assert DEADLINE.isoformat() in shown
    line = "The last day to answer is November 27, 2025. Until then, the choice you made before stands."
    assert standing_of(alice, DEADLINE + 2 * DAY).gate is Surface.GATE
    assert asked(alice, DEADLINE + 2 * DAY, surface).summary[WHEN] == line


@pytest.mark.parametrize(
    ("surface", "line"),
    [
        (
            Surface.SIGN_UP,
            "Nothing is chosen until you choose. With the terms accepted, either answer takes you on.",
        ),
        (Surface.SETTINGS, "Nothing is chosen until you choose."),
    ],
)
@pytest.mark.parametrize("at", [MEANWHILE, AFTERWARDS])
def test_newcomer_is_told_of_no_last_day(update: PolicyUpdate, surface: Surface, line: str, at: datetime) -> None:
    newcomer = make_user("new@example.com", joined_at=MEANWHILE)
    assert asked(newcomer, at, surface).summary[WHEN] == line


def test_who_has_answered_is_told_of_no_last_day(alice: User, update: PolicyUpdate) -> None:
    answer_as(alice, Training.REFUSE)
    line = "The choice you have made stands until you save another."
    assert asked(alice, AFTERWARDS, Surface.SETTINGS).summary[WHEN] == line
