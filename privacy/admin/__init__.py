"""What staff see of policy updates and of what people were told and chose."""

from privacy.admin import updates

__all__ = ["updates"]
