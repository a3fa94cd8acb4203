"""A refusal that only the journal knows holds again for its own person."""

import uuid

import pytest

from accounts.journal import Line
from accounts.models import User
from privacy.actions import TRAINING_REFUSED
from privacy.models import ConsentRecord, ConsentState, Kind, Method, PolicyUpdate, Training
from privacy.restoring import refuse_again
from tests.factories import MEANWHILE, SECOND, answer_as

pytestmark = pytest.mark.django_db


def test_refusal_of_one_person_leaves_every_other_as_they_were(
    alice: User, mallory: User, update: PolicyUpdate
) -> None:
    for user in (alice, mallory):
        answer_as(user, Training.ALLOW)
    refuse_again(Line(uuid.uuid4(), TRAINING_REFUSED, mallory.principal, MEANWHILE + SECOND))
    assert ConsentState.objects.get(user=mallory).training == Training.REFUSE
    assert ConsentState.objects.get(user=alice).training == Training.ALLOW
    record = ConsentRecord.objects.get(kind=Kind.TRAINING_WITHDRAWN)
    assert (record.principal, record.method, record.gpc) == (mallory.principal, Method.REPLAY, False)


def test_allow_of_the_same_instant_stands(alice: User, update: PolicyUpdate) -> None:
    answer_as(alice, Training.ALLOW)
    refuse_again(Line(uuid.uuid4(), TRAINING_REFUSED, alice.principal, MEANWHILE))
    assert ConsentState.objects.get(user=alice).training == Training.ALLOW


def test_refusal_of_nobody_who_is_here_changes_nothing(alice: User, update: PolicyUpdate) -> None:
    answer_as(alice, Training.ALLOW)
    refuse_again(Line(uuid.uuid4(), TRAINING_REFUSED, uuid.uuid4(), MEANWHILE + SECOND))
    assert ConsentState.objects.get(user=alice).training == Training.ALLOW
