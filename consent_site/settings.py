"""The one settings file, read from the environment and closed by default.

Without `DEMO=on` it expects a production environment: a secret, host names and HTTPS. `DEMO=on` is what
`make run` and the tests set: a secret of this clone's own, plain HTTP, a clock that can be set.
`docs/operations.md` lists every variable.
"""

from datetime import timedelta
from pathlib import Path

import environ
from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured
from django.core.management.utils import get_random_secret_key
from django.utils.translation import gettext_lazy as _

env = environ.Env()

BASE_DIR = Path(__file__).resolve().parent.parent
VAR_DIR = Path(env.str("VAR_DIR", default=str(BASE_DIR / "var")))

DEMO = env.bool("DEMO", default=False)
DEBUG = env.bool("DEBUG", default=False)


def demo_secret() -> str:
    """Return this clone's own secret, made on first use, so that demo sessions outlive a restart."""
    path = VAR_DIR / "secret_key"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(get_random_secret_key())
        path.chmod(0o600)
    return path.read_text()


SECRET_KEY = env.str("SECRET_KEY", default="") or (demo_secret() if DEMO else "")
if not SECRET_KEY:
    raise ImproperlyConfigured("SECRET_KEY is not set. Production needs one of its own; DEMO=on makes one for a try.")
SECRET_KEY_FALLBACKS = env.list("SECRET_KEY_FALLBACKS", default=[])
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=["*"] if DEMO else [])
CSRF_TRUSTED_ORIGINS = env.list("CSRF_TRUSTED_ORIGINS", default=[])
# Where links in letters lead that are written while nobody asks for a page, without a slash at its end.
SITE_URL = env.str(
    "SITE_URL", default="http://127.0.0.1:8000" if DEMO else f"https://{(ALLOWED_HOSTS or [''])[0].lstrip('.')}"
)

# The product

PRODUCT_NAME = env.str("PRODUCT_NAME", default="Marlow")
CODING_TOOL_NAME = env.str("CODING_TOOL_NAME", default="Marlow Code")
# Who decides what happens to the data; every receipt names it (ISO/IEC TS 27560, "party identification").
CONTROLLER = {
    "name": env.str("CONTROLLER_NAME", default=f"{PRODUCT_NAME} (demo operator)"),
    "address": env.str("CONTROLLER_ADDRESS", default="1 Example Street, Example City"),
    "email": env.str("CONTROLLER_EMAIL", default="privacy@example.com"),
    "url": env.str("CONTROLLER_URL", default="https://example.com/"),
    "jurisdiction": env.str("CONTROLLER_JURISDICTION", default="ZZ"),
}
ASSISTANT = env.str("ASSISTANT", default="conversations.assistant.OfflineAssistant")
# For `conversations.anthropic_assistant.AnthropicAssistant`, if that is the one (requirements/anthropic.txt).
ANTHROPIC = {
    "api_key": env.str("ANTHROPIC_API_KEY", default=""),
    "base_url": env.str("ANTHROPIC_BASE_URL", default="") or None,
    "model": env.str("ANTHROPIC_MODEL", default=""),
    "seconds": env.float("ANTHROPIC_TIMEOUT", default=60.0),
}
# An instant at which the product's clock starts when the process does, e.g. 2025-09-10T09:00Z. Demo only.
PRODUCT_CLOCK_START = env.str("NOW", default="")
if PRODUCT_CLOCK_START and not DEMO:
    raise ImproperlyConfigured("NOW moves the product's clock and is refused outside DEMO=on.")
# Personas, a clock for one browser, every screen by a link (docs/qa.md): whoever can open the site may be any of them.
QA_TOOLS = env.bool("QA_TOOLS", default=False)
if QA_TOOLS and not DEMO:
    raise ImproperlyConfigured("QA_TOOLS lets anyone sign in as a persona and is refused outside DEMO=on.")
EXPORTS_DIR = Path(env.str("EXPORTS_DIR", default=str(VAR_DIR / "exports")))
# Where the files of training runs are: a folder, or an address that fsspec knows, such as s3://bucket/runs.
TRAINING_FILES = env.str("TRAINING_FILES", default=str(VAR_DIR / "training"))
# Both are worth a disk that is not the database's: they are for when that is lost.
JOURNAL_DIR = Path(env.str("JOURNAL_DIR", default=str(VAR_DIR / "journal")))
LEDGER_HEADS_DIR = Path(env.str("LEDGER_HEADS_DIR", default=str(VAR_DIR / "ledger_heads")))

# Applications

INSTALLED_APPS = [
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.usersessions",
    # After allauth, some of whose tables they take out of the admin again.
    "accounts",
    "privacy",
    "conversations",
    "training",
    "django_htmx",
    "django.contrib.humanize",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.middleware.gzip.GZipMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "accounts.middleware.JournalMiddleware",
    "accounts.middleware.NoStoreMiddleware",
    "accounts.middleware.PreferencesMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "consent_site.middleware.ErrorPageMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "privacy.middleware.LostSessionMiddleware",
    "accounts.middleware.SignInRequiredMiddleware",
    "accounts.middleware.SecondFactorMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "privacy.middleware.EvidenceMiddleware",
    "privacy.middleware.GateMiddleware",
]

if QA_TOOLS:
    INSTALLED_APPS.append("qa")
    # The clock is moved once it is known who asks; the bar is in the reader's language, and on pages for errors too.
    for before, name in (
        ("django.contrib.auth.middleware.AuthenticationMiddleware", "qa.middleware.ClockMiddleware"),
        ("accounts.middleware.PreferencesMiddleware", "qa.middleware.BarMiddleware"),
    ):
        MIDDLEWARE.insert(MIDDLEWARE.index(before) + 1, name)

ROOT_URLCONF = "consent_site.urls"
WSGI_APPLICATION = "consent_site.wsgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "accounts.context_processors.product",
                "privacy.context_processors.prompt",
            ],
        },
    }
]

# Storage

DATABASES = {"default": env.db("DATABASE_URL", default=f"sqlite:///{VAR_DIR / 'db.sqlite3'}")}
if DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3":
    # IMMEDIATE takes the write lock when a transaction begins, so that a read inside it is a row lock;
    # FULL survives a power cut: this is evidence.
    DATABASES["default"]["OPTIONS"] = {
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;",
    }
else:
    # One for each thread of a process: with fewer, threads that wait for the same row also wait for a connection.
    # What does not come within 5 seconds is an error, so that the health check answers while the database does not.
    # Statements that come again are planned once for a connection: planning the query that loads the person with
    # their consent costs more than running it. (PgBouncer, if one stands between, must be 1.22 or newer.)
    DATABASES["default"]["OPTIONS"] = {
        "pool": {"min_size": 1, "max_size": 16, "timeout": 5},
        "server_side_binding": True,
        "prepare_threshold": 3,
    }
    # A connection that a restart of the server has cut is found out when it is taken from the pool, not by the person
    # whose request it was to serve.
    DATABASES["default"]["CONN_HEALTH_CHECKS"] = True
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

CACHE_URL = env.str("CACHE_URL", default="")
# Only rate limits live in the cache; whether someone has answered never does (a cache can lag).
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": CACHE_URL,
        # Without them a request would wait for minutes for a server that does not answer.
        "OPTIONS": {"socket_connect_timeout": 2, "socket_timeout": 2},
    }
    if CACHE_URL
    else {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}
}

# Work outside of requests

CELERY_BROKER_URL = env.str("CELERY_BROKER_URL", default="")
# Without a broker the same tasks run in the process that asks for them, after its commit.
CELERY_TASK_ALWAYS_EAGER = not CELERY_BROKER_URL
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
# When the task of a killed worker is given to another, and one that takes longer while it is done: every task can be
# run again, and beside itself. The steps of training runs, which may take hours, see that a worker is at them.
CELERY_BROKER_TRANSPORT_OPTIONS = {"visibility_timeout": 15 * 60}
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_TASK_IGNORE_RESULT = True
CELERY_BEAT_SCHEDULE = {
    "purge": {"task": "conversations.tasks.purge_expired", "schedule": timedelta(hours=1)},
    "reminders": {"task": "privacy.tasks.send_reminders", "schedule": timedelta(hours=1)},
    "roll-out": {"task": "privacy.tasks.count_rollout", "schedule": timedelta(minutes=1)},
    "training runs": {"task": "training.tasks.keep_runs", "schedule": timedelta(hours=1)},
}

# People

AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["privacy.auth_backends.AuthenticationBackend"]
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]
SESSION_ENGINE = "accounts.sessions"
SESSION_COOKIE_NAME = "session"
MESSAGE_STORAGE = "django.contrib.messages.storage.session.SessionStorage"
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "conversations:index"
ACCOUNT_ADAPTER = "accounts.adapter.AccountAdapter"
ACCOUNT_CHANGE_EMAIL = True
ACCOUNT_FORMS = {
    "add_email": "accounts.sign_in_forms.AddEmailForm",
    "change_password": "accounts.sign_in_forms.ChangePasswordForm",
    "confirm_email_verification_code": "accounts.sign_in_forms.ConfirmEmailVerificationCodeForm",
    "login": "accounts.sign_in_forms.LoginForm",
    "reauthenticate": "accounts.sign_in_forms.ReauthenticateForm",
    "reset_password": "accounts.sign_in_forms.ResetPasswordForm",
    "reset_password_from_key": "accounts.sign_in_forms.ResetPasswordKeyForm",
    "set_password": "accounts.sign_in_forms.SetPasswordForm",
    "signup": "accounts.sign_in_forms.SignupForm",
}
if QA_TOOLS:
    ACCOUNT_FORMS |= {"add_email": "qa.sign_up_forms.AddEmailForm", "signup": "qa.sign_up_forms.SignupForm"}
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""
ACCOUNT_EMAIL_VERIFICATION = "mandatory"
ACCOUNT_EMAIL_VERIFICATION_BY_CODE_ENABLED = True
ACCOUNT_EMAIL_VERIFICATION_SUPPORTS_RESEND = True
ACCOUNT_EMAIL_NOTIFICATIONS = True
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_LOGOUT_REDIRECT_URL = "home"
# Whoever sits down at an open session must not get the account by way of another address, to which a new password goes.
ACCOUNT_REAUTHENTICATION_REQUIRED = True
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_SESSION_REMEMBER = True
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ALLAUTH_TRUSTED_PROXY_COUNT = env.int("TRUSTED_PROXY_COUNT", default=0)
MFA_ADAPTER = "accounts.adapter.MFAAdapter"
MFA_FORMS = {
    "activate_totp": "accounts.sign_in_forms.ActivateTOTPForm",
    "add_webauthn": "accounts.sign_in_forms.AddWebAuthnForm",
    "authenticate": "accounts.sign_in_forms.AuthenticateForm",
    "authenticate_webauthn": "accounts.sign_in_forms.AuthenticateWebAuthnForm",
    "edit_webauthn": "accounts.sign_in_forms.EditWebAuthnForm",
    "login_webauthn": "accounts.sign_in_forms.LoginWebAuthnForm",
    "reauthenticate": "accounts.sign_in_forms.ReauthenticateByCodeForm",
    "reauthenticate_webauthn": "accounts.sign_in_forms.ReauthenticateWebAuthnForm",
}
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_TOTP_ISSUER = PRODUCT_NAME
# Staff see what many people are asked and answer: whoever does needs more than a password. In the demo they need none.
STAFF_NEED_SECOND_FACTOR = not DEMO
# A browser treats localhost as secure, so passkeys can be tried over plain HTTP there.
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = DEMO

# Mail

EMAIL_CONFIG = env.email_url("EMAIL_URL", default="consolemail://")
vars().update(EMAIL_CONFIG)
# A mail server that says nothing is as one that is away: without this, whoever signs up would wait for it for ever.
EMAIL_TIMEOUT = 20
# What would only come out on the console is kept for QA's page too.
QA_MAILS_DIR = VAR_DIR / "qa_mails"
if QA_TOOLS and EMAIL_CONFIG["EMAIL_BACKEND"] == "django.core.mail.backends.console.EmailBackend":
    EMAIL_BACKEND = "qa.mail.EmailBackend"
DEFAULT_FROM_EMAIL = env.str("DEFAULT_FROM_EMAIL", default=CONTROLLER["email"])
SERVER_EMAIL = DEFAULT_FROM_EMAIL

# Languages and time

LANGUAGE_CODE = "en"
LANGUAGES = [("en", _("English")), ("zh-hans", _("Simplified Chinese"))]
LOCALE_PATHS = [BASE_DIR / "locale"]
USE_TZ = True
FORMAT_MODULE_PATH = "consent_site.formats"
TIME_ZONE = "UTC"
LANGUAGE_COOKIE_NAME = "language"
LANGUAGE_COOKIE_AGE = 365 * 24 * 60 * 60

# Static files

STATIC_URL = "/static/"
STATIC_ROOT = VAR_DIR / "static"
STATICFILES_DIRS = [BASE_DIR / "static"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if DEBUG
        else "whitenoise.storage.CompressedManifestStaticFilesStorage"
    },
}

# What a browser is told

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF],
        "connect-src": [SELF],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
        "base-uri": [NONE],
        "manifest-src": [SELF],
    }
}
X_FRAME_OPTIONS = "DENY"
SECURE_REFERRER_POLICY = "same-origin"
SECURE_HSTS_SECONDS = 0 if DEMO else 2 * 365 * 24 * 60 * 60
SECURE_HSTS_INCLUDE_SUBDOMAINS = not DEMO
SECURE_HSTS_PRELOAD = not DEMO
SECURE_SSL_REDIRECT = not DEMO
SECURE_REDIRECT_EXEMPT = [r"^health/$"]
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if ALLAUTH_TRUSTED_PROXY_COUNT else None
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = LANGUAGE_COOKIE_SECURE = not DEMO
LANGUAGE_COOKIE_HTTPONLY = True
CSRF_FAILURE_VIEW = "consent_site.views.csrf_failure"

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "handlers": {"console": {"class": "logging.StreamHandler"}},
    "root": {"handlers": ["console"], "level": "INFO"},
    "loggers": {
        # It names each of its recognisers whenever a process begins to filter.
        "presidio-analyzer": {"level": "WARNING"},
        # Without a broker nothing connects, and yet it warns with each task that it knows no host.
        "kombu.connection": {"level": "WARNING" if CELERY_BROKER_URL else "ERROR"},
    },
}
