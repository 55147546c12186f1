"""The Celery application. Messages carry ids; the work and its state stand in the database."""

from __future__ import annotations

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

app = Celery("second_reader")
# Read when first needed, not here: settings may still be on their way in.
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks(["assist"])
