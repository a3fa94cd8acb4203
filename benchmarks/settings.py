"""The site's own settings, with the peer installed beside it and a bare view."""

from consent_site.settings import *  # noqa: F403 - a settings file adds to another

INSTALLED_APPS = [*INSTALLED_APPS, "termsandconditions"]  # noqa: F405
ROOT_URLCONF = "benchmarks.urls"
# Each side signs in with a session of its own, which names the backend that loads its user.
AUTHENTICATION_BACKENDS = [*AUTHENTICATION_BACKENDS, "allauth.account.auth_backends.AuthenticationBackend"]  # noqa: F405
# Opening a connection would cost all sides the same and hide what differs. (PostgreSQL has its pool.)
if DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3":  # noqa: F405
    DATABASES["default"]["CONN_MAX_AGE"] = None  # noqa: F405
    # A file, as in use; the default for tests is memory.
    DATABASES["default"]["TEST"] = {"NAME": f"{DATABASES['default']['NAME']}.measured"}  # noqa: F405
STORAGES["staticfiles"]["BACKEND"] = "django.contrib.staticfiles.storage.StaticFilesStorage"  # noqa: F405
# The peer's own defaults would leave its pages open; ours must not be among them.
TERMS_EXCLUDE_URL_LIST: set[str] = set()
