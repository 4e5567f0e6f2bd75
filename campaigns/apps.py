from django.apps import AppConfig


class CampaignsConfig(AppConfig):
    name = "campaigns"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from campaigns.held_out import find_held_out
        from recommendations.withholding import register_reader

        register_reader(find_held_out)
