"""Tokens of mailed links that are known to be used, without a call to Directus."""

from django.views.decorators.debug import sensitive_variables

from ..directus import InvalidToken, TokenExpired, checked_mail_token
from .limits import DAY, Attempt, Limit
from .once import Once

# Longer than the lifetime of Directus' tokens.
SPENT_LINKS = Limit("spent-links", 1, (8 * DAY,), settles=False)


@sensitive_variables("token")
def is_over(token: str) -> bool:
    """Return whether a token is known to be invalid, expired or used.

    Directus is not called: the call would use the token. A token may have been used
    elsewhere.
    """
    try:
        checked_mail_token(token)
    except (InvalidToken, TokenExpired):
        return True
    return Attempt(SPENT_LINKS, token).used_up_until() is not None


@sensitive_variables("token")
def note_spent(token: str) -> None:
    """Record that Directus has accepted a token, which it does once."""
    Once(SPENT_LINKS, token).is_first()
