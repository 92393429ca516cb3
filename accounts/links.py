"""Links in mails: where they point to, and how their tokens are kept.

They are built from PUBLIC_URL, never from the request's Host. Opening one moves its
token into a sealed cookie and shows a page without it; only a POST spends it, because
mail scanners open links too.
"""

import base64
import binascii
import html
import json
import re
from contextlib import suppress
from urllib.parse import unquote_plus

from django.conf import settings
from django.urls import reverse
from django.views.decorators.debug import sensitive_variables

from .directus import InvalidToken, TokenExpired, checked_mail_token
from .throttling import SPENT_LINKS, Attempt, Throttled

# `=3D` is how quoted-printable writes `=`; a token is a JWT or has 43 characters.
TOKEN = re.compile(
    r"(?:^|[?&;])token=(?:3D(?=eyJ|[\w-]{43}(?![\w-])))?([^&]*)", re.IGNORECASE
)
# Line ends that a client left in, with the mark of soft ones; and what shows nothing.
BREAKS = re.compile(r"=?[\s\u00ad\u200b-\u200d\u2060\ufeff]+|=")
# Directus' tokens have three parts, this site's one.
PLAIN_TOKEN = re.compile(r"[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+)?")
LONGEST_TOKEN = 4096


def public_url(name: str) -> str:
    """Return the absolute address of a page."""
    return settings.PUBLIC_URL + reverse(name)


def token_in(query: str) -> str | None:
    """Return the token of a link, without what a mail client has put around it.

    Args:
        query: of the address that was opened, as it came.

    Returns:
        Nothing but the token; empty when what stands there is none; None when the link
        has none at all.
    """
    query = html.unescape(query)
    # Some clients encode once more what is encoded already.
    for _ in range(2):
        query = unquote_plus(query)
    found = TOKEN.search(html.unescape(query))
    if found is None:
        return None
    plain = PLAIN_TOKEN.search(BREAKS.sub("", found[1]))
    return plain[0][:LONGEST_TOKEN] if plain else ""


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
    # No address has what cannot be printed, and neither logs nor databases take it.
    return email if isinstance(email, str) and email.isprintable() else ""


@sensitive_variables("token")
def is_over(token: str) -> bool:
    """Tell whether a token of Directus is known to be good for nothing.

    Directus is not asked: it would spend the token. A token that it made may still have
    been spent elsewhere.
    """
    try:
        checked_mail_token(token)
    except (InvalidToken, TokenExpired):
        return True
    return Attempt(SPENT_LINKS, token).used_up_until() is not None


@sensitive_variables("token")
def note_spent(token: str) -> None:
    """Remember that Directus has accepted a token, which it does once."""
    with suppress(Throttled):
        Attempt(SPENT_LINKS, token).take()
