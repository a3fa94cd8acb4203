"""How people are counted for the roll-out page; what comes of it is in `test_figures.py`."""

from datetime import datetime, timedelta

import pytest

from accounts.leaving import close_account
from accounts.models import User
from privacy.counting import count_all, count_due, forget_place
from privacy.figures import rollout_of
from privacy.models import PolicyUpdate, RolloutCell, RolloutCount, RolloutDue, RolloutPlace, RolloutState, Training
from privacy.publication import publish
from tests.conftest import MoveClock
from tests.factories import ANNOUNCED, MEANWHILE, VERSION, answer_as, make_update, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def three(db: None) -> list[User]:
    return [make_user(f"{number}@example.com") for number in range(3)]


def test_notes_are_taken_so_many_at_a_time(three: list[User], update: PolicyUpdate, moved_to: MoveClock) -> None:
    moved_to(MEANWHILE)
    assert [count_due(2) for _time in range(3)] == [2, 1, 0]
    assert not RolloutDue.objects.exists()
    state = RolloutState.objects.get()
    assert (state.counted_at, state.known) == (MEANWHILE, [VERSION])


def test_everyone_is_counted_in_batches(
    three: list[User], update: PolicyUpdate, monkeypatch: pytest.MonkeyPatch, moved_to: MoveClock
) -> None:
    moved_to(MEANWHILE)
    monkeypatch.setattr("privacy.counting.BATCH", 2)
    assert list(count_all()) == [2, 1]
    state = RolloutState.objects.get()
    assert (state.counted_at, state.counted_up_to, state.known) == (MEANWHILE, None, [VERSION])


def test_count_that_was_interrupted_goes_on(three: list[User], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("privacy.counting.BATCH", 2)
    next(iter(count_all()))
    assert RolloutState.objects.get().counted_up_to == sorted(user.pk for user in three)[1]
    assert list(count_all()) == [1]
    assert RolloutPlace.objects.count() == 3


def test_count_anew_forgets_what_was_counted(three: list[User], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("privacy.counting.BATCH", 2)
    next(iter(count_all()))
    RolloutCell.objects.create(key="of a version before", plan="free", language="en", people=7)
    RolloutCount.objects.create(version=VERSION, figure="speed", key="1", number=7)
    assert list(count_all(anew=True)) == [2, 1]
    assert list(RolloutCell.objects.values_list("people", flat=True)) == [3]
    assert not RolloutCount.objects.exists()


@pytest.mark.parametrize("joined_at", [ANNOUNCED, MEANWHILE])
def test_draft_is_not_known_before_it_is_published(three: list[User], joined_at: datetime) -> None:
    """Who has joined meanwhile, or at the very announcement, is found again once it is."""
    draft = make_update(published=False, announced_at=MEANWHILE + timedelta(days=1))
    make_user("new@example.com", joined_at=joined_at)
    count_due()
    draft.announced_at = ANNOUNCED
    draft.save()
    publish(draft, by=None, at=ANNOUNCED)
    count_due()
    assert rollout_of(draft, MEANWHILE).at_sign_up == 1


def test_every_update_is_known_once_people_were_counted(three: list[User], update: PolicyUpdate) -> None:
    later = make_update("2025-09-05", announced_at=MEANWHILE)
    make_user("new@example.com", joined_at=MEANWHILE)
    while count_due():
        pass
    assert RolloutState.objects.get().known == [update.version, later.version]
    assert count_due() == 0
    assert not RolloutDue.objects.exists()


def test_update_that_asks_nothing_is_not_known(three: list[User]) -> None:
    make_update(is_material=False)
    count_due()
    assert RolloutState.objects.get().known == []


def test_closed_account_is_counted_out_at_once(three: list[User], update: PolicyUpdate) -> None:
    answer_as(three[0], Training.ALLOW)
    count_due()
    close_account(three[0], at=MEANWHILE)
    forget_place(three[0])
    assert set(RolloutPlace.objects.values_list("user", flat=True)) == {three[1].pk, three[2].pk}
    assert not RolloutCount.objects.exists()
