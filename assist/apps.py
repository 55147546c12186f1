"""The only door between the study and the models: wants in, bundles out, through a Celery worker."""

from django.apps import AppConfig


class AssistConfig(AppConfig):
    name = "assist"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from assist import checks, receivers  # noqa: F401 - registers the checks, connects the signal
