"""The policy update that people are asked about."""

from datetime import UTC, date, datetime

from privacy.models import DocumentKind, PolicyUpdate
from privacy.publication import publish

ANNOUNCED = datetime(2025, 8, 28, tzinfo=UTC)


def published_update() -> PolicyUpdate:
    """Return the update that is asked, published with all its documents."""
    update = PolicyUpdate.objects.create(
        version="2025-08-28", announced_at=ANNOUNCED, last_day=date(2025, 9, 28), rollout_percentage=100
    )
    for kind in DocumentKind:
        for language in ("en", "zh-hans"):
            update.documents.create(kind=kind, language=language, markdown="# A text")
    return publish(update, by=None, at=ANNOUNCED)
