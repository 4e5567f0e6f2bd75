"""Every address of the product on one page."""

from django.contrib import admin
from django.urls import URLPattern, URLResolver, include, path

from config.ops import health, metrics

urlpatterns: list[URLPattern | URLResolver] = [
    path("", include("dashboard.urls")),
    path("", include("campaigns.urls")),
    path("", include("audience.urls")),
    path("", include("recommendations.urls")),
    path("api/v1/", include("shop.urls")),
    path("healthz", health, name="health"),
    path("metrics", metrics, name="metrics"),
    path("admin/", admin.site.urls),
]
