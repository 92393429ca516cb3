"""Which language somebody reads: Directus' names for languages, and Django's."""

from django.conf import settings
from django.utils import translation
from django.utils.translation import get_supported_language_variant
from django.utils.translation.trans_real import parse_accept_lang_header

# What Directus' own app calls the languages of this site.
DIRECTUS_NAMES = {
    "en-gb": "en-GB",
    "de": "de-DE",
    "fr": "fr-FR",
    "es": "es-ES",
    "pt-br": "pt-BR",
    "ja": "ja-JP",
}


def language_of(user, otherwise: str = "") -> str:
    """Return the language of a user's profile if the site has it.

    Directus writes `pt-BR`, Django `pt-br`; one without its country will do.

    Args:
        user: may be nobody.
        otherwise: what to return for a profile without such a language, if not the
            site's own one.
    """
    mine = supported(getattr(user, "language", ""))
    return mine or otherwise or settings.LANGUAGE_CODE


def supported(language: str) -> str:
    """Return Django's name for a language of Directus; empty if there is none."""
    try:
        return get_supported_language_variant(language.lower())
    except LookupError:
        return ""


def of_browser(header: str) -> str:
    """Return the first language of an Accept-Language that the site has.

    Django's own function would look for a cookie first, and there is none.
    """
    wanted = (name for name, _ in parse_accept_lang_header(header))
    found = (supported(name) for name in wanted)
    return next(filter(None, found), settings.LANGUAGE_CODE)


def follow_profile(user) -> None:
    """Speak a user's language from here to the end of the request.

    Who has none in the profile is spoken to in the browser's.
    """
    language = supported(getattr(user, "language", ""))
    if language:
        translation.activate(language)
