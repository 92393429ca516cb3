"""What only Directus' own environment can hold.

The local stack starts Directus with these values; `directus_setup` prints them for
everybody else.
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
        reset_url: where links in password mails lead.
        verify_url: where links in confirmation mails lead.
        invite_url: where links in invitations lead.
        webhook_url: where its Flow finds Django; empty without a Flow.
        django_address: the address or network that Directus sees Django under.
    """
    return _for_webhook(webhook_url) | {
        # Compared by origin and path, to the last slash.
        "PASSWORD_RESET_URL_ALLOW_LIST": reset_url,
        "USER_REGISTER_URL_ALLOW_LIST": verify_url,
        "USER_INVITE_URL_ALLOW_LIST": invite_url,
        # Anything wider lets a visitor choose the own address.
        "IP_TRUST_PROXY": django_address,
        # An access token outlives sign-out and suspension by this much.
        "ACCESS_TOKEN_TTL": "5m",
        # The minimum that OWASP names. Directus' default takes so long under load
        # that the time of an answer tells whether an account exists.
        "HASH_MEMORY_COST": "19456",
        "HASH_TIME_COST": "2",
        "HASH_PARALLELISM": "1",
        "RATE_LIMITER_EMAIL_ENABLED": "true",
    }


def is_loopback(url: str) -> bool:
    """Return whether Directus finds an address on its own machine."""
    return urlsplit(url).hostname in LOOPBACK


def _for_webhook(url: str) -> dict[str, str]:
    # The default forbids every address of the machine that Directus runs on.
    return {"IMPORT_IP_DENY_LIST": "169.254.169.254"} if is_loopback(url) else {}
