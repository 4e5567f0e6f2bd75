from django.urls import path

from campaigns import views

app_name = "campaigns"
urlpatterns = [
    path("c/<str:token>", views.click, name="click"),
    path("o/<str:token>", views.open_pixel, name="open"),
    path("hooks/sendgrid", views.sendgrid_webhook, name="sendgrid_webhook"),
]
