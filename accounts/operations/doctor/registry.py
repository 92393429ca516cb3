"""The checks, in the order in which they are reported."""

import logging
from collections.abc import Callable, Iterator

from ...directus import DirectusError, Forbidden
from . import (
    configuration,
    here,
    items,
    leftovers,
    licence,
    mail,
    rights,
    server,
    sign_up,
    sso,
    tls,
    webhook,
)
from .findings import Answer, Finding, unknown, warning
from .site import SETUP, NotReadable, Site

logger = logging.getLogger(__name__)

Check = Callable[[Site], Answer]
# By ids, which never change, in the order of reports.
CHECKS: dict[str, Check] = {
    "directus.reach": server.reach,
    "directus.tls": tls.tls,
    "directus.version": server.version,
    "directus.health": server.health,
    "directus.licence": licence.licence,
    "directus.seats": licence.seats,
    "directus.clock": server.clock,
    "directus.time_zone": server.time_zone,
    "directus.address": server.address,
    "directus.login_attempts": server.login_attempts,
    "token.present": rights.token,
    "token.rights": rights.token_rights,
    "token.lifetime": here.lifetime,
    "signup.sender": sign_up.sender,
    "signup.accounts": sign_up.accounts,
    "signup.fields": sign_up.fields,
    "signup.registration": sign_up.registration,
    "signup.role": sign_up.role,
    "signup.verification": sign_up.verification,
    "links.reset": sign_up.reset_link,
    "links.register": sign_up.register_link,
    "sso.providers": sso.providers,
    "sso.start": sso.start,
    "sso.redirect": sso.redirect,
    "sso.request": sso.request,
    "sso.reauthentication": sso.reauthentication,
    "sso.identifiers": sso.identifiers,
    "sso.unseen": sso.unseen,
    "rights.public": rights.public,
    "rights.customer_role": rights.customer_role,
    "rights.customer": rights.customer,
    "rights.hidden": licence.hidden,
    "rights.leftovers": leftovers.leftovers,
    "items.collections": items.collections,
    "items.customers": items.customers,
    "items.token": items.token,
    "webhook.secret": webhook.secret,
    "webhook.flow": webhook.flow,
    "webhook.target": webhook.target,
    "mail.server": mail.server,
    "mail.waiting": mail.waiting,
    "site.version": here.version,
    "site.roles": configuration.roles,
    "site.transport": configuration.transport,
    "site.database": here.database,
    "site.cache": here.cached,
    "site.checks": here.system_checks,
}


def examine(site: Site | None = None) -> Iterator[Finding]:
    """Yield the finding of every check; an error in one does not stop the others."""
    site = site or Site()
    for check_id, check in CHECKS.items():
        answer = _answer(check, site)
        yield Finding(check_id, answer.verdict, answer.reason, answer.line)


def _answer(function: Check, site: Site) -> Answer:
    try:
        return function(site)
    except NotReadable as error:
        # With a line to paste, the operator can act.
        verdict = warning if error.line else unknown
        return verdict(str(error), error.line)
    except Forbidden:
        return warning("The service token may not read this.", SETUP)
    except DirectusError as error:
        return warning(f"The check failed: {error}.")
    except Exception as error:
        # An incomplete answer, for example without fields that may not be read.
        logger.exception("A check of the doctor failed")
        return warning(f"The check failed: {type(error).__name__}.")
