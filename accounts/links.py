"""Links in mails: where they point to, and how their tokens are kept.

They are built from PUBLIC_URL, never from the request's Host. Opening one moves its
token into a sealed cookie and shows a page without it; only a POST spends it, because
mail scanners open links too.
"""

import base64
import binascii
import json

from django.conf import settings
from django.urls import reverse


def public_url(name: str) -> str:
    """Return the absolute address of a page."""
    return settings.PUBLIC_URL + reverse(name)


def token_email(token: str) -> str:
    """Return the address that a link's token names, unverified, or nothing.

    Only Directus can tell whether the token is genuine.
    """
    parts = token.split(".")
    if len(parts) != 3:
        return ""
    try:
        payload = json.loads(base64.urlsafe_b64decode(parts[1] + "=" * 3))
    except (ValueError, binascii.Error, RecursionError):
        return ""
    email = payload.get("email") if isinstance(payload, dict) else None
    return email if isinstance(email, str) else ""
