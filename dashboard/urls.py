"""URLs of the dashboard."""

from django.urls import path

from . import tickets, views

app_name = "dashboard"

urlpatterns = [
    path("", views.HomeView.as_view(), name="home"),
    *tickets.urlpatterns,
]
