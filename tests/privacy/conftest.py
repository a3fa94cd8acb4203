"""Who looks at the admin in these tests, where nothing else is said."""

import pytest
from django.test import Client

from accounts.models import Plan, User
from tests.conftest import MoveClock
from tests.factories import MEANWHILE, make_staff


@pytest.fixture
def staff(client: Client, moved_to: MoveClock) -> User:
    """Return a superuser who is signed in while the question is asked, and counts nowhere."""
    moved_to(MEANWHILE)
    user = make_staff(plan=Plan.TEAM, language="en")
    client.force_login(user)
    return user
