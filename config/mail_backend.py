"""Django's SMTP, which trusts the authority of EMAIL_CA_BUNDLE where it is set."""

import ssl

from django.conf import settings
from django.core.mail.backends import smtp
from django.utils.functional import cached_property


class EmailBackend(smtp.EmailBackend):
    """A connection to the mail server of EMAIL_URL."""

    @cached_property
    def ssl_context(self) -> ssl.SSLContext:
        """What verifies the server's certificate and its name."""
        return tls_context()


def tls_context() -> ssl.SSLContext:
    """Return what verifies certificates of mail servers.

    Raises:
        OSError: EMAIL_CA_BUNDLE is no file of certificates.
    """
    return ssl.create_default_context(cafile=settings.EMAIL_CA_BUNDLE or None)
