import itertools
import uuid
from collections.abc import Callable, Iterator

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import User
from privacy import actions
from privacy.models import ConsentRecord, ConsentState, Kind, Method, Notice, PolicyUpdate, Surface, Training
from privacy.question import question_for
from privacy.standing import Prompt, standing_of
from privacy.tokens import FormToken
from privacy.verification import verify
from tests.at_once import at_once
from tests.conftest import MoveClock
from tests.factories import MEANWHILE, PASSWORD, make_user, shown_token

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.whole]

ALLOW, REFUSE = Training.ALLOW, Training.REFUSE
TIMES = 12


@pytest.fixture(params=range(TIMES))
def someone(request: pytest.FixtureRequest, update: PolicyUpdate) -> User:
    """Return a person who has answered nothing, again and again."""
    return make_user(f"someone{request.param}@example.com")


@pytest.fixture(autouse=True)
def _ledger_stays_whole() -> Iterator[None]:
    yield
    assert verify().first is None


def answering(user: User, token: FormToken, training: Training, *, terms: bool = True) -> Callable[[], uuid.UUID]:
    return lambda: actions.answer(user, token, training=training, terms=terms, gpc=False, at=MEANWHILE)


def deferring(user: User, token: FormToken) -> Callable[[], ConsentState]:
    return lambda: actions.defer(user, token, method=Method.BUTTON, gpc=False, at=MEANWHILE)


def kinds_of(user: User) -> list[str]:
    records = ConsentRecord.objects.filter(principal=user.principal).order_by("sequence")
    return list(records.values_list("kind", flat=True))


def test_first_of_two_answers_wins_and_the_other_writes_nothing(someone: User) -> None:
    phone, laptop = shown_token(someone, at=MEANWHILE), shown_token(someone, at=MEANWHILE)
    results = at_once(answering(someone, phone, ALLOW), answering(someone, laptop, REFUSE))
    assert results.count(actions.StaleForm) == 1
    winner = ALLOW if results[1] is actions.StaleForm else REFUSE
    state = ConsentState.objects.get(user=someone)
    assert state.training == winner
    assert {state.last_receipt, actions.StaleForm} == set(results)
    kind = "training_allowed" if winner is ALLOW else "training_refused"
    assert kinds_of(someone) == ["shown", "terms_accepted", kind]


def test_first_of_many_answers_wins(someone: User) -> None:
    tokens = [shown_token(someone, at=MEANWHILE) for _device in range(6)]
    choices = itertools.cycle([ALLOW, REFUSE])
    results = at_once(*(answering(someone, token, next(choices)) for token in tokens))
    assert results.count(actions.StaleForm) == 5
    assert len(kinds_of(someone)) == 3


def test_same_form_sent_many_times_at_once_is_one_receipt(someone: User) -> None:
    token = shown_token(someone, at=MEANWHILE)
    results = at_once(*[answering(someone, token, ALLOW)] * 5)
    assert set(results) == {uuid.UUID(token.receipt)}
    assert kinds_of(someone) == ["shown", "terms_accepted", "training_allowed"]


def test_answer_and_not_now_at_once_end_answered(someone: User) -> None:
    phone, laptop = shown_token(someone, at=MEANWHILE), shown_token(someone, at=MEANWHILE)
    answered, deferred = at_once(answering(someone, phone, REFUSE), deferring(someone, laptop))
    assert answered == uuid.UUID(phone.receipt)
    kinds = kinds_of(someone)
    if deferred is actions.StaleForm:
        assert kinds == ["shown", "terms_accepted", "training_refused"]
    else:
        assert kinds == ["shown", "deferred", "terms_accepted", "training_refused"]
    assert standing_of(someone, MEANWHILE).prompt is Prompt.NONE


def test_not_now_said_twice_at_once_counts_once(someone: User) -> None:
    token = shown_token(someone, at=MEANWHILE)
    at_once(deferring(someone, token), deferring(someone, token), deferring(someone, token))
    assert ConsentState.objects.get(user=someone).deferrals == 1
    assert kinds_of(someone) == ["shown", "deferred"]


def test_question_shown_to_one_person_on_two_devices_at_once_is_recorded_once(someone: User) -> None:
    question = question_for(standing_of(someone, MEANWHILE), Surface.POP_UP)
    assert question is not None

    def show() -> None:
        actions.record_shown(someone, question, gpc=False, at=MEANWHILE)

    at_once(show, show, show)
    assert kinds_of(someone) == ["shown"]


def test_notice_first_shown_to_many_people_at_once_is_kept_once(update: PolicyUpdate) -> None:
    people = [make_user(f"person{number}@example.com") for number in range(6)]
    question = question_for(standing_of(people[0], MEANWHILE), Surface.POP_UP)
    assert question is not None

    def showing(user: User) -> Callable[[], None]:
        return lambda: actions.record_shown(user, question, gpc=False, at=MEANWHILE)

    at_once(*(showing(user) for user in people))
    assert Notice.objects.count() == 1
    assert ConsentRecord.objects.filter(kind=Kind.SHOWN).count() == 6


def test_people_who_answer_at_once_do_not_get_in_each_others_way(update: PolicyUpdate) -> None:
    people = [make_user(f"person{number}@example.com") for number in range(8)]
    tokens = [shown_token(user, at=MEANWHILE) for user in people]
    results = at_once(*(answering(user, token, ALLOW) for user, token in zip(people, tokens, strict=True)))
    assert results == [uuid.UUID(token.receipt) for token in tokens]
    assert ConsentState.objects.filter(training=ALLOW).count() == 8


def test_two_requests_at_once_end_with_one_answer(someone: User, clock_started_at: MoveClock) -> None:
    clock_started_at(MEANWHILE)
    tokens = [shown_token(someone, at=MEANWHILE) for _device in range(2)]
    devices = [Client() for _device in tokens]
    for device in devices:
        assert device.login(username=someone.email, password=PASSWORD)

    def sending(device: Client, token: FormToken, training: Training) -> Callable[[], int]:
        data = {"token": token.sign(), "training": training.value, "terms": "on"}
        return lambda: device.post(reverse("privacy:answer"), data).status_code

    statuses = at_once(sending(devices[0], tokens[0], ALLOW), sending(devices[1], tokens[1], REFUSE))
    assert sorted(statuses) == [303, 409]
    winner = (ALLOW, REFUSE)[statuses.index(303)]
    assert ConsentState.objects.get(user=someone).training == winner
    for device in devices:
        assert 'id="pop-up"' not in device.get("/chats/").text
