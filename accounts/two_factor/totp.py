"""Codes of authenticator apps (RFC 6238), as Directus and the apps make them."""

import base64
import hmac
import secrets
import time
import unicodedata
from urllib.parse import quote, urlencode

import segno
from django.utils.safestring import mark_safe
from django.views.decorators.debug import sensitive_variables

STEP_SECONDS = 30
# 160 bits, as RFC 4226 recommends. Directus' own have 80, which some apps refuse.
SECRET_BYTES = 20
# Characters, of four bytes at most, in the label of an app.
LONGEST_ACCOUNT, LONGEST_ISSUER = 100, 40
# Besides spaces: invisible characters, dashes, and characters that look like dashes.
BETWEEN_GROUPS = {"Cf", "Pd"}
OTHER_DASHES = "\u02d7\u2043\u2212\u30fb\u30fc"


@sensitive_variables()
def plain(text: str) -> str:
    """Return a code in ASCII digits and letters, without separators.

    Other characters stay as they are.
    """
    return "".join(
        str(unicodedata.decimal(character, character))
        for character in unicodedata.normalize("NFKC", text)
        if not _is_between_groups(character)
    )


def _is_between_groups(character: str) -> bool:
    return (
        character.isspace()
        or character in OTHER_DASHES
        or unicodedata.category(character) in BETWEEN_GROUPS
    )


def new_secret() -> str:
    """Return a new secret in base32."""
    return base64.b32encode(secrets.token_bytes(SECRET_BYTES)).decode()


@sensitive_variables()
def code_of(secret: str, *, steps_ahead: int = 0) -> str:
    """Return the six digits that an app shows now, or some half minutes later."""
    step = int(time.time() // STEP_SECONDS) + steps_ahead
    key = base64.b32decode(secret + "=" * (-len(secret) % 8))
    digest = hmac.digest(key, step.to_bytes(8), "sha1")
    start = digest[-1] & 15
    number = int.from_bytes(digest[start : start + 4]) & 0x7FFFFFFF
    return f"{number % 1_000_000:06}"


@sensitive_variables()
def in_groups(text: str, separator: str = " ") -> str:
    """Return a text in groups of four characters, to be read and typed."""
    return separator.join(text[i : i + 4] for i in range(0, len(text), 4))


@sensitive_variables()
def app_url(secret: str, *, account: str, issuer: str) -> str:
    """Return the `otpauth://` address for the QR code.

    The app shows both names; they are shortened to fit into a QR code.
    """
    account, issuer = _name(account, LONGEST_ACCOUNT), _name(issuer, LONGEST_ISSUER)
    label = ":".join(quote(name, safe="") for name in (issuer, account) if name)
    facts = {"secret": secret, "issuer": issuer, "algorithm": "SHA1"}
    query = urlencode(facts | {"digits": 6, "period": STEP_SECONDS}, quote_via=quote)
    return f"otpauth://totp/{label}?{query}"


def _name(text: str, longest: int) -> str:
    """Return a name without colons: apps take the part before one for the issuer."""
    return " ".join(text.replace(":", " ").split())[:longest].strip()


@sensitive_variables()
def qr_code(url: str) -> str:
    """Return a QR code as SVG: black on white with a margin, on any page.

    It uses attributes only: the Content-Security-Policy forbids inline styles.
    """
    svg = segno.make(url, error="m", micro=False).svg_inline(
        border=4, dark="#000", light="#fff", omitsize=True, svgclass=None
    )
    # It consists of numbers; the URL is not in it as text.
    return mark_safe(svg)  # noqa: S308
