"""Checks of the Directus server: answers, version, clock, addresses of visitors."""

import requests
from django.utils import timezone

from ...core import clients, mails
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
        return problem(f"{url} is not a Directus server.", "DIRECTUS_URL=…")
    return ok(f"{url} answers.")


def version(site: Site) -> Answer:
    """Directus is not older than the safe version, nor newer than tested ones."""
    text = str(site.info.get("version", ""))
    found = parse_version(text)
    if not found:
        return warning(
            "Directus does not report its version, so it may be unsafe.",
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
        reason = f"Directus {text} is not supported yet, but {max(FLOORS)}.x is."
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
        return warning("Directus does not report its health.", line)
    if status == "ok":
        return ok("Directus' mail, storage, database and cache work.")
    reason = (
        f"Directus reports {status} for its mail, storage, database or cache; "
        "the line shows an administrator which."
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
        raise NotReadable("Directus does not report its time.") from error
    if apart >= MOST_SECONDS_APART:
        reason = (
            f"The clocks of Directus and this server differ by {apart:.0f} s, so "
            "one-time codes and webhook messages are refused."
        )
        return problem(reason, "timedatectl set-ntp true")
    return ok(f"The clocks differ by {apart:.0f} s.")


def time_zone(site: Site) -> Answer:
    """Directus returns times in UTC.

    On SQLite it returns them in its own time zone without naming it, so that clients
    take them for UTC. Its own comparisons, with `$NOW`, are right.
    """
    row = site.dated
    if row is None:
        raise NotReadable("There was no sign-in to Directus yet.")
    told = moment_of(row.told)
    age = round((timezone.now() - told).total_seconds() + _ahead())
    if age < -TOLERANCE or not site.is_aged(row, age, TOLERANCE):
        reason = (
            "Directus reports times in its own time zone without naming it, so the "
            "last access of users is wrong by hours here. Put the line into the "
            "environment of Directus."
        )
        return warning(reason, 'TZ="UTC"')
    return ok("Directus reports correct times.")


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
            "Directus does not see visitors' addresses, so all share one limit. Put "
            "this server's address into the line."
        )
        # Only Directus' own sign-up has a limit by default.
        verdict = warning if mails.is_from_site() else problem
        return verdict(reason, line)
    if _seen(site, _Chain(PROBE_ADDRESS)):
        reason = (
            "Directus accepts forged addresses of visitors. Put this server's "
            "address into the line."
        )
        return warning(reason, line)
    return ok("Directus sees visitors' addresses.")


def _require_probe(site: Site) -> None:
    if not site.server.has_policies:
        raise NotReadable("The check needs policies, which Directus 10 does not have.")
    mine = site.policies_of_role(site.my_role)
    if site.own.probe_policy not in {policy["id"] for policy in mine}:
        raise NotReadable("The check needs a policy from directus_setup.", SETUP)


def _seen(site: Site, visitor: Visitor) -> bool:
    client = site.service_as(visitor)
    return bool(client.get("/policies/me/globals").get("enforce_tfa"))


def login_attempts(site: Site) -> Answer:
    """The site refuses further sign-ins before Directus suspends the account."""
    theirs = site.settings.get("auth_login_attempts")
    ours = clients.failures_before_directus_suspends()
    if theirs == ours:
        return ok(f"Directus and this site have the same limit: {ours or '∞'}.")
    reason = (
        f"Directus suspends an account after {theirs or '∞'} failures, but this site "
        f"expects {ours or '∞'}."
    )
    return problem(reason, f"DIRECTUS_LOGIN_ATTEMPTS={theirs or 0}")
