"""Work outside of requests: by workers and one beat where there is a broker (docs/operations.md), else in process."""

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "consent_site.settings")

app = Celery("consent_site")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
