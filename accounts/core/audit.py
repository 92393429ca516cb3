"""The trail of what happened to accounts: one log line an event.

Lines hold ids and a digest of the e-mail, never the e-mail, a password or a token.
"""

import logging

from django.utils.crypto import salted_hmac

from ..directus import to_ascii

logger = logging.getLogger("accounts.audit")

# Events that somebody should look at whenever they happen.
ALARMS = {"break_glass.used", "break_glass.refused"}


def record(event: str, request=None, *, user=None, email: str = "", **facts) -> None:
    """Write one event.

    Args:
        event: a stable name such as `sign_in.refused`.
        request: where it came from.
        user: the local user, when known.
        email: what was typed; only its digest is written.
        facts: short values without secrets.
    """
    extra = {"event": event, **facts}
    if request is not None:
        extra["address"] = getattr(request, "client_address", "")
    if user is not None:
        extra["user_id"] = user.pk
    if email:
        extra["email_digest"] = email_digest(email)
    level = logging.WARNING if event in ALARMS else logging.INFO
    logger.log(level, "%s", event, extra=extra)


def email_digest(email: str) -> str:
    """Return a keyed digest of an address, the same for every way to write it."""
    try:
        email = to_ascii(email.strip())
    except ValueError:
        # No address; it is counted as it is.
        pass
    return salted_hmac(
        "accounts.email", email.strip().casefold(), algorithm="sha256"
    ).hexdigest()
