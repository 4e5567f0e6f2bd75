from django.apps import AppConfig


class RecommendationsConfig(AppConfig):
    name = "recommendations"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from recommendations.contract import PATHS, SCHEMAS
        from shop.openapi import add_to_document

        add_to_document(paths=PATHS, schemas=SCHEMAS)
