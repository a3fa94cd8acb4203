"""Sessions in the database, for keys that can be one of ours."""

from typing import Any

from django.contrib.sessions.backends import db
from django.contrib.sessions.backends.base import VALID_KEY_CHARS


class SessionStore(db.SessionStore):
    """Django's own store, which would look up any text as a key.

    PostgreSQL refuses a text with a NUL in it, and a cookie may hold one: that was a 500 for whoever sent it.
    """

    def _validate_session_key(self, key: Any) -> bool:
        is_key = super()._validate_session_key(key)  # type: ignore[misc]  # the stubs lack it
        return bool(is_key) and set(key) <= set(VALID_KEY_CHARS)
