"""How far Directus' clock and this server's are apart."""

import logging
import time
from email.utils import parsedate_to_datetime

import requests

from . import clients

logger = logging.getLogger(__name__)

# More than a slow answer and a Date of whole seconds make.
MOST_SECONDS_APART = 30


class ClockUnknown(Exception):
    """Directus does not tell the time."""


def seconds_apart(*, timeout: float = 5.0) -> float:
    """Return by how many seconds Directus' clock is ahead of this one.

    The client shows no headers, and the Date of an answer is all this needs.

    Raises:
        ClockUnknown: there is no answer, or it has no date.
    """
    url = f"{clients.directus_url()}/server/ping"
    with requests.Session() as session:
        session.trust_env = False
        session.verify = clients.trusted_certificates()
        before = time.time()
        try:
            answer = session.get(url, timeout=(1, timeout), allow_redirects=False)
            date = parsedate_to_datetime(answer.headers["Date"])
        except (requests.RequestException, KeyError, ValueError) as error:
            raise ClockUnknown from error
    return date.timestamp() - (before + time.time()) / 2


def difference() -> float:
    """Return by how many seconds Directus' clock is ahead, if that is worth a word.

    0 where the clocks agree well enough, or where Directus does not tell the time. A
    difference stands in the log.
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
