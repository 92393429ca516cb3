from django.apps import AppConfig


class DashboardConfig(AppConfig):
    """What customers see after they signed in."""

    name = "dashboard"
