"""The settings the tests run with: the demo's, in a directory of their own (`tests.conftest` makes it), and quick.

`DATABASE_URL` and `CACHE_URL` still choose what to test against; without them it is SQLite and local memory.
"""

import os
import tempfile
import uuid

# The workers of pytest-xdist inherit the variable, so that one run has one directory and two runs do not meet.
os.environ.setdefault("TESTS_DIR", f"{tempfile.gettempdir()}/consent-site-tests-{uuid.uuid4().hex}")

# What a developer's shell happens to say about running the site says nothing about testing it.
os.environ.update(DEMO="on", DEBUG="off", NOW="", VAR_DIR=os.environ["TESTS_DIR"], SECRET_KEY="of-the-tests-only")
# QA's tools are there, with their addresses, for `tests/qa` to look at.
os.environ["QA_TOOLS"] = "on"
# Playwright keeps an event loop in the thread the tests run in, and Django would refuse its ORM there.
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"

from consent_site.settings import *  # noqa: F403
from consent_site.settings import CACHE_URL, CACHES, DATABASES, MIDDLEWARE, STORAGES, VAR_DIR

# Their middleware is switched on there only: everywhere else, pages and time are as people have them.
MIDDLEWARE = [name for name in MIDDLEWARE if not name.startswith("qa.")]

if DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3":
    # Threads on an in-memory database fail with "table is locked"; a file behaves as in production. What a
    # power cut would take from it is no loss.
    DATABASES["default"]["TEST"] = {"NAME": str(VAR_DIR / "test.sqlite3")}
    DATABASES["default"]["OPTIONS"]["init_command"] = "PRAGMA journal_mode=WAL; PRAGMA synchronous=OFF;"

if CACHE_URL:
    # Each worker of pytest-xdist its own of Redis's sixteen databases, since every test empties the cache.
    worker = os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")
    CACHES["default"]["LOCATION"] = f"{CACHE_URL.rstrip('/')}/{worker}"

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
# No `collectstatic` before the tests: files are served as they are in the source.
STORAGES["staticfiles"] = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
WHITENOISE_AUTOREFRESH = WHITENOISE_USE_FINDERS = True

# What goes wrong in a task goes wrong in its test. `CELERY_BROKER_URL` is for the one test that starts a worker; the
# others do their work in process.
CELERY_TASK_EAGER_PROPAGATES = True
if os.environ.get("CELERY_QUEUE"):
    CELERY_TASK_DEFAULT_QUEUE = os.environ["CELERY_QUEUE"]
else:
    CELERY_TASK_ALWAYS_EAGER = True

if "VISIBILITY_TIMEOUT" in os.environ:
    CELERY_BROKER_TRANSPORT_OPTIONS = {"visibility_timeout": int(os.environ["VISIBILITY_TIMEOUT"])}
