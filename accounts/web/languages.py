"""Choose the language of a user: names of languages in Directus and in Django."""

from django.conf import settings
from django.http.response import HttpResponseBase
from django.utils import translation
from django.utils.translation import get_supported_language_variant
from django.utils.translation.trans_real import parse_accept_lang_header

from config.request import Request

from . import cookies

# The site's languages by their names in Directus' own app.
DIRECTUS_NAMES = {
    "en-gb": "en-GB",
    "de": "de-DE",
    "fr": "fr-FR",
    "es": "es-ES",
    "pt-br": "pt-BR",
    "ja": "ja-JP",
}

FAMILY_NAME_FIRST = {"ja"}

COOKIE = "language"
COOKIE_AGE = 365 * 24 * 3600


def language_of(user: object, otherwise: str = "") -> str:
    """Return the language of a user's profile if the site has it.

    Directus writes `pt-BR`, Django `pt-br`; a language without its country matches,
    too.

    Args:
        user: a user, or None.
        otherwise: the result for a profile without such a language; by default the
            site's language.
    """
    mine = supported(getattr(user, "language", ""))
    return mine or otherwise or settings.LANGUAGE_CODE


def supported(language: str) -> str:
    """Return Django's name for a language of Directus; empty if there is none."""
    try:
        return get_supported_language_variant(language.lower())
    except LookupError:
        return ""


def family_name_first() -> bool:
    """Return whether the active language puts the family name before the given name."""
    return translation.get_language() in FAMILY_NAME_FIRST


def of_request(request: Request) -> str:
    """Return the language that was chosen in this browser, else that of its header."""
    chosen = cookies.read(request, COOKIE)
    if chosen in dict(settings.LANGUAGES):
        return chosen
    return of_browser(request.META.get("HTTP_ACCEPT_LANGUAGE", ""))


def choose(response: HttpResponseBase, language: str) -> None:
    """Keep a choice in the browser; a language of the profile wins over it."""
    cookies.write(response, COOKIE, language, COOKIE_AGE)


def of_browser(header: str) -> str:
    """Return the first language of an Accept-Language header that the site has.

    Django's own function reads a cookie of its own first, which the site does not use.
    """
    wanted = (name for name, _ in parse_accept_lang_header(header))
    found = (supported(name) for name in wanted)
    return next(filter(None, found), settings.LANGUAGE_CODE)


def follow_profile(user: object) -> None:
    """Activate a user's language until the end of the request.

    Without a language in the profile, it is the browser's language.
    """
    language = supported(getattr(user, "language", ""))
    if language:
        translation.activate(language)
