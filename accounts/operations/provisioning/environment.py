"""Values that only Directus' own environment can hold.

The local stack starts Directus with them; `directus_setup` prints them for all
other servers.
"""

from urllib.parse import urlsplit

LOOPBACK = {"localhost", "127.0.0.1", "::1"}
FOR_WEBHOOK = "IMPORT_IP_DENY_LIST"
_CHEAP_HASHES = "a sign-in takes a third of the memory and a fifth of the work"
# What each value brings to a site that sends the mails of sign-up and reset itself.
GOOD_TO_HAVE = {
    "IP_TRUST_PROXY": "Directus logs and limits the addresses of visitors, not of "
    "this site",
    "ACCESS_TOKEN_TTL": "an access token ends 5 minutes after a sign-out, not 15",
    "HASH_MEMORY_COST": _CHEAP_HASHES,
    "HASH_TIME_COST": _CHEAP_HASHES,
    "HASH_PARALLELISM": _CHEAP_HASHES,
    "PASSWORD_RESET_URL_ALLOW_LIST": "accounts of other roles than the customers' "
    "reset their password here, too, by a mail of Directus (EMAIL_TRANSPORT, "
    "EMAIL_FROM)",
}


def directus_environment(
    *,
    reset_url: str,
    verify_url: str,
    invite_url: str,
    webhook_url: str = "",
    django_address: str = "127.0.0.1",
) -> dict[str, str]:
    """Return the variables for Directus, of which `needed` names a part.

    Args:
        reset_url: target of the links in password mails.
        verify_url: target of the links in confirmation mails.
        invite_url: target of the links in invitations.
        webhook_url: address of the site's webhook; empty without a Flow.
        django_address: the address or network from which the site calls Directus.
    """
    return _for_webhook(webhook_url) | {
        # Directus compares origin and path, including the last slash.
        "PASSWORD_RESET_URL_ALLOW_LIST": reset_url,
        "USER_REGISTER_URL_ALLOW_LIST": verify_url,
        "USER_INVITE_URL_ALLOW_LIST": invite_url,
        # A wider value lets a visitor forge their address.
        "IP_TRUST_PROXY": django_address,
        # An access token stays valid this long after a sign-out or a suspension.
        "ACCESS_TOKEN_TTL": "5m",
        # The minimum of OWASP. Under load, Directus' default takes so long that the
        # time of an answer reveals whether an account exists.
        "HASH_MEMORY_COST": "19456",
        "HASH_TIME_COST": "2",
        "HASH_PARALLELISM": "1",
        "RATE_LIMITER_EMAIL_ENABLED": "true",
    }


def needed(lines: dict[str, str], *, mails_from_site: bool) -> dict[str, str]:
    """Return the variables that the site does not work without."""
    if not mails_from_site:
        return lines
    return {name: lines[name] for name in lines if name == FOR_WEBHOOK}


def good_to_have(lines: dict[str, str], *, mails_from_site: bool) -> dict[str, str]:
    """Return the variables that bring something and are not needed."""
    if not mails_from_site:
        return {}
    return {name: lines[name] for name in GOOD_TO_HAVE}


def is_loopback(url: str) -> bool:
    """Return whether an address is on the machine of Directus."""
    return urlsplit(url).hostname in LOOPBACK


def _for_webhook(url: str) -> dict[str, str]:
    # By default Directus refuses every address of its own machine.
    return {FOR_WEBHOOK: "169.254.169.254"} if is_loopback(url) else {}
