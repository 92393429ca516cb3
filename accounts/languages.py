"""Which language somebody reads: Directus' names for languages, and Django's."""

from django.conf import settings
from django.utils.translation import get_supported_language_variant


def language_of(user) -> str:
    """Return the language of a user's profile if the site has it, else the default.

    Directus writes `pt-BR`, Django `pt-br`; one without its country will do.
    """
    return supported(getattr(user, "language", "")) or settings.LANGUAGE_CODE


def supported(language: str) -> str:
    """Return Django's name for a language of Directus; empty if there is none."""
    try:
        return get_supported_language_variant(language.lower())
    except LookupError:
        return ""
