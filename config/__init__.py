"""Where the parts are put together: settings, addresses, the web process and the Celery application."""

from config.celery import app as celery_app

__all__ = ["celery_app"]
