"""Rows whose tokens do not open: their key is gone, or this process is too old for it.

A process that was not restarted since `rotate_token_keys` knows less keys than the
others. It must not end sessions that are good: for some minutes it only says that it
cannot go on. A key that has not turned up by then is gone, and the user signs in again.
"""

import logging
import math
import time
from typing import TYPE_CHECKING

from ..core import audit
from ..core.memory import Memory
from ..directus import DirectusUnavailable

if TYPE_CHECKING:
    from ..models import Session

logger = logging.getLogger(__name__)

PATIENCE_SECONDS = 300
RETRY_AFTER = 10
# As far as this process remembers; what is forgotten is said again.
MOST_REMEMBERED = 100_000
_since = Memory(math.inf, most=MOST_REMEMBERED)


def note(row: "Session") -> float:
    """Say that the tokens of a row do not open, once; return since when (monotonic)."""
    which = (row.pk, row.access_expires_at)
    since = _since.get(which)
    if since is not None:
        return since
    since = time.monotonic()
    _since.set(which, since)
    logger.error(
        "The tokens of session %s do not open with any key that this process "
        "knows. Look at TOKEN_ENCRYPTION_KEYS; a process knows what stood there "
        "when it was started.",
        row.pk,
    )
    audit.record("session.tokens_do_not_open", user_id=row.user_id, session=row.pk)
    return since


def bear_with(row: "Session") -> None:
    """Do not take a row whose tokens do not open for one without tokens, at first.

    Raises:
        DirectusUnavailable: the key may yet turn up.
    """
    since = note(row)
    if time.monotonic() - since < PATIENCE_SECONDS:
        raise DirectusUnavailable(
            "the session's tokens do not open", retry_after=RETRY_AFTER
        )
