"""What the people of the demo have in common; `seed_demo` makes them, then `seed_runs` and QA's personas."""

from datetime import UTC, datetime

PASSWORD = "demo-pass-2025"  # noqa: S105 - printed for everyone to use
ADMIN = "admin@example.com"
# When those joined who were there long before the announcement.
BEFORE = datetime(2025, 3, 3, 9, tzinfo=UTC)
