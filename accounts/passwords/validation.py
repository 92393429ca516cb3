"""The password policy of Directus as a password validator.

Directus stores a regular expression of JavaScript, with or without slashes. The site
checks it first, because Directus' answer would reveal whether an address is known.
"""

import logging
import re
import secrets

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from ..core import cache, clients
from ..directus import DirectusError
from ..directus.passwords import PASSWORD_POLICIES

logger = logging.getLogger(__name__)

CACHE_KEY = "directus-password-policy"
CACHE_SECONDS = 300
# After a failure the policy is read again soon.
RETRY_SECONDS = 10
WEAK, STRONG = PASSWORD_POLICIES["weak"], PASSWORD_POLICIES["strong"]
# Characters of \s in JavaScript that Python with re.ASCII does not include.
WIDE_SPACE = re.compile(r"[^\S\n\r\u2028\u2029]|\ufeff")


def unguessable_password() -> str:
    """Return a random password with letters, digits and symbols.

    Letters and digits alone would not match Directus' strong policy.
    """
    return f"{secrets.token_urlsafe(48)}aA1!"


class DirectusPolicyValidator:
    """Refuses passwords that break the policy of Directus."""

    def validate(self, password, user=None):
        """Raise ValidationError for a password that breaks the policy."""
        text = policy()
        pattern = compiled(text)
        if pattern is not None and not pattern.search(WIDE_SPACE.sub(" ", password)):
            raise ValidationError(_broken(text), code="directus_policy")

    def get_help_text(self):
        """Return the policy in words; empty without a policy."""
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
    """Return the policy as Directus stores it, or an empty string."""
    known = cache.get(CACHE_KEY)
    if not isinstance(known, str):
        known, seconds = _read_policy()
        cache.set(CACHE_KEY, known, seconds)
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
    """Return the policy for Python; None if there is none or it is not usable."""
    if not text:
        return None
    # As in Directus, flags after the slash are a part of the pattern.
    is_wrapped = text.startswith("/") and text.endswith("/")
    try:
        return re.compile(text[1:-1] if is_wrapped else text, re.ASCII)
    except re.error:
        return None
