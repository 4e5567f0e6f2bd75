from django.urls import path

from shop import views

app_name = "shop"
urlpatterns = [
    path("events", views.events, name="events"),
    path("openapi.json", views.openapi, name="openapi"),
]
