"""The API beside the shop's own, and a short address for emails."""

from django.urls import path

from recommendations import views

app_name = "recommendations"
urlpatterns = [
    path("api/v1/recommendations", views.recommendations, name="api"),
    path("f/<str:token>", views.fewer, name="fewer"),
]
