"""Checks of single sign-on: only the first hop is tried, which changes nothing."""

from collections.abc import Callable, Iterator
from urllib.parse import parse_qs, urlsplit

import requests
from django.conf import settings

from ...core import clients
from ...directus import DirectusError, NotFound, ProviderUnavailable, SsoStart
from ...directus.sso import redirect_uri
from ..provisioning.server import LICENCES_SINCE
from ..provisioning.sso import (
    PATH,
    callback_address,
    callback_path,
    proxy_rules,
)
from .findings import Answer, Verdict, ok, problem, unknown, warning
from .site import SSO_DRIVERS, Site

NONE = "Directus names no provider: the sign-in page has no buttons."
NOT_STARTED = "No sign-in with a provider could be started."
GOOGLE = "accounts.google.com"
PAGE = "docs/single-sign-on.md"

Fault = tuple[Callable[[str, str], Answer], str, str]


def providers(site: Site) -> Answer:
    """Directus names its providers, or it is known why it names none."""
    ways = site.sign_in_ways
    names = ", ".join(f"{each.name} ({each.driver})" for each in ways.providers)
    if names:
        only = "" if ways.has_passwords else " Sign-in by password is off there."
        return ok(f"Directus offers sign-in with: {names}.{only}")
    if not site.takes_rules:
        return ok(
            f"{NONE} Directus {LICENCES_SINCE} offers providers only with a licence."
        )
    return ok(NONE)


def start(site: Site) -> Answer:
    """A sign-in with each provider can be started."""
    names = [each.name for each in site.sign_in_ways.providers]
    if not names:
        return ok(NONE)
    faults = [fault for name in names for fault in _start_faults(site, name)]
    return _joined(faults) or ok(f"Directus starts a sign-in with: {', '.join(names)}.")


def redirect(site: Site) -> Answer:
    """Each provider sends browsers back to this site, if needed by way of Directus."""
    return _started(site, _redirect_faults, "Browsers come back to this site from: {}.")


def request(site: Site) -> Answer:
    """Directus asks each provider in a safe way."""
    text = "Directus' requests are signed with S256 and ask for no refresh token: {}."
    return _started(site, _request_faults, text)


def reauthentication(site: Site) -> Answer:
    """Whether a provider asks for the password again before sensitive changes."""
    found = list(site.sso_starts)
    if not found:
        return _without(site)
    hard = [name for name, start in found if _query(start.url, "max_age")]
    soft = [name for name, _start in found if name not in hard]
    parts = []
    if hard:
        parts.append(
            f"Hard, by max_age: {', '.join(hard)}, if CLIENT_DEFAULT_MAX_AGE is set "
            "as well, which Directus does not show."
        )
    if soft:
        parts.append(
            f"Soft: {', '.join(soft)}. The site asks these to have the password "
            f"entered again, but a browser can leave that out; {PAGE} says how to "
            "change it."
        )
    return ok(" ".join(parts))


def identifiers(site: Site) -> Answer:
    """No provider's users are recognised by an address, which can change hands."""
    if not site.sign_in_ways.providers:
        return ok(NONE)
    rows = site.users_with_addresses_as_identifiers()
    names = sorted({row["provider"] for row in rows})
    if not names:
        return ok("No user of a provider is recognised by an email address.")
    reason = (
        f"Users of {', '.join(names)} are recognised by their email address: another "
        "person who gets the address at the provider gets the account. Existing users "
        "need their external_identifier changed by an administrator, too."
    )
    drivers = {each.name: each.driver for each in site.sign_in_ways.providers}
    key = "id" if drivers.get(names[0]) == "oauth2" else "sub"
    return problem(reason, f'{_prefix(names[0])}IDENTIFIER_KEY="{key}"')


def unseen(site: Site) -> Answer:
    """A reminder of settings of Directus that only its environment shows."""
    found = site.sign_in_ways.providers
    if not found:
        return ok(NONE)
    role = clients.customer_role() or "the id of the customers' role"
    openid = any(each.driver == "openid" for each in found)
    verified = "REQUIRE_VERIFIED_EMAIL=true, except for Microsoft, " if openid else ""
    return unknown(
        "Directus does not show these; compare them in its environment, for "
        f"{', '.join(_prefix(each.name) + '…' for each in found)}: "
        f"DEFAULT_ROLE_ID={role}, {verified}no SYNC_USER_INFO and no ROLE_MAPPING."
    )


# One provider


def _start_faults(site: Site, name: str) -> Iterator[Fault]:
    driver = {each.name: each.driver for each in site.sign_in_ways.providers}[name]
    if driver not in SSO_DRIVERS:
        text = f"{name}: the site has no button for the driver {driver}."
        yield warning, text, ""
        return
    result = site.sso_answers[name]
    if isinstance(result, ProviderUnavailable):
        text = (
            f"{name}: Directus has not reached the provider since it was started. "
            "Compare the address, and try it from Directus' host."
        )
        yield problem, text, f"{_prefix(name)}ISSUER_URL=…"
    elif isinstance(result, NotFound):
        yield problem, f"{name}: Directus names it, but has no address for it.", ""
    elif isinstance(result, DirectusError):
        yield problem, f"{name}: the sign-in does not start: {result}.", ""


def _redirect_faults(site: Site, name: str, start: SsoStart) -> Iterator[Fault]:
    ours = callback_address(settings.PUBLIC_URL, name)
    theirs = redirect_uri(start.url)
    if theirs == ours:
        return
    if site.server.takes_public_urls:
        text = (
            f"{name}: the provider sends browsers to {theirs or 'an unclear address'} "
            f"instead of {ours}. If the line is in Directus' environment, it does not "
            "see this site's name: DIRECTUS_URL must lead to Directus itself, or to a "
            "proxy that passes on Host and X-Forwarded-Proto, and IP_TRUST_PROXY must "
            "name the last one before Directus."
        )
        line = f'AUTH_ALLOWED_PUBLIC_URLS="{settings.PUBLIC_URL}{PATH}"'
        yield problem, text, line
        return
    if theirs != f"{clients.directus_public_url()}{callback_path(name)}":
        text = (
            f"{name}: the provider sends browsers to {theirs or 'an unclear address'}, "
            "which is not below DIRECTUS_PUBLIC_URL."
        )
        yield problem, text, "DIRECTUS_PUBLIC_URL=…"
    elif location_of(f"{theirs}?state=doctor") != f"{ours}?state=doctor":
        text = (
            f"{name}: Directus {site.server.version} lets the provider send browsers "
            f"to {theirs}. Its proxy must pass them on to this site; {PAGE} has the "
            "rule for Caddy, too."
        )
        yield problem, text, proxy_rules(settings.PUBLIC_URL, name).nginx
    elif not settings.SSO_PROXY_RULE:
        text = f"{name}: Directus' proxy has its rule, but this site does not know."
        yield problem, text, "SSO_PROXY_RULE=on"


def _request_faults(site: Site, name: str, start: SsoStart) -> Iterator[Fault]:
    url, prefix = start.url, _prefix(name)
    if settings.HTTPS and urlsplit(url).scheme != "https":
        yield problem, f"{name}: the provider's page is not https.", ""
    if _query(url, "code_challenge_method") != "S256":
        text = f"{name}: a code that leaks can be used, because PKCE is not S256."
        yield problem, text, f'{prefix}PLAIN_CODE_CHALLENGE="false"'
    scope = _query(url, "scope").split()
    if "offline_access" in scope:
        text = (
            f"{name}: offline_access lets the provider give a refresh token for each "
            "user, not each session, so that two sessions of a user end each other."
        )
        rest = " ".join(word for word in scope if word != "offline_access")
        yield problem, text, f'{prefix}SCOPE="{rest}"'
    is_google = urlsplit(url).hostname == GOOGLE
    if is_google and _query(url, "access_type") == "offline":
        text = (
            f"{name}: Google gives refresh tokens for access_type=offline, one for "
            "each user, so that two sessions of a user may end each other."
        )
        yield problem, text, f"""{prefix}PARAMS='json:{{"access_type":"online"}}'"""


def location_of(url: str) -> str:
    """Return where an address redirects to; empty if it does not."""
    with requests.Session() as session:
        session.trust_env = False
        session.verify = clients.trusted_certificates()
        try:
            answer = session.get(url, timeout=(2, 5), allow_redirects=False)
        except requests.RequestException:
            return ""
    return answer.headers.get("Location", "") if answer.is_redirect else ""


# All providers


def _started(
    site: Site, faults_of: Callable[[Site, str, SsoStart], Iterator[Fault]], text: str
) -> Answer:
    found = list(site.sso_starts)
    if not found:
        return _without(site)
    names = ", ".join(name for name, _start in found)
    faults = [fault for name, start in found for fault in faults_of(site, name, start)]
    return _joined(faults) or ok(text.format(names))


def _joined(faults: list[Fault]) -> Answer | None:
    """Return one answer with every reason, and the line of the first."""
    if not faults:
        return None
    answers = [verdict(reason, line) for verdict, reason, line in faults]
    worst = any(answer.verdict is Verdict.PROBLEM for answer in answers)
    line = next((answer.line for answer in answers if answer.line), "")
    reason = " ".join(answer.reason for answer in answers)
    return (problem if worst else warning)(reason, line)


def _without(site: Site) -> Answer:
    # `start` says why.
    return unknown(NOT_STARTED) if site.sign_in_ways.providers else ok(NONE)


def _query(url: str, name: str) -> str:
    values = parse_qs(urlsplit(url).query).get(name, [])
    return values[0] if values else ""


def _prefix(name: str) -> str:
    return f"AUTH_{name.upper()}_"
