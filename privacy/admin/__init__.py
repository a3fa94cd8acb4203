"""What staff see and do of the question and its answers."""

from privacy.admin import people, records, rollout  # noqa: F401 - each registers its pages
