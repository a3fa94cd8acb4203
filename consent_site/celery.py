"""Work outside of requests: `celery -A consent_site worker --beat` where there is a broker, in process without one."""

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "consent_site.settings")

app = Celery("consent_site")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
