"""Who moves runs, and who allows training."""

import pytest

from accounts.models import User
from privacy.models import PolicyUpdate, Training
from tests.factories import answer_as, make_staff


@pytest.fixture
def staff(db: None) -> User:
    """Return someone who may move runs."""
    return make_staff()


@pytest.fixture
def allowing(alice: User, update: PolicyUpdate) -> User:
    """Return the owner, who allows training."""
    answer_as(alice, Training.ALLOW)
    return alice
