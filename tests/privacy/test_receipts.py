import json
import uuid
from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings

from accounts.models import User
from privacy.models import ConsentRecord, Kind, Method, PolicyUpdate, Training
from privacy.receipts import Receipt, as_json, receipt_for
from tests.factories import MEANWHILE, VERSION, answer_as, defer_as

pytestmark = pytest.mark.django_db

ALLOW, REFUSE = Training.ALLOW, Training.REFUSE
ADDRESS = "https://example.com/privacy/receipts/1/"


def receipt_of(user: User, training: Training | None, **values: Any) -> Receipt:
    found = receipt_for(user, answer_as(user, training, **values))
    assert found is not None
    return found


def test_receipt_holds_what_one_form_saved_in_order(alice: User, update: PolicyUpdate) -> None:
    receipt = receipt_of(alice, ALLOW)
    assert [record.kind for record in receipt.records] == ["terms_accepted", "training_allowed"]
    assert receipt.first.kind == Kind.TERMS_ACCEPTED
    assert receipt.training is not None
    assert receipt.training.kind == Kind.TRAINING_ALLOWED


def test_receipt_of_terms_alone_has_no_choice(alice: User, update: PolicyUpdate) -> None:
    answer_as(alice, REFUSE, terms=False)
    receipt = receipt_of(alice, None)
    assert receipt.training is None
    assert receipt.undoes_to is None


def test_receipt_is_its_persons_own(alice: User, mallory: User, update: PolicyUpdate) -> None:
    receipt = answer_as(alice, REFUSE)
    assert receipt_for(mallory, receipt) is None
    assert receipt_for(alice, uuid.uuid4()) is None


def test_what_was_shown_or_put_off_has_no_receipt(alice: User, update: PolicyUpdate) -> None:
    defer_as(alice)
    assert set(ConsentRecord.objects.values_list("receipt", flat=True)) == {None}


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [(None, ALLOW, None), (ALLOW, ALLOW, None), (ALLOW, REFUSE, ALLOW), (REFUSE, ALLOW, REFUSE)],
)
def test_receipt_says_what_undo_would_give(
    before: Training | None, after: Training, expected: Training | None, alice: User, update: PolicyUpdate
) -> None:
    if before:
        answer_as(alice, before)
    assert receipt_of(alice, after).undoes_to is expected


def test_json_has_the_fields_of_the_specification(alice: User, update: PolicyUpdate) -> None:
    receipt = receipt_of(alice, ALLOW)
    found = as_json(receipt, ADDRESS)
    assert found["schema_version"] == "ISO/IEC TS 27560:2023"
    assert found["receipt_id"] == str(receipt.id)
    assert found["receipt_url"] == ADDRESS
    assert found["pii_principal_id"] == str(alice.principal)
    assert found["party_identification"] == [
        {
            "party_id": "controller",
            "party_role": "PII controller",
            "party_name": settings.CONTROLLER["name"],
            "party_address": settings.CONTROLLER["address"],
            "party_email": settings.CONTROLLER["email"],
            "party_url": settings.CONTROLLER["url"],
        }
    ]
    terms, training = found["records"]
    assert [record["record_id"] for record in (terms, training)] == [str(record.id) for record in receipt.records]
    for record in (terms, training):
        notice = record["pii_processing"]["privacy_notice"]
        assert notice["version"] == VERSION
        assert notice["sha256"] == receipt.first.notice_id
        assert notice["text"] == receipt.first.notice.text
        assert record["pii_processing"]["pii_controller"] == found["party_identification"][0]["party_id"]


def test_json_says_what_is_done_with_what(alice: User, update: PolicyUpdate) -> None:
    terms, training = (record["pii_processing"] for record in as_json(receipt_of(alice, ALLOW), ADDRESS)["records"])
    alike = {
        "privacy_notice": training["privacy_notice"],
        "language": "en",
        "pii_controller": "controller",
        "collection_method": "written by the person in the service",
        "recipient_third_parties": [],
        "jurisdiction": settings.CONTROLLER["jurisdiction"],
        "privacy_rights": ["/privacy/settings/", "/privacy/history/"],
    }
    assert terms == alike | {
        "purpose": "Consumer Terms",
        "lawful_basis": "contract",
        "pii_type": [],
        "processing_method": [],
        "retention_period": None,
        "withdrawal_method": None,
    }
    assert training == alike | {
        "purpose": "Training of models with chats and coding sessions",
        "lawful_basis": "consent",
        "pii_type": ["chats", "coding sessions"],
        "processing_method": ["filtering of sensitive data", "training of models"],
        "retention_period": "P5Y",
        "withdrawal_method": "/privacy/settings/",
    }


def test_json_says_what_happened_and_when(alice: User, update: PolicyUpdate) -> None:
    receipt = receipt_of(alice, ALLOW)
    events = [record["event"] for record in as_json(receipt, ADDRESS)["records"]]
    alike = {
        "event_time": "2025-09-10T09:00:00.000000+00:00",
        "event_type": "explicit",
        "event_state": "given",
        "entity_id": str(alice.principal),
        "validity_duration": None,
        "surface": "pop_up",
        "method": "button",
        "previous_value": None,
        "global_privacy_control": False,
    }
    recorded = [record.recorded_at.isoformat(timespec="microseconds") for record in receipt.records]
    assert events == [
        alike | {"new_value": VERSION, "recorded_time": recorded[0]},
        alike | {"new_value": "allow", "recorded_time": recorded[1]},
    ]


@pytest.mark.parametrize(
    ("trainings", "state", "retention", "previous"),
    [
        ([ALLOW], "given", "P5Y", None),
        ([REFUSE], "refused", "P30D", None),
        ([ALLOW, REFUSE], "withdrawn", "P30D", "allow"),
        ([REFUSE, ALLOW], "given", "P5Y", "refuse"),
    ],
)
def test_json_says_what_was_chosen(
    trainings: list[Training], state: str, retention: str, previous: str | None, alice: User, update: PolicyUpdate
) -> None:
    for days, training in enumerate(trainings):
        receipt = receipt_of(alice, training, at=MEANWHILE + timedelta(days=days))
    record = as_json(receipt, ADDRESS)["records"][-1]
    assert record["event"]["event_state"] == state
    assert record["event"]["new_value"] == trainings[-1].value
    assert record["event"]["previous_value"] == previous
    assert record["event"]["method"] == Method.BUTTON.value
    assert record["pii_processing"]["retention_period"] == retention


def test_json_proves_where_in_the_chain_it_stands(alice: User, update: PolicyUpdate) -> None:
    receipt = receipt_of(alice, ALLOW)
    terms, training = (record["integrity"] for record in as_json(receipt, ADDRESS)["records"])
    assert (terms["algorithm"], terms["sequence"], training["sequence"]) == ("SHA-256", 2, 3)
    assert training["previous_hash"] == terms["hash"] == receipt.first.hash


def test_json_holds_nothing_that_names_the_person(alice: User, update: PolicyUpdate) -> None:
    text = json.dumps(as_json(receipt_of(alice, ALLOW), ADDRESS))
    assert "alice" not in text


def test_receipt_in_chinese_holds_the_chinese_notice(alice: User, update: PolicyUpdate) -> None:
    receipt = receipt_of(alice, REFUSE, terms=False, language="zh-hans")
    processing = as_json(receipt, ADDRESS)["records"][0]["pii_processing"]
    assert processing["language"] == "zh-hans"
    assert processing["privacy_notice"]["text"].startswith("update: 2025-08-28\nlanguage: zh-hans\n")


def test_receipt_takes_one_query(alice: User, update: PolicyUpdate, django_assert_num_queries: Any) -> None:
    receipt = answer_as(alice, ALLOW)
    with django_assert_num_queries(1):
        found = receipt_for(alice, receipt)
        assert found is not None
        as_json(found, ADDRESS)
