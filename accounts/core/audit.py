"""The audit trail: one log line for each event of an account.

Lines hold ids and a digest of the email address, never the address, a password or a
token.
"""

import logging
from typing import TYPE_CHECKING, Any

from django.utils.crypto import salted_hmac

from config.request import Request

from ..directus import to_ascii
from . import account_events

if TYPE_CHECKING:
    from ..models import User

logger = logging.getLogger("accounts.audit")

# Events that an operator should look at.
ALARMS = {"break_glass.used", "break_glass.refused"}


def record(
    event: str,
    request: Request | None = None,
    *,
    user: "User | None" = None,
    email: str = "",
    **facts: Any,
) -> None:
    """Write one event; one that its user may see goes into the database, too.

    Args:
        event: a stable name such as `sign_in.refused`.
        request: the request that caused it.
        user: the local user, if known.
        email: the typed address; only its digest is written.
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
    if user is not None:
        account_events.keep(event, request, user)


def email_digest(email: str) -> str:
    """Return a keyed digest of an address, equal for all its spellings."""
    try:
        email = to_ascii(email.strip())
    except ValueError:
        # Not an address: its digest is of the text itself.
        pass
    return salted_hmac(
        "accounts.email", email.strip().casefold(), algorithm="sha256"
    ).hexdigest()
