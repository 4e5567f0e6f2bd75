from importlib import import_module

from django.apps import AppConfig
from django.conf import settings


class TriggersConfig(AppConfig):
    name = "triggers"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Imports the shop's own modules (PAIRWELL_PLUGINS), so that what they register is known."""
        for module in settings.PAIRWELL["PLUGINS"]:
            import_module(module)
