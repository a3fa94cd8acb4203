"""The wiring. The Celery app is loaded with it, so that tasks find it in every process."""

from consent_site.celery import app as celery_app

__all__ = ["celery_app"]
