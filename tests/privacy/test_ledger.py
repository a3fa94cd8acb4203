import json
import uuid
from datetime import UTC, datetime, timedelta, timezone
from hashlib import sha256

import pytest
from pytest_django import DjangoAssertNumQueries

from accounts.models import User
from privacy.ledger import GENESIS, HASHED_FIELDS, append, digest
from privacy.models import ConsentRecord, ConsentState, Kind, PolicyUpdate, Surface, Training
from tests.factories import answer_as

RECORD = {
    "id": uuid.UUID("11111111-1111-4111-8111-111111111111"),
    "principal": uuid.UUID("22222222-2222-4222-8222-222222222222"),
    "sequence": 3,
    "kind": Kind.TRAINING_ALLOWED,
    "update_id": "2025-08-28",
    "notice_id": "a" * 64,
    "receipt": None,
    "language": "zh-hans",
    "surface": Surface.GATE,
    "method": "button",
    "previous_value": "",
    "new_value": "allow",
    "occurred_at": datetime(2025, 9, 10, 9, 0, 0, 120, tzinfo=UTC),
    "recorded_at": datetime(2025, 9, 10, 9, 0, 1, tzinfo=UTC),
    "actor": uuid.UUID("22222222-2222-4222-8222-222222222222"),
    "gpc": False,
    "previous_hash": "b" * 64,
}


def test_digest_is_of_canonical_json_anyone_can_make() -> None:
    text = (
        '{"actor":"22222222-2222-4222-8222-222222222222","gpc":false,"id":"11111111-1111-4111-8111-111111111111",'
        '"kind":"training_allowed","language":"zh-hans","method":"button","new_value":"allow",'
        f'"notice_id":"{"a" * 64}","occurred_at":"2025-09-10T09:00:00.000120+00:00","previous_hash":"{"b" * 64}",'
        '"previous_value":"","principal":"22222222-2222-4222-8222-222222222222","receipt":null,'
        '"recorded_at":"2025-09-10T09:00:01.000000+00:00","sequence":3,"surface":"gate","update_id":"2025-08-28"}'
    )
    assert json.loads(text).keys() == set(HASHED_FIELDS)
    # Hashes are evidence: what goes into them stays as it is, or every chain there is breaks.
    assert digest(ConsentRecord(**RECORD)) == sha256(text.encode()).hexdigest()


def test_digest_covers_every_column_but_the_hash() -> None:
    assert {*HASHED_FIELDS, "hash"} == {field.attname for field in ConsentRecord._meta.concrete_fields}


def test_digest_is_the_same_in_every_time_zone() -> None:
    shanghai = timezone(timedelta(hours=8))
    occurred_at = datetime(2025, 9, 10, 17, 0, 0, 120, tzinfo=shanghai)
    assert digest(ConsentRecord(**{**RECORD, "occurred_at": occurred_at})) == digest(ConsentRecord(**RECORD))


@pytest.mark.django_db
def test_digest_is_the_same_once_stored(alice: User, update: PolicyUpdate) -> None:
    answer_as(alice, Training.ALLOW)
    for record in ConsentRecord.objects.all():
        assert digest(record) == record.hash


@pytest.mark.django_db
def test_append_chains_records_and_moves_the_state_with_them(alice: User, update: PolicyUpdate) -> None:
    answer_as(alice, Training.ALLOW)
    shown, terms, allowed = ConsentRecord.objects.order_by("sequence")
    assert [shown.sequence, terms.sequence, allowed.sequence] == [1, 2, 3]
    assert [shown.previous_hash, terms.previous_hash, allowed.previous_hash] == [GENESIS, shown.hash, terms.hash]
    state = ConsentState.objects.get()
    assert (state.chain_length, state.chain_head) == (3, allowed.hash)


@pytest.mark.django_db
def test_append_keeps_chains_apart(alice: User, mallory: User, update: PolicyUpdate) -> None:
    answer_as(alice, Training.REFUSE, terms=False)
    answer_as(mallory, Training.REFUSE, terms=False)
    records = ConsentRecord.objects.filter(principal=mallory.principal).order_by("sequence")
    assert [record.sequence for record in records] == [1, 2]
    assert records[0].previous_hash == GENESIS


@pytest.mark.django_db
def test_append_takes_one_statement(
    alice: User, update: PolicyUpdate, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    answer_as(alice, Training.REFUSE, terms=False)
    state, record = ConsentState.objects.get(), ConsentRecord.objects.latest("sequence")
    more = [ConsentRecord(**{**_fields(record), "id": uuid.uuid4(), "receipt": uuid.uuid4()}) for _number in range(3)]
    with django_assert_num_queries(1):
        assert append(state, more) == more
    assert [record.sequence for record in more] == [3, 4, 5]


def _fields(record: ConsentRecord) -> dict[str, object]:
    return {name: getattr(record, name) for name in HASHED_FIELDS}
