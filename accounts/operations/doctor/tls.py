"""Check of the TLS certificate of Directus."""

import socket
import ssl
import time
from urllib.parse import urlsplit

from ...core import clients
from .findings import Answer, ok, problem, warning
from .site import Site

DAYS_LEFT = 14
# OpenSSL's codes for a chain with an unknown authority.
UNKNOWN_AUTHORITY = {2, 18, 19, 20, 21}
SECONDS = 5


def tls(site: Site) -> Answer:
    """Directus' certificate is valid, and does not expire soon."""
    url = urlsplit(clients.directus_url())
    if url.scheme != "https":
        return ok("DIRECTUS_URL does not use TLS.")
    host, port = url.hostname or "", url.port or 443
    try:
        days = int(days_left(host, port))
    except ssl.SSLCertVerificationError as error:
        reason = f"The certificate of {host} is not valid: {error.verify_message}."
        # Another list of authorities can help only against an unknown authority.
        line = "DIRECTUS_CA_BUNDLE=…" if error.verify_code in UNKNOWN_AUTHORITY else ""
        return problem(reason, line)
    except OSError:
        return problem(f"The TLS connection to {host} failed.", "DIRECTUS_URL=…")
    if days < DAYS_LEFT:
        return warning(f"The certificate of {host} expires in {days} days.")
    return ok(f"The certificate of {host} is valid for {days} days.")


def days_left(host: str, port: int) -> float:
    """Return the number of days until the certificate of a server expires.

    Raises:
        ssl.SSLCertVerificationError: the site does not trust the certificate.
        OSError: there is no connection.
    """
    trusted = clients.trusted_certificates()
    context = ssl.create_default_context(
        cafile=None if trusted is True else str(trusted)
    )
    with (
        socket.create_connection((host, port), timeout=SECONDS) as plain,
        context.wrap_socket(plain, server_hostname=host) as sealed,
    ):
        certificate = sealed.getpeercert() or {}
    ends = ssl.cert_time_to_seconds(str(certificate["notAfter"]))
    return (ends - time.time()) / (24 * 3600)
