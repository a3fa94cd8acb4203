"""The card of a data set: what is in it, where it comes from and what was kept out, for machines and for people."""

from collections import Counter
from datetime import UTC, datetime
from typing import Any

from django.conf import settings
from django.db.models import Count, Max, Min, Sum

from conversations.eligibility import Reason
from training import store
from training.models import TrainingRun

MACHINES, PEOPLE = "card.json", "card.md"


def card_of(run: TrainingRun) -> dict[str, Any]:
    """Return what the card of a run says, as JSON can hold it. It depends on the run's rows alone.

    When people allowed is said by days: an instant is that of one record, and the card of a small run would name it.
    """
    totals = run.shards.aggregate(conversations=Sum("conversations"), messages=Sum("messages"), bytes=Sum("size"))
    allowed = run.rows.aggregate(first=Min("record__occurred_at"), last=Max("record__occurred_at"))
    updates = run.rows.order_by().values_list("record__update").annotate(count=Count("pk"))
    masked: Counter[str] = Counter()
    for counts in run.shards.values_list("masked", flat=True):
        masked.update(counts)
    assert run.frozen_at is not None
    return {
        "run": str(run.pk),
        "product": settings.PRODUCT_NAME,
        "purpose": run.purpose,
        "manifest_frozen": run.frozen_at.isoformat(),
        "schema_version": run.schema_version,
        "filter_version": run.filter_version,
        "conversations": totals["conversations"] or 0,
        "messages": totals["messages"] or 0,
        "bytes": totals["bytes"] or 0,
        "allowed_first": _day(allowed["first"]),
        "allowed_last": _day(allowed["last"]),
        "conversations_by_policy_update": dict(sorted(updates)),
        "masked_by_class": dict(sorted(masked.items())),
        "kept_out_by_reason": {reason.value: run.kept_out.get(reason, 0) for reason in Reason if reason.value},
        "taken_out_since": run.taken_out,
        "files": list(run.shards.order_by("number").values("number", "conversations", "size", "sha256")),
    }


def _day(at: datetime | None) -> str | None:
    """Return the day of an instant, in UTC."""
    return at.astimezone(UTC).date().isoformat() if at else None


def files_of(card: dict[str, Any]) -> dict[str, bytes]:
    """Return the files of a card, by name."""
    return {MACHINES: store.as_json(card), PEOPLE: _in_markdown(card).encode()}


def _in_markdown(card: dict[str, Any]) -> str:
    def table(head: str, counts: dict[str, int]) -> str:
        rows = "".join(f"| {name} | {count:,} |\n" for name, count in counts.items())
        return f"| {head} | |\n|---|---:|\n{rows}" if rows else "None.\n"

    return f"""# Training data of {card["product"]}

Run `{card["run"]}`, for {card["purpose"].replace("_", " ")}. It serves this one training, and is destroyed 90 days
after that has finished. `docs/training_data.md` of the source says how to read it.

- conversations: {card["conversations"]:,}; messages: {card["messages"]:,}
- files: {len(card["files"]):,}; bytes: {card["bytes"]:,}
- manifest frozen at {card["manifest_frozen"]}
- allowed by their owners from {card["allowed_first"] or "–"} to {card["allowed_last"] or "–"}
- schema {card["schema_version"]}, filter {card["filter_version"]}
- taken out between the freeze and the start: {card["taken_out_since"]:,}

## Allowed under

{table("policy update", card["conversations_by_policy_update"])}
## Masked

{table("class", card["masked_by_class"])}
## Kept out at the freeze

{table("first reason", card["kept_out_by_reason"])}
## Files

{table("SHA-256", {file["sha256"]: file["size"] for file in card["files"]})}"""
