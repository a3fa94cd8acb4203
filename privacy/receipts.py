"""Receipts: what one answer recorded, for its person, as a page and as JSON (ISO/IEC TS 27560).

`docs/receipts.md` says which field comes from where.
"""

import uuid
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django.conf import settings

from accounts.models import User
from privacy.models import ConsentRecord, Kind, Training

SCHEMA = "ISO/IEC TS 27560:2023"
EVENT_STATES = {
    Kind.TERMS_ACCEPTED: "given",
    Kind.TRAINING_ALLOWED: "given",
    Kind.TRAINING_REFUSED: "refused",
    Kind.TRAINING_WITHDRAWN: "withdrawn",
}


@dataclass(frozen=True, slots=True)
class Receipt:
    """One answer: the records one form saved, in order; at least one."""

    id: uuid.UUID
    records: tuple[ConsentRecord, ...]

    @property
    def first(self) -> ConsentRecord:
        """Return the first record; what the others share with it is read from it."""
        return self.records[0]

    @property
    def training(self) -> ConsentRecord | None:
        """Return the record of the training choice, if the answer had one."""
        return next((record for record in self.records if record.kind != Kind.TERMS_ACCEPTED), None)

    @property
    def undoes_to(self) -> Training | None:
        """Return the choice there was before, if it was another one: what undo would give."""
        record = self.training
        if record is None or not record.previous_value or record.previous_value == record.new_value:
            return None
        return Training(record.previous_value)


def receipt_for(user: User, receipt: uuid.UUID) -> Receipt | None:
    """Return a receipt of someone's own, or None if there is none such for them."""
    records = ConsentRecord.objects.filter(principal=user.principal, receipt=receipt)
    found = tuple(records.select_related("notice", "update").order_by("sequence"))
    return Receipt(receipt, found) if found else None


def as_json(receipt: Receipt, address: str) -> dict[str, Any]:
    """Return a receipt with the fields of ISO/IEC TS 27560; `address` is its absolute URL."""
    return {
        "schema_version": SCHEMA,
        "receipt_id": str(receipt.id),
        "receipt_url": address,
        "pii_principal_id": str(receipt.first.principal),
        "records": [_record(record) for record in receipt.records],
        "party_identification": [_controller()],
    }


def _record(record: ConsentRecord) -> dict[str, Any]:
    return {
        "record_id": str(record.id),
        "pii_processing": _processing(record),
        "event": {
            "event_time": _instant(record.occurred_at),
            "recorded_time": _instant(record.recorded_at),
            "event_type": "explicit",
            "event_state": EVENT_STATES[Kind(record.kind)],
            "entity_id": str(record.actor),
            "validity_duration": None,
            "surface": record.surface,
            "method": record.method,
            "previous_value": record.previous_value or None,
            "new_value": record.new_value,
            "global_privacy_control": record.gpc,
        },
        "integrity": {
            "algorithm": "SHA-256",
            "sequence": record.sequence,
            "previous_hash": record.previous_hash,
            "hash": record.hash,
        },
    }


def _processing(record: ConsentRecord) -> dict[str, Any]:
    update, is_terms = record.update, record.kind == Kind.TERMS_ACCEPTED
    allowed = record.new_value == Training.ALLOW
    return {
        "privacy_notice": {
            "version": update.version,
            "sha256": record.notice_id,
            "text": record.notice.text,
        },
        "language": record.language,
        "purpose": "Consumer Terms" if is_terms else "Training of models with chats and coding sessions",
        "lawful_basis": "contract" if is_terms else "consent",
        "pii_type": [] if is_terms else ["chats", "coding sessions"],
        "pii_controller": "controller",
        "collection_method": "written by the person in the service",
        "processing_method": [] if is_terms else ["filtering of sensitive data", "training of models"],
        "retention_period": None if is_terms else _retention(record, allowed=allowed),
        "recipient_third_parties": [],
        "jurisdiction": settings.CONTROLLER["jurisdiction"],
        "withdrawal_method": None if is_terms else "/privacy/settings/",
        "privacy_rights": ["/privacy/settings/", "/privacy/history/"],
    }


def _retention(record: ConsentRecord, *, allowed: bool) -> str:
    """Return how long after the last message, as an ISO 8601 duration."""
    update = record.update
    return f"P{update.allow_retention_years}Y" if allowed else f"P{update.refuse_retention_days}D"


def _controller() -> dict[str, str]:
    controller = settings.CONTROLLER
    return {
        "party_id": "controller",
        "party_role": "PII controller",
        "party_name": controller["name"],
        "party_address": controller["address"],
        "party_email": controller["email"],
        "party_url": controller["url"],
    }


def _instant(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="microseconds")
