"""The declarations of this site's collections of customers' own rows."""

from importlib import import_module

from django.conf import settings

from ..directus import Declared, registered


def declared_collections() -> tuple[Declared, ...]:
    """Return the declarations; each is in a module that the URLconf imports."""
    import_module(settings.ROOT_URLCONF)
    return registered()
