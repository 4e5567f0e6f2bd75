"""Short addresses, because they stand in plain-text emails. No trailing slash, so nothing redirects."""

from django.urls import path

from audience import views

app_name = "audience"
urlpatterns = [
    path("u/<str:token>", views.unsubscribe, name="unsubscribe"),
    path("y/<str:token>", views.confirm, name="confirm"),
    path("p/<str:token>", views.preferences, name="preferences"),
]
