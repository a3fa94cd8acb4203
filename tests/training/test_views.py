"""What a person sees of training runs: which hold something of theirs, and how much (rules D6 and E3)."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import timedelta
from http import HTTPStatus
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from conversations import actions as conversation_actions
from privacy.models import Training
from tests.conftest import MoveClock
from tests.factories import AFTERWARDS, SECOND, answer_as, make_conversation, make_user
from tests.pages import page
from tests.training.runs import LATER, make_run
from training.models import State, TrainingRun

pytestmark = pytest.mark.django_db
ADDRESS = "/training/"


@pytest.fixture
def alices(client: Client, allowing: User, moved_to: MoveClock) -> Client:
    moved_to(LATER + timedelta(hours=1))
    client.force_login(allowing)
    return client


def listed(client: Client) -> list[str]:
    response = client.get(ADDRESS)
    assert response.status_code == HTTPStatus.OK
    return [run.text for run in page(response).one("main").all("ol", class_="rows") for run in run.all("li")]


def test_page_names_each_run_that_holds_something(alices: Client, allowing: User, staff: User) -> None:
    make_conversation(allowing)
    make_run(staff, state=State.FINISHED)
    make_conversation(allowing)
    make_run(staff, state=State.STARTED, at=LATER + SECOND)
    make_run(staff, at=LATER + 2 * SECOND)
    for state in (State.DRAFT, State.CANCELLED):
        make_run(staff, state=state)

    run = "Run of September 11, 2025 for model improvement"
    assert listed(alices) == [
        f"{run} 2 conversations of yours · Not started yet",
        f"{run} 2 conversations of yours · Started: it keeps what it has",
        f"{run} 1 conversation of yours · Finished, its files will be destroyed",
    ]


def test_page_says_that_files_are_destroyed(alices: Client, allowing: User, staff: User) -> None:
    make_conversation(allowing)
    run = make_run(staff, state=State.FINISHED)
    TrainingRun.objects.filter(pk=run.pk).update(destroyed_at=timezone.now())
    assert "Finished, its files were destroyed on" in listed(alices)[0]


def test_started_run_still_holds_what_was_deleted_since(alices: Client, allowing: User, staff: User) -> None:
    conversation = make_conversation(allowing)
    make_run(staff, state=State.STARTED)
    make_run(staff)
    conversation_actions.delete_conversation(allowing, conversation, at=LATER)
    # Nothing runs after the commit here, and the other run does not hold it any more all the same.
    assert [run.partition(" · ")[2] for run in listed(alices)] == ["Started: it keeps what it has"]
    conversation.messages.all().delete()
    conversation.delete()
    assert len(listed(alices)) == 1


def test_nothing_of_others_is_named(client: Client, allowing: User, staff: User, moved_to: MoveClock) -> None:
    moved_to(LATER)
    make_conversation(allowing)
    make_run(staff, state=State.STARTED)
    mallory = make_user("mallory@example.com")
    answer_as(mallory, Training.ALLOW)
    client.force_login(mallory)
    assert listed(client) == []
    assert "No training run holds anything of yours." in page(client.get(ADDRESS)).one("main").text


def test_page_costs_as_much_with_many_runs(
    alices: Client,
    allowing: User,
    staff: User,
    django_assert_num_queries: Callable[..., AbstractContextManager[Any]],
) -> None:
    make_conversation(allowing)
    for count in (1, 5):
        for _run in range(count):
            make_run(staff, state=State.STARTED)
        with django_assert_num_queries(5):
            assert listed(alices)
    assert len(listed(alices)) == 6


def test_page_is_linked_from_settings_and_open_at_the_gate(
    client: Client, allowing: User, staff: User, moved_to: MoveClock
) -> None:
    make_conversation(allowing)
    make_run(staff, state=State.STARTED)
    moved_to(AFTERWARDS)
    gated = make_user("gated@example.com")
    client.force_login(gated)
    links = [link["href"] for link in page(client.get(reverse("privacy:settings"))).one("main").all("a")]
    assert ADDRESS in links
    assert listed(client) == []
    assert client.post(ADDRESS).status_code == HTTPStatus.METHOD_NOT_ALLOWED


def test_day_of_a_run_is_the_one_where_its_reader_is(alices: Client, allowing: User, staff: User) -> None:
    allowing.time_zone = "Pacific/Kiritimati"
    allowing.save(update_fields=["time_zone"])
    conversation = make_conversation(allowing)
    make_run(staff, at=LATER + timedelta(minutes=61))
    assert listed(alices)[0].startswith("Run of September 12, 2025")
    said = page(alices.get(conversation.get_absolute_url())).one("main").text
    assert "In the training run of September 12, 2025" in said


def test_two_runs_that_nothing_tells_apart_are_one_sentence(alices: Client, allowing: User, staff: User) -> None:
    conversation = make_conversation(allowing)
    for _run in range(2):
        make_run(staff, state=State.STARTED)
    make_run(staff)
    said = page(alices.get(conversation.get_absolute_url())).one(id="badges").text
    assert said.count("which has started") == 1
    assert said.count("not started yet") == 1


def test_conversation_names_its_runs(alices: Client, allowing: User, staff: User) -> None:
    conversation = make_conversation(allowing)
    make_run(staff, state=State.FINISHED)
    make_run(staff, state=State.STARTED, at=LATER + SECOND)
    make_run(staff, at=LATER + 2 * SECOND)
    day = "In the training run of September 11, 2025 for model improvement"
    for where in (conversation.get_absolute_url(), reverse("conversations:index")):
        said = page(alices.get(where)).one("main").text
        for state in ("which is finished", "which has started", "not started yet"):
            assert f"{day}, {state}" in said
