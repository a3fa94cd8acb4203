"""What `make run` shows."""

from datetime import UTC, datetime, timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from pytest_django import Settings

from accounts.models import User
from conversations.demo import PASSWORD
from conversations.models import Conversation
from privacy.models import PolicyUpdate
from tests.conftest import MoveClock
from tests.factories import AFTERWARDS, MEANWHILE
from training.models import State, TrainingRun
from training.verification import differences


def output_of(command: str, *arguments: str) -> str:
    output = StringIO()
    call_command(command, *arguments, stdout=output)
    return output.getvalue()


@pytest.mark.django_db
def test_demo_is_seeded_once() -> None:
    assert "alice@example.com" in output_of("seed_demo")
    before = User.objects.count(), Conversation.objects.count(), PolicyUpdate.objects.count()
    assert output_of("seed_demo") == "The demo data is there already.\n"
    assert (User.objects.count(), Conversation.objects.count(), PolicyUpdate.objects.count()) == before


@pytest.mark.django_db
def test_demo_accounts_are_refused_in_production(settings: Settings) -> None:
    settings.DEMO = False
    with pytest.raises(CommandError, match="DEMO=on only"):
        call_command("seed_demo")
    assert not User.objects.exists()


@pytest.mark.django_db
def test_everyone_in_the_guide_can_sign_in(client: Client) -> None:
    output_of("seed_demo")
    guide = output_of("demo_guide", "http://127.0.0.1:8123/")
    assert "http://127.0.0.1:8123/admin/" in guide
    for user in User.objects.all():
        assert user.email.split("@")[0] + "@" in guide
        assert client.login(email=user.email, password=PASSWORD)
    assert PASSWORD in guide


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("now", "said"),
    [
        (datetime(2025, 8, 1, 9, tzinfo=UTC), "the update is announced on 2025-08-28"),
        (MEANWHILE, "the question is open until 2025-09-28 has ended everywhere"),
        (AFTERWARDS, "the last day, 2025-09-28, has ended"),
    ],
    ids=["before", "meanwhile", "afterwards"],
)
def test_guide_says_which_day_it_is(moved_to: MoveClock, now: datetime, said: str) -> None:
    output_of("seed_demo")
    moved_to(now)
    assert f"In the demo it is {now:%Y-%m-%d %H:%M} UTC: {said}." in output_of("demo_guide", "http://127.0.0.1:8000/")


@pytest.mark.django_db
def test_demo_has_runs_from_october_on(moved_to: MoveClock, client: Client) -> None:
    output_of("seed_demo")
    moved_to(MEANWHILE)
    assert output_of("seed_runs") == ""
    assert not TrainingRun.objects.exists()

    moved_to(AFTERWARDS + timedelta(days=1))
    assert "ada@example.com" in output_of("seed_runs")
    started, prepared = TrainingRun.objects.order_by("created_at")
    assert (started.state, prepared.state) == (State.STARTED, State.PREPARED)
    assert [list(differences(run)) for run in (started, prepared)] == [[], []]
    assert output_of("seed_runs") == ""
    assert "ada@" in output_of("demo_guide", "http://127.0.0.1:8000/")

    client.login(email="ada@example.com", password=PASSWORD)
    assert "which has started" in client.get("/chats/").content.decode()
    client.login(email="admin@example.com", password=PASSWORD)
    for run in (started, prepared):
        assert "Verify the run" in client.get(run.get_absolute_url()).content.decode()


@pytest.mark.django_db
def test_runs_of_the_demo_are_refused_in_production(settings: Settings) -> None:
    settings.DEMO = False
    with pytest.raises(CommandError, match="DEMO=on only"):
        call_command("seed_runs")
