from django.apps import AppConfig


class DashboardConfig(AppConfig):
    """The pages of signed-in customers."""

    name = "dashboard"
