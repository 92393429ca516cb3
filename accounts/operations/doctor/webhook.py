"""Checks that Directus reports changed users to the site."""

import hashlib
import hmac
import time
from datetime import datetime, timedelta

import requests
from django.db import DatabaseError
from django.utils import timezone

from ...core import clients
from ...directus import Forbidden
from ...throttling.once import WEBHOOK_MESSAGES, last_seen
from ...web.links import public_url
from ..provisioning import Webhook
from ..provisioning.environment import is_loopback
from .findings import Answer, ok, problem, unknown, warning
from .site import SETUP, NotReadable, Site

WEBHOOK = "accounts:directus_webhook"
# The site's answer to a signed request without a message.
UNREADABLE = {"result": "unreadable"}
# A message comes later than its change, and the clocks differ a little.
SLACK = timedelta(minutes=1)
# Rows of messages stay for at least a day.
KEPT = timedelta(days=1)


def secret(site: Site) -> Answer:
    """There is a secret: without it, the site accepts no messages."""
    if clients.webhook_secret():
        return ok("The site accepts signed webhook messages.")
    seconds = clients.revalidate_seconds()
    reason = f"Without a webhook a suspension takes effect after {seconds} s."
    return warning(reason, "DIRECTUS_WEBHOOK_SECRET=…")


def flow(site: Site) -> Answer:
    """Directus has the Flow, it is active, and it signs with the site's secret."""
    _require_secret()
    row = site.webhook_flow
    if row is None:
        return problem("Directus has no Flow for this site.", SETUP)
    if row["status"] != "active":
        return problem("The Flow for this site is inactive.", SETUP)
    if row["operation"] != site.own.webhook_sign:
        return problem("The Flow for this site has no operation.", SETUP)
    if not _has_our_key(row):
        reason = "The Flow signs with another secret than DIRECTUS_WEBHOOK_SECRET."
        return problem(reason, SETUP)
    return ok("Directus reports changed users to this site.")


def target(site: Site) -> Answer:
    """The site answers at the address of the Flow."""
    _require_secret()
    row = site.webhook_flow
    if row is None:
        raise NotReadable("There is no Flow.")
    url, here, last = _target(row), public_url(WEBHOOK), _last_message()
    if url != here and not leads_here(url):
        reason = (
            f"The Flow calls {url}, where the site does not answer this server. The "
            "line has the site's address; another one is possible, too."
        )
        return warning(reason, f"{SETUP} --webhook-url {here}")
    if change := _unheard(site, last):
        since = f", the last one at {_shown(last)}" if last else ""
        reason = (
            f"Users were changed in Directus at {_shown(change)}, but the Flow sent no "
            f"message to {url}{since}. If you have fixed it since, change a user "
            "in Directus and run the check again."
        )
        return warning(reason, _line(url, here))
    if last:
        return ok(f"The Flow calls {url}, last at {_shown(last)}.")
    reason = f"The Flow has sent no message to {url} lately."
    return unknown(reason, _line(url, here))


def _line(url: str, here: str) -> str:
    if is_loopback(url):
        return 'IMPORT_IP_DENY_LIST="169.254.169.254"'
    return f"{SETUP} --webhook-url {here}"


def leads_here(url: str) -> bool:
    """Return whether a site with the same secret answers at an address.

    The check sends a signed, empty message, which has no effect.
    """
    body, timestamp = b"{}", str(int(time.time()))
    secret = clients.webhook_secret().encode()
    signature = hmac.new(secret, f"{timestamp}.".encode() + body, hashlib.sha256)
    headers = {
        "Content-Type": "application/json",
        "X-Webhook-Timestamp": timestamp,
        "X-Webhook-Signature": signature.hexdigest(),
    }
    with requests.Session() as session:
        session.trust_env = False
        try:
            answer = session.post(
                url, data=body, headers=headers, timeout=(1, 5), allow_redirects=False
            )
            return answer.json() == UNREADABLE
        except (requests.RequestException, ValueError):
            return False


def _unheard(site: Site, last: datetime | None) -> datetime | None:
    """Return the time of a change of users without a message; None if there is none."""
    try:
        change = site.last_change
    except Forbidden:
        # Of an older set-up.
        return None
    now = timezone.now()
    if change is None or (last and last > change - SLACK) or change > now - SLACK:
        return None
    seconds = int((now - change + SLACK).total_seconds())
    if last is None and (now - change > KEPT or not site.had_flow(seconds)):
        return None
    return change


def _last_message() -> datetime | None:
    try:
        return last_seen(WEBHOOK_MESSAGES)
    except DatabaseError as error:
        raise NotReadable("This needs the site's own database.") from error


def _shown(moment: datetime | None) -> str:
    return moment.isoformat(" ", "seconds") if moment else ""


def _require_secret() -> None:
    if not clients.webhook_secret():
        raise NotReadable("This needs DIRECTUS_WEBHOOK_SECRET.")


def _has_our_key(row: dict) -> bool:
    ours = Webhook(_target(row), clients.webhook_secret())
    return row["description"] == ours.description


def _target(row: dict) -> str:
    """Return the address in the Flow's description, written by directus_setup."""
    words = (row["description"] or "").split()
    return next((word for word in words if "://" in word), "")
