"""The password policy of Directus, as one of Django's password validators.

Directus keeps it as a regular expression of JavaScript, in slashes or without them.
Checking it here first keeps Directus from telling known and unknown addresses apart.
"""

import logging
import re
import secrets

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from . import clients, shared_cache
from .directus import DirectusError
from .provisioning.wanted import PASSWORD_POLICIES

logger = logging.getLogger(__name__)

CACHE_KEY = "directus-password-policy"
CACHE_SECONDS = 300
# What could not be read is asked for again soon.
RETRY_SECONDS = 10
WEAK, STRONG = PASSWORD_POLICIES["weak"], PASSWORD_POLICIES["strong"]
# What \s means to JavaScript and, with re.ASCII, not to Python.
WIDE_SPACE = re.compile(r"[^\S\n\r\u2028\u2029]|\ufeff")


def unguessable_password() -> str:
    """Return a password that nobody is told, with something of everything in it.

    Letters and digits alone would miss Directus' own strong policy.
    """
    return f"{secrets.token_urlsafe(48)}aA1!"


class DirectusPolicyValidator:
    """Refuse what Directus would refuse, where the policy may be read."""

    def validate(self, password, user=None):
        """Raise ValidationError for a password that breaks the policy."""
        text = policy()
        pattern = compiled(text)
        if pattern is not None and not pattern.search(WIDE_SPACE.sub(" ", password)):
            raise ValidationError(_broken(text), code="directus_policy")

    def get_help_text(self):
        """Return the policy in words; nothing when there is none."""
        text = policy()
        if not text or text == WEAK:
            return ""
        return _in_words() if text == STRONG else _("This site's own rules also apply.")


def _in_words() -> str:
    return _(
        "Include an upper-case letter, a lower-case letter, a digit and a special "
        "character. Leave out spaces."
    )


def _broken(text: str) -> str:
    if text == STRONG:
        return _in_words()
    return _(
        "This password doesn't follow this site's rules. Use a longer one with "
        "letters, digits and symbols."
    )


def policy() -> str:
    """Return Directus' policy as it stands there, or an empty string."""
    known = shared_cache.get(CACHE_KEY)
    if not isinstance(known, str):
        known, seconds = _read_policy()
        shared_cache.set(CACHE_KEY, known, seconds)
    return known


def _read_policy() -> tuple[str, int]:
    service = clients.service_client()
    if service is None:
        return "", CACHE_SECONDS
    try:
        return service.get_password_policy(), CACHE_SECONDS
    except DirectusError as error:
        logger.warning("Directus' password policy could not be read: %s", error)
        return "", RETRY_SECONDS


def compiled(text: str) -> re.Pattern[str] | None:
    """Return the policy for Python, or None when there is none or it cannot be used."""
    if not text:
        return None
    # As Directus reads it; flags behind the slash would be a part of the pattern.
    is_wrapped = text.startswith("/") and text.endswith("/")
    try:
        return re.compile(text[1:-1] if is_wrapped else text, re.ASCII)
    except re.error:
        return None
