"""The study: people, texts, assignments, critiques, judgements. Runs no model."""

from django.apps import AppConfig


class LabelingConfig(AppConfig):
    name = "labeling"
    default_auto_field = "django.db.models.BigAutoField"
