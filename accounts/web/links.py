"""Links in mails: their addresses and tokens.

Addresses begin with PUBLIC_URL, never with the request's Host. Opening a link moves its
token into a sealed cookie and shows a page without it; only a POST uses the token,
because mail scanners open links, too.
"""

import html
import re
from urllib.parse import unquote_plus

from django.conf import settings
from django.urls import reverse

from ..directus.tokens import claims_of

# `=3D` is how quoted-printable writes `=`; a token is a JWT or has 43 characters.
TOKEN = re.compile(
    r"(?:^|[?&;])token=(?:3D(?=eyJ|[\w-]{43}(?![\w-])))?([^&]*)", re.IGNORECASE
)
# Line ends, soft line ends (`=`), invisible characters that a client left in, and the
# `>` that quotes the next line.
BREAKS = re.compile(
    r"(?:[\s=\u00ad\u200b-\u200d\u2060\ufeff]|(?<=[\s>])>|>(?=[\s>]*\s))+"
)
# A token of Directus has three parts. A token of the site has one; more characters are
# a sign or a word behind the link.
PLAIN_TOKEN = re.compile(r"[\w-]+\.[\w-]+\.[\w-]+|[\w-]{43}|[\w-]+", re.ASCII)
LONGEST_TOKEN = 4096


def public_url(name: str) -> str:
    """Return the absolute address of a page."""
    return settings.PUBLIC_URL + reverse(name)


def token_in(query: str) -> str | None:
    """Return the token of a link, without additions of a mail client.

    Args:
        query: the raw query of the opened address.

    Returns:
        The token; empty if the parameter is not a token; None without the parameter.
    """
    query = html.unescape(query)
    # Some clients encode the address a second time.
    for _ in range(2):
        query = unquote_plus(query)
    found = TOKEN.search(html.unescape(query))
    if found is None:
        return None
    plain = PLAIN_TOKEN.search(BREAKS.sub("", found[1]))
    return plain[0][:LONGEST_TOKEN] if plain else ""


def token_email(token: str) -> str:
    """Return the unverified email address in a link's token, or an empty string.

    Only Directus can verify the token.
    """
    email = claims_of(token).get("email") if token.count(".") == 2 else None
    # An address has no control characters, and neither logs nor databases take them.
    return email if isinstance(email, str) and email.isprintable() else ""
