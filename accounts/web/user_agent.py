"""Describe a browser by its User-Agent header."""

from functools import lru_cache

from django.utils.translation import gettext as _
from ua_parser import parse


def browser_in_words(user_agent: str) -> str:
    """Return for example "Firefox on Linux"; unknown parts are called unknown."""
    browser, system = _families(user_agent)
    if browser and system:
        return _("%(browser)s on %(system)s") % {"browser": browser, "system": system}
    return browser or system or _("Unknown browser")


# Parsing tries hundreds of expressions, and a site sees few different browsers.
@lru_cache(maxsize=512)
def _families(user_agent: str) -> tuple[str, str]:
    found = parse(user_agent[:512])
    browser = found.user_agent.family if found.user_agent else ""
    system = found.os.family if found.os else ""
    return browser, system
