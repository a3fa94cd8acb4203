"""Staff who act at the same moment, and runs that send letters at the same moment."""

from datetime import timedelta
from functools import partial
from http import HTTPStatus

import pytest
from django.test import Client

from accounts.models import User
from privacy import publication
from privacy.models import Act, Letter, PolicyUpdate, Training, UpdateAct
from privacy.reminders import begin, occasions, send_letters, stop_reminders
from tests.accounts.signing_in import letters
from tests.at_once import at_once
from tests.conftest import MoveClock
from tests.factories import (
    ANNOUNCED,
    DEADLINE,
    LAST_DAY,
    MEANWHILE,
    VERSION,
    answer_as,
    make_staff,
    make_update,
    make_user,
)

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.whole]

DAY = timedelta(days=1)
FIRST = DEADLINE - 14 * DAY
CHANGE = f"/admin/privacy/policyupdate/{VERSION}/change/"


@pytest.mark.parametrize("_again", range(5))
def test_draft_is_published_by_one_of_many(_again: int) -> None:
    update, staff = make_update(published=False), make_staff()
    seen = publication.fingerprint(update)
    acts = [lambda: publication.publish(update, by=staff, at=ANNOUNCED, seen=seen)] * 4
    results = at_once(*acts)
    assert results.count(publication.Stale) == 3
    assert UpdateAct.objects.count() == 1


@pytest.mark.parametrize("_again", range(5))
def test_of_two_who_act_on_what_they_saw_one_does(_again: int) -> None:
    update, staff = make_update(rollout_percentage=10), make_staff()
    seen = publication.fingerprint(update)
    results = at_once(
        lambda: publication.raise_rollout(update, 50, by=staff, at=MEANWHILE, seen=seen),
        lambda: publication.move_last_day(
            update, LAST_DAY + DAY, reason="More time.", by=staff, at=MEANWHILE, seen=seen
        ),
    )
    assert results.count(publication.Stale) == 1
    update.refresh_from_db()
    latest = UpdateAct.objects.latest("pk")
    assert (latest.rollout_percentage, latest.last_day) == (update.rollout_percentage, update.last_day)
    assert UpdateAct.objects.count() == 2


@pytest.mark.parametrize("_again", range(5))
def test_percentages_raised_at_once_end_where_the_latest_act_says(_again: int) -> None:
    update = make_update(rollout_percentage=0)
    raising = [partial(publication.raise_rollout, update, asked, by=None, at=MEANWHILE) for asked in (20, 40, 60, 80)]
    at_once(*raising)
    update.refresh_from_db()
    raised = list(update.acts.filter(kind=Act.ROLLED_OUT).values_list("rollout_percentage", flat=True))
    assert raised == sorted(raised)
    assert update.rollout_percentage == raised[-1] == 80


@pytest.mark.parametrize("_again", range(3))
def test_two_clicks_at_once_are_one_act(_again: int, clock_started_at: MoveClock) -> None:
    clock_started_at(MEANWHILE)
    update, staff = make_update(rollout_percentage=10), make_staff()
    form = {"percentage": "50", "seen": publication.fingerprint(update)}
    browsers = [Client(), Client()]
    for browser in browsers:
        browser.force_login(staff)
    address = f"/admin/privacy/policyupdate/{VERSION}/roll-out/"
    statuses = at_once(*(lambda browser=browser: browser.post(address, form).status_code for browser in browsers))
    assert statuses == [302, 302]
    assert UpdateAct.objects.filter(kind=Act.ROLLED_OUT).count() == 1


@pytest.mark.parametrize("_again", range(10))
def test_what_was_written_is_given_back_by_whoever_publishes_at_once(_again: int, clock_started_at: MoveClock) -> None:
    clock_started_at(ANNOUNCED - 8 * DAY)
    update, staff, browser = make_update(published=False), make_staff(), Client()
    browser.force_login(staff)
    boxes = browser.get(CHANGE).context["adminform"].form
    form = {box.html_name: box.value() for box in boxes} | {"terms_en": "What I had written"}
    form |= {"announced_at_0": "2025-08-28", "announced_at_1": "16:00"}

    _published, response = at_once(
        lambda: publication.publish(update, by=staff, at=ANNOUNCED - 8 * DAY),
        lambda: browser.post(CHANGE, form),
    )

    is_saved = update.documents.get(kind="terms", language="en").markdown == "What I had written"
    assert response.status_code == (HTTPStatus.FOUND if is_saved else HTTPStatus.CONFLICT)
    assert is_saved or "What I had written" in response.content.decode()


# Letters


@pytest.mark.parametrize("_again", range(5))
def test_runs_at_once_send_each_letter_once(_again: int) -> None:
    make_update()
    people = [make_user(f"person{number}@example.com") for number in range(12)]
    reports = at_once(*[lambda: send_letters(now=lambda: FIRST)] * 4)
    assert sum(report.sent for report in reports) == len(people)
    assert sorted(letter.to[0] for letter in letters()) == sorted(person.email for person in people)
    assert Letter.objects.filter(sent_at__isnull=False).count() == len(people)


@pytest.mark.parametrize("_again", range(10))
def test_answer_that_comes_first_is_not_followed_by_a_letter(_again: int) -> None:
    update, person = make_update(), make_user("person@example.com")
    (occasion,) = occasions(FIRST)

    def answering() -> None:
        answer_as(person, Training.REFUSE, at=FIRST)

    at_once(answering, lambda: begin(person, occasion, FIRST))
    begun = Letter.objects.filter(update=update).exists()
    assert begin(person, occasion, FIRST) is None
    assert begun == Letter.objects.filter(update=update).exists()


@pytest.mark.parametrize("_again", range(5))
def test_stopping_twice_at_once_is_once(_again: int, update: PolicyUpdate) -> None:
    person = make_user("person@example.com")
    at_once(*[lambda: stop_reminders(person, at=MEANWHILE)] * 3)
    assert User.objects.get(reminder_stop__isnull=False) == person
