"""The checks, in the order in which they are reported."""

import logging
from collections.abc import Callable, Iterator

from ...directus import DirectusError, Forbidden
from .findings import Answer, Finding, unknown, warning
from .site import SETUP, NotReadable, Site

logger = logging.getLogger(__name__)

Check = Callable[[Site], Answer]
_checks: dict[str, Check] = {}


def check(check_id: str) -> Callable[[Check], Check]:
    """Register a check under its id, which stays the same for ever."""

    def register(function: Check) -> Check:
        _checks[check_id] = function
        return function

    return register


def examine(site: Site | None = None) -> Iterator[Finding]:
    """Run every check; one that cannot look says so and stops no other."""
    site = site or Site()
    for check_id in ORDER:
        answer = _answer(_checks[check_id], site)
        yield Finding(check_id, answer.verdict, answer.reason, answer.line)


def _answer(function: Check, site: Site) -> Answer:
    try:
        return function(site)
    except NotReadable as error:
        # Where something can be done about it, somebody should.
        verdict = warning if error.line else unknown
        return verdict(str(error), error.line)
    except Forbidden:
        return warning("The service token may not read this.", SETUP)
    except DirectusError as error:
        return warning(f"This could not be looked at: {error}.")
    except Exception as error:
        # An answer without what belongs into it, as where fields may not be read.
        logger.exception("A check of the doctor failed")
        return warning(f"This could not be looked at: {type(error).__name__}.")


ORDER = (
    "directus.reach",
    "directus.tls",
    "directus.version",
    "directus.health",
    "directus.licence",
    "directus.seats",
    "directus.clock",
    "directus.time_zone",
    "directus.address",
    "directus.login_attempts",
    "token.present",
    "token.rights",
    "token.lifetime",
    "signup.registration",
    "signup.role",
    "signup.verification",
    "links.reset",
    "links.register",
    "rights.public",
    "rights.customer_role",
    "rights.customer",
    "rights.hidden",
    "rights.leftovers",
    "webhook.secret",
    "webhook.flow",
    "webhook.target",
    "site.version",
    "site.roles",
    "site.transport",
    "site.database",
    "site.cache",
    "site.checks",
)
