"""Values that only Directus' own environment can hold.

The local stack starts Directus with them; `directus_setup` prints them for all
other servers.
"""

from urllib.parse import urlsplit

LOOPBACK = {"localhost", "127.0.0.1", "::1"}


def directus_environment(
    *,
    reset_url: str,
    verify_url: str,
    invite_url: str,
    webhook_url: str = "",
    django_address: str = "127.0.0.1",
) -> dict[str, str]:
    """Return the variables that Directus must be started with.

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


def is_loopback(url: str) -> bool:
    """Return whether an address is on the machine of Directus."""
    return urlsplit(url).hostname in LOOPBACK


def _for_webhook(url: str) -> dict[str, str]:
    # By default Directus refuses every address of its own machine.
    return {"IMPORT_IP_DENY_LIST": "169.254.169.254"} if is_loopback(url) else {}
