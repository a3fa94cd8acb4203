"""What an act sets off in the other apps: each says so in `AppConfig.ready()`."""

import uuid
from collections.abc import Callable

from accounts.models import User

# Each is called inside the transaction of an act that makes something of a person ineligible for training: with the
# person, and the id of the one conversation it is about, or None for everything of theirs. Their row is locked.
on_ineligible: list[Callable[[User, uuid.UUID | None], object]] = []


def became_ineligible(user: User, conversation: uuid.UUID | None = None) -> None:
    """Tell the other apps, in this transaction, that something may not be used any more, whatever comes later."""
    for effect in on_ineligible:
        effect(user, conversation)
