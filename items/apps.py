from django.apps import AppConfig


class ItemsConfig(AppConfig):
    """Views over collections of Directus."""

    name = "items"

    def ready(self):
        """Take part in the export and the deletion of accounts, and in checks."""
        from . import (
            checks,  # noqa: F401
            receivers,  # noqa: F401
        )
