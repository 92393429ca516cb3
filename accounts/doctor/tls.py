"""Is the way to Directus sealed, and for how long?"""

import socket
import ssl
import time
from urllib.parse import urlsplit

from django.utils.translation import gettext as _

from .. import clients
from .findings import Answer, ok, problem, warning
from .registry import check
from .site import NotReadable, Site

DAYS_LEFT = 14
SECONDS = 5


@check("directus.tls")
def tls(site: Site) -> Answer:
    """Directus' certificate is good, and will be for a while."""
    url = urlsplit(clients.directus_url())
    if url.scheme != "https":
        return ok(_("Directus is reached without TLS."))
    host, port = url.hostname or "", url.port or 443
    try:
        days = days_left(host, port)
    except ssl.SSLCertVerificationError as error:
        reason = _("The certificate of %(host)s is not good: %(why)s.")
        values = {"host": host, "why": error.verify_message}
        return problem(reason % values, "DIRECTUS_CA_BUNDLE=…")
    except OSError as error:
        raise NotReadable(_("There is no TLS connection.")) from error
    values = {"host": host, "days": int(days)}
    if days < DAYS_LEFT:
        return warning(_("The certificate of %(host)s ends in %(days)s days.") % values)
    return ok(_("The certificate of %(host)s is good for %(days)s days.") % values)


def days_left(host: str, port: int) -> float:
    """Return for how many days the certificate of a server is valid.

    Raises:
        OSError: there is no connection; ssl.SSLCertVerificationError: not one that
            this server trusts.
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
