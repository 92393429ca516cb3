from django.apps import AppConfig


class ItemsConfig(AppConfig):
    """Views over collections of Directus."""

    name = "items"
