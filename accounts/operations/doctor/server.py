"""Checks of the Directus server: answers, version, clock, addresses of visitors."""

import requests
from django.utils import timezone

from ...core import clients
from ...core.clock import MOST_SECONDS_APART, ClockUnknown, seconds_apart
from ...directus import DirectusUnavailable, Visitor
from ..provisioning.wanted import PROBE_ADDRESS
from .findings import Answer, ok, problem, warning
from .site import SETUP, NotReadable, Site
from .times import moment_of

# The oldest safe version of each major version.
FLOORS = {10: (10, 13, 4), 11: (11, 17, 0), 12: (12, 3, 1)}
# Below the version: a known fault.
ADVISORIES = {
    (11, 5, 0): "GHSA-56p6-qw3c-fq2g: a session token outlives a suspension",
    (11, 14, 1): "CVE-2026-26185: a password reset tells whether an address exists",
    (11, 17, 0): "GHSA-6q22-g298-grjh: one anonymous GraphQL request can keep it busy",
}
# In seconds; a wrong time zone differs by more.
TOLERANCE = 120


def reach(site: Site) -> Answer:
    """Directus answers."""
    url = clients.directus_url()
    try:
        site.anonymous.ping()
        project = site.public_info.get("project")
    except NotReadable as error:
        return problem(str(error), "DIRECTUS_URL=…")
    except DirectusUnavailable as error:
        reason = f"{url} does not answer: {error}"
        return problem(reason, "DIRECTUS_URL=…")
    if not isinstance(project, dict):
        return problem(f"{url} is not a Directus.", "DIRECTUS_URL=…")
    return ok(f"{url} answers.")


def version(site: Site) -> Answer:
    """Directus is not older than the safe version, nor newer than tested ones."""
    text = str(site.info.get("version", ""))
    found = parse_version(text)
    if not found:
        return warning(
            "Directus does not tell its version: nobody knows whether it is safe.",
            f"{SETUP} --env-file .env",
        )
    oldest = FLOORS.get(found[0], min(FLOORS.values()))
    known = [reason for limit, reason in ADVISORIES.items() if found < limit]
    if found < oldest:
        floor = ".".join(map(str, oldest))
        reason = f"Directus {text} is older than {floor}."
        parts = [reason, _listed(known)]
        return problem(" ".join(parts).strip(), f"npm install directus@{floor}")
    if found[0] not in FLOORS:
        reason = f"Directus {text} is not supported yet, {max(FLOORS)}.x is."
        return warning(reason)
    if known:
        reason = f"Directus {text} gets no more corrections."
        newer = ".".join(map(str, FLOORS[found[0] + 1]))
        parts = [reason, _listed(known)]
        return warning(" ".join(parts), f"npm install directus@{newer}")
    return ok(f"Directus {text}")


def _listed(known: list[str]) -> str:
    return "".join(f"{each}. " for each in known).strip()


def parse_version(text: str) -> tuple[int, ...]:
    """Return the numbers of a version; empty if it has none."""
    parts = text.partition("-")[0].split(".")
    return tuple(int(part) for part in parts) if all(map(str.isdecimal, parts)) else ()


def health(site: Site) -> Answer:
    """Directus reports no trouble with its mail server, storage, database and cache.

    Only administrators learn which of them has trouble.
    """
    line = f'curl -H "Authorization: Bearer $ADMIN_TOKEN" {_health_url()}'
    status = health_status(site)
    if not status:
        return warning("Directus does not tell how it is.", line)
    if status == "ok":
        return ok("Directus finds its mail, storage, database and cache well.")
    reason = (
        f"Directus says {status} about its own mail, storage, database or cache; "
        "the line tells an administrator which."
    )
    return problem(reason, line)


def _health_url() -> str:
    return f"{clients.directus_url()}/server/health"


def health_status(site: Site) -> str:
    """Return `ok`, `warn` or `error` (status 503); empty for other answers."""
    token = site.service_token
    with requests.Session() as session:
        session.trust_env = False
        session.verify = clients.trusted_certificates()
        try:
            answer = session.get(
                _health_url(),
                headers={"Authorization": f"Bearer {token}"},
                timeout=(1, 10),
                allow_redirects=False,
            )
            return str(answer.json()["status"])
        except (requests.RequestException, ValueError, KeyError, TypeError):
            return ""


def clock(site: Site) -> Answer:
    """The clocks of Directus and the site agree: tokens are renewed in time."""
    try:
        apart = abs(seconds_apart())
    except ClockUnknown as error:
        raise NotReadable("Directus does not tell the time.") from error
    if apart >= MOST_SECONDS_APART:
        reason = (
            f"The clocks of Directus and this server differ by {apart:.0f} s: codes of "
            "apps and messages of the Flow are refused."
        )
        return problem(reason, "timedatectl set-ntp true")
    return ok(f"The clocks are {apart:.0f} s apart.")


def time_zone(site: Site) -> Answer:
    """Directus returns times in UTC.

    On SQLite it returns them in its own time zone without naming it, so that clients
    take them for UTC. Its own comparisons, with `$NOW`, are right.
    """
    row = site.dated
    if row is None:
        raise NotReadable("Nobody has signed in to Directus yet.")
    told = moment_of(row.told)
    age = round((timezone.now() - told).total_seconds() + _ahead())
    if age < -TOLERANCE or not site.is_aged(row, age, TOLERANCE):
        reason = (
            "Directus tells times in a time zone of its own, as if it were UTC: the "
            "last access of people is hours wrong here. The line goes into the "
            "environment of Directus."
        )
        return warning(reason, 'TZ="UTC"')
    return ok("Directus tells times as they are.")


def _ahead() -> float:
    try:
        return seconds_apart()
    except ClockUnknown:
        return 0.0


class _Chain(Visitor):
    """Two addresses, as from a visitor with a forged X-Forwarded-For."""

    def headers(self) -> dict[str, str]:
        return {"X-Forwarded-For": f"{self.address}, 198.51.100.77"}


def address(site: Site) -> Answer:
    """Directus learns the addresses of visitors, and only from this site.

    `directus_setup` makes a policy for an address that no visitor has. The policy
    grants nothing; it shows whether Directus takes that address for the caller's.
    """
    line = 'IP_TRUST_PROXY="127.0.0.1"'
    _require_probe(site)
    if not _seen(site, Visitor(PROBE_ADDRESS)):
        reason = (
            "Directus does not see visitors' addresses: all share one limit. Put "
            "this server's address into the line."
        )
        return problem(reason, line)
    if _seen(site, _Chain(PROBE_ADDRESS)):
        reason = (
            "Directus believes any address that it is told. Put this server's "
            "address into the line."
        )
        return warning(reason, line)
    return ok("Directus sees visitors' addresses.")


def _require_probe(site: Site) -> None:
    if not site.server.has_policies:
        raise NotReadable("Directus 10 has no policies, by which this could be seen.")
    mine = site.policies_of_role(site.my_role)
    if site.own.probe_policy not in {policy["id"] for policy in mine}:
        raise NotReadable("directus_setup makes what this needs.", SETUP)


def _seen(site: Site, visitor: Visitor) -> bool:
    client = site.service_as(visitor)
    return bool(client.get("/policies/me/globals").get("enforce_tfa"))


def login_attempts(site: Site) -> Answer:
    """The site refuses further sign-ins before Directus suspends the account."""
    theirs = site.settings.get("auth_login_attempts")
    ours = clients.failures_before_directus_suspends()
    if theirs == ours:
        return ok(f"Directus and this site agree: {ours or '∞'}.")
    reason = (
        f"Directus suspends an account after {theirs or '∞'} failures, this site "
        f"expects {ours or '∞'}."
    )
    return problem(reason, f"DIRECTUS_LOGIN_ATTEMPTS={theirs or 0}")
