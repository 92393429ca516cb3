"""A refusal of the site's token: an error for its operator, an outage for visitors."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from ..directus import DirectusAPIError, DirectusUnavailable

logger = logging.getLogger(__name__)

Errors = type[DirectusAPIError] | tuple[type[DirectusAPIError], ...]


class ServiceTokenRefused(DirectusUnavailable):
    """Directus does not let the service token do its work."""


@contextmanager
def service_call(
    refusals: Errors = DirectusAPIError, *, but: Errors = ()
) -> Iterator[None]:
    """Log a refusal of the service token, and raise it as an outage.

    Args:
        refusals: the errors that are about the token, not about the values sent.
        but: those among them that the caller handles itself.

    Raises:
        ServiceTokenRefused: the caller may do without, or let the visitor try later.
    """
    try:
        yield
    except but:
        raise
    except refusals as error:
        log_refusal(error)
        raise ServiceTokenRefused("the service token is refused") from error


def log_refusal(error: DirectusAPIError) -> None:
    """Tell the operator, who alone can mend it, usually with directus_setup."""
    logger.error("Directus refuses the service token: %s", error)
