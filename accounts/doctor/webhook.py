"""Does Directus tell this site about users that changed?"""

from django.db import DatabaseError

from .. import clients
from ..provisioning import Webhook
from ..provisioning.environment import is_loopback
from ..provisioning.ids import WEBHOOK_SIGN
from ..throttling import WEBHOOK_MESSAGES, last_attempt
from .findings import Answer, ok, problem, unknown, warning
from .registry import check
from .server import SETUP
from .site import NotReadable, Site


@check("webhook.secret")
def secret(site: Site) -> Answer:
    """There is a secret, so that messages are taken."""
    if clients.webhook_secret():
        return ok("Messages of Directus are taken when they are signed.")
    reason = "Without a webhook a suspension takes effect after %(seconds)s s."
    values = {"seconds": clients.revalidate_seconds()}
    return warning(reason % values, "DIRECTUS_WEBHOOK_SECRET=…")


@check("webhook.flow")
def flow(site: Site) -> Answer:
    """Directus has the Flow, it is on, and signs with this site's secret."""
    _require_secret()
    row = site.webhook_flow
    if row is None:
        return problem("Directus has no Flow that tells about users.", SETUP)
    if row["status"] != "active":
        return problem("The Flow that tells about users is switched off.", SETUP)
    if row["operation"] != WEBHOOK_SIGN:
        return problem("The Flow that tells about users does nothing.", SETUP)
    if not _has_our_key(row):
        reason = "The Flow signs with another secret than DIRECTUS_WEBHOOK_SECRET."
        return problem(reason, SETUP)
    return ok("Directus tells this site about users that changed.")


@check("webhook.target")
def target(site: Site) -> Answer:
    """Directus reaches the address that its Flow names."""
    _require_secret()
    row = site.webhook_flow
    if row is None:
        raise NotReadable("There is no Flow.")
    values = {"url": _target(row), "time": _last_message()}
    if values["time"]:
        return ok("The Flow calls {url}, last at {time}.".format(**values))
    if is_loopback(values["url"]):
        reason = (
            "No message has come lately. The Flow calls %(url)s, which Directus "
            "allows only with the line."
        )
        return unknown(reason % values, 'IMPORT_IP_DENY_LIST="169.254.169.254"')
    return unknown(
        "No message has come lately from the Flow to {url}.".format(**values)
    )


def _last_message() -> str:
    try:
        moment = last_attempt(WEBHOOK_MESSAGES)
    except DatabaseError as error:
        raise NotReadable("This needs the site's own database.") from error
    return moment.isoformat(" ", "seconds") if moment else ""


def _require_secret() -> None:
    if not clients.webhook_secret():
        raise NotReadable("This needs DIRECTUS_WEBHOOK_SECRET.")


def _has_our_key(row: dict) -> bool:
    ours = Webhook(_target(row), clients.webhook_secret())
    return row["description"] == ours.description


def _target(row: dict) -> str:
    """Return the address in the Flow's description, as directus_setup writes it."""
    words = (row["description"] or "").split()
    return next((word for word in words if "://" in word), "")
