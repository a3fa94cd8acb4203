"""A site in which no time passes and ids come in one order, so that its pictures are the same each time.

The server of `pictures.py` is `tests.browser.still:application`. This has to be imported before any model is: they
take `uuid.uuid4` as it is then.
"""

import os
import random
import uuid
from datetime import UTC, datetime

from django.core.handlers.wsgi import WSGIHandler
from django.utils import timezone

# What the clock of the machine says. The product's own starts where NOW says, and stands there.
STOPPED_AT = datetime(2025, 10, 10, 9, tzinfo=UTC)


def hold_still(name: str) -> None:
    """Stop time, and draw ids from a row that goes by this name: two processes must not draw from one."""
    row = random.Random(name)
    uuid.uuid4 = lambda: uuid.UUID(int=row.getrandbits(128), version=4)
    timezone.now = lambda: STOPPED_AT


def __getattr__(name: str) -> WSGIHandler:
    if name != "application":
        raise AttributeError(name)
    from django.core.wsgi import get_wsgi_application  # noqa: PLC0415 - it loads the models

    hold_still("server")
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "consent_site.settings")
    return get_wsgi_application()
