"""What an answer led to: its receipt, and the way back where there is one."""

from datetime import timedelta

import pytest
from django.utils import translation

from accounts.actions import change_plan
from accounts.models import Plan, User
from privacy import actions
from privacy.asking import answered
from privacy.models import Method, PolicyUpdate, Surface, Training
from privacy.standing import standing_of
from privacy.tokens import FormToken
from tests.factories import ANNOUNCED, LAST_DAY, MEANWHILE, SECOND, answer_as, defer_as, make_update

pytestmark = pytest.mark.django_db

DAY = timedelta(days=1)


@pytest.fixture
def changed(alice: User) -> User:
    """Return someone who allowed an earlier update, and has refused the present one in the pop-up."""
    make_update("2025-05-01", announced_at=ANNOUNCED - 100 * DAY, last_day=LAST_DAY - 60 * DAY)
    answer_as(alice, Training.ALLOW, at=ANNOUNCED - 99 * DAY)
    make_update()
    answer_as(alice, Training.REFUSE, surface=Surface.POP_UP)
    return alice


def undo_of(user: User) -> str:
    """Return the token of undo on a page without the question."""
    return answered(standing_of(user, MEANWHILE + SECOND)).undo_token


def test_change_in_the_pop_up_can_be_undone_on_the_text_it_was_given_on(changed: User) -> None:
    token = FormToken.read(undo_of(changed), changed)
    assert (token.surface, token.method, token.offers) == (Surface.POP_UP, Method.UNDO, ("allow",))
    actions.answer(changed, token, terms=False, training=Training.ALLOW, gpc=False, at=MEANWHILE + SECOND)
    assert standing_of(changed, MEANWHILE + SECOND).state.training == Training.ALLOW


def test_undo_is_not_offered_in_another_language_than_the_text_it_rests_on(changed: User) -> None:
    with translation.override("zh-hans"):
        assert undo_of(changed) == ""


def test_change_in_settings_is_undone_in_settings_alone(changed: User) -> None:
    answer_as(changed, Training.ALLOW, surface=Surface.SETTINGS)
    assert undo_of(changed) == ""


def test_undo_of_a_refusal_alone_waits_for_the_terms(alice: User) -> None:
    make_update("2025-05-01", announced_at=ANNOUNCED - 100 * DAY, last_day=LAST_DAY - 60 * DAY)
    answer_as(alice, Training.ALLOW, at=ANNOUNCED - 99 * DAY)
    make_update()
    answer_as(alice, Training.REFUSE, terms=False, surface=Surface.POP_UP)
    assert undo_of(alice) == ""


def test_undo_is_not_offered_on_a_commercial_plan(changed: User) -> None:
    change_plan(changed, Plan.TEAM, at=MEANWHILE)
    changed.refresh_from_db()
    assert undo_of(changed) == ""


def test_who_has_not_answered_has_no_receipt(alice: User, update: PolicyUpdate) -> None:
    defer_as(alice)
    found = answered(standing_of(alice, MEANWHILE))
    assert (found.choice, found.receipt, found.undo_token) == ("You have not chosen yet.", None, "")
