"""What staff see of policy updates and of what people were told and chose."""

from privacy.admin import letters, people, places, records, rollout, updates

# Each registers its pages.
__all__ = ["letters", "people", "places", "records", "rollout", "updates"]
