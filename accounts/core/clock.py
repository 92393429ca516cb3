"""The difference between the clocks of Directus and of this server."""

import logging
import time

from ..directus import DirectusError
from . import clients

logger = logging.getLogger(__name__)

# More than the error of a slow answer with a Date of whole seconds.
MOST_SECONDS_APART = 30


class ClockUnknown(Exception):
    """Directus does not report its time."""


def seconds_apart(*, timeout: float = 5.0) -> float:
    """Return by how many seconds Directus' clock is ahead.

    Args:
        timeout: seconds to wait for the answer.

    Raises:
        ClockUnknown: there is no answer, or it has no date.
    """
    before = time.time()
    try:
        date = clients.anonymous_client().get_time(timeout=timeout)
    except DirectusError as error:
        raise ClockUnknown from error
    if date is None:
        raise ClockUnknown
    return date.timestamp() - (before + time.time()) / 2


def difference() -> float:
    """Return by how many seconds Directus' clock is ahead; log a difference.

    0 if the clocks agree well enough, or if Directus does not report its time.
    """
    try:
        apart = seconds_apart(timeout=2.0)
    except ClockUnknown:
        return 0.0
    if abs(apart) < MOST_SECONDS_APART:
        return 0.0
    logger.warning(
        "The clocks differ: that of Directus is %d s %s this server's",
        abs(apart),
        "ahead of" if apart > 0 else "behind",
    )
    return apart
