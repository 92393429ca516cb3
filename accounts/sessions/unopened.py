"""Sessions whose tokens cannot be decrypted.

Either their key was removed, or this process was not restarted since
`rotate_token_keys` and lacks the new key. The latter must not end valid sessions, so
for some minutes requests fail with DirectusUnavailable. After that the key counts as
removed, and the user signs in again.
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
# Sessions that this process remembers; others are logged again.
MOST_REMEMBERED = 100_000
_since = Memory(math.inf, most=MOST_REMEMBERED)


def note(row: "Session") -> float:
    """Log a session with unreadable tokens, once; return since when (monotonic)."""
    which = (row.pk, row.access_expires_at)
    since = _since.get(which)
    if since is not None:
        return since
    since = time.monotonic()
    _since.set(which, since)
    logger.error(
        "The tokens of session %s do not open with any key of this process. Check "
        "TOKEN_ENCRYPTION_KEYS, and restart processes that were started before it "
        "changed.",
        row.pk,
    )
    audit.record("session.tokens_do_not_open", user_id=row.user_id, session=row.pk)
    return since


def bear_with(row: "Session") -> None:
    """Wait some minutes before unreadable tokens count as missing.

    Raises:
        DirectusUnavailable: this process may get the key by a restart.
    """
    since = note(row)
    if time.monotonic() - since < PATIENCE_SECONDS:
        raise DirectusUnavailable(
            "the session's tokens cannot be decrypted", retry_after=RETRY_AFTER
        )
