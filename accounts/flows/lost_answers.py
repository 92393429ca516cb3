"""Answers of Directus that were lost on the way: the new password may be valid."""

from collections.abc import Iterator
from contextlib import contextmanager

from ..core.service_token import ServiceTokenRefused
from ..directus import DirectusUnavailable


class Unsure(Exception):
    """The answer was lost: either the new or the old password is valid."""


@contextmanager
def unsure_if_lost() -> Iterator[None]:
    """Raise Unsure for an outage after which the password may have been changed.

    Raises:
        Unsure: the request was sent, but there was no answer.
        DirectusUnavailable: nothing was changed.
    """
    try:
        yield
    except ServiceTokenRefused:
        raise
    except DirectusUnavailable as error:
        # An answer with a time to try again means that nothing was changed.
        if error.never_sent or error.retry_after is not None:
            raise
        raise Unsure from error
