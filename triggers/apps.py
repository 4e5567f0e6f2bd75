from importlib import import_module

from django.apps import AppConfig
from django.conf import settings


class TriggersConfig(AppConfig):
    name = "triggers"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Imports our kinds and the shop's own modules (PAIRWELL_PLUGINS), so that all are registered."""
        import_module("triggers.occasions")
        for module in settings.PAIRWELL["PLUGINS"]:
            import_module(module)
