"""Why a mail did not go out: one kind for each error of a mail server.

The texts of servers quote addresses, so that no kind contains them.
"""

import smtplib
import socket
import ssl
from enum import StrEnum

from django.utils.translation import gettext as _


class Trouble(StrEnum):
    """The kind of an error."""

    # No connection, or no sign-in.
    UNKNOWN_HOST = "unknown_host"
    NO_CONNECTION = "no_connection"
    TIMEOUT = "timeout"
    CERTIFICATE = "certificate"
    OTHER_NAME = "other_name"
    TLS = "tls"
    SIGN_IN = "sign_in"
    UNAVAILABLE = "unavailable"
    # The server would send no mail of this site.
    SENDER = "sender"
    # The connection ended, or the server fell silent, within a mail.
    UNANSWERED = "unanswered"
    # One mail, for now.
    NOT_NOW = "not_now"
    NOT_ALLOWED = "not_allowed"
    SEALED = "sealed"
    # One mail, for good.
    RECIPIENT = "recipient"
    CONTENT = "content"
    EXPIRED = "expired"
    WITHDRAWN = "withdrawn"


# The server is away: other mails would fare no better.
ABOUT_SERVER = frozenset(
    {
        Trouble.UNKNOWN_HOST,
        Trouble.NO_CONNECTION,
        Trouble.TIMEOUT,
        Trouble.CERTIFICATE,
        Trouble.OTHER_NAME,
        Trouble.TLS,
        Trouble.SIGN_IN,
        Trouble.UNAVAILABLE,
        Trouble.SENDER,
    }
)
ENDS_ROUND = ABOUT_SERVER | {Trouble.UNANSWERED}
FOR_GOOD = frozenset({Trouble.RECIPIENT, Trouble.CONTENT})
# Of a server that ends the connection, and of one that asks for a sign-in.
CLOSING, UNKNOWN_SITE = 421, {530, 535}
# Not the recipient, but what the server lets this site do: an operator may change it.
POLICY = b"5.7."
KINDS: list[tuple[type[Exception], Trouble]] = [
    (smtplib.SMTPAuthenticationError, Trouble.SIGN_IN),
    (smtplib.SMTPResponseException, Trouble.UNAVAILABLE),
    # No way to sign in that both sides know.
    (smtplib.SMTPException, Trouble.SIGN_IN),
    (ssl.SSLError, Trouble.TLS),
    (socket.gaierror, Trouble.UNKNOWN_HOST),
    (TimeoutError, Trouble.TIMEOUT),
]
# OpenSSL's codes for a certificate of another name or address.
NAME_DIFFERS = {62, 64}


def of_connection(error: Exception) -> Trouble:
    """Return the kind of an error from opening a connection."""
    if isinstance(error, smtplib.SMTPServerDisconnected):
        # smtplib puts this in place of a time-out.
        silent = isinstance(error.__context__, TimeoutError)
        return Trouble.TIMEOUT if silent else Trouble.UNAVAILABLE
    if isinstance(error, ssl.SSLCertVerificationError):
        differs = error.verify_code in NAME_DIFFERS
        return Trouble.OTHER_NAME if differs else Trouble.CERTIFICATE
    if isinstance(error, smtplib.SMTPNotSupportedError):
        # smtplib's own sentences, about one of two extensions.
        return Trouble.TLS if "STARTTLS" in str(error) else Trouble.SIGN_IN
    if isinstance(error, UnicodeError):
        # A password, or else a host.
        is_password = getattr(error, "encoding", "") == "ascii"
        return Trouble.SIGN_IN if is_password else Trouble.UNKNOWN_HOST
    found = (trouble for kind, trouble in KINDS if isinstance(error, kind))
    return next(found, Trouble.NO_CONNECTION)


def of_mail(error: Exception) -> Trouble:
    """Return the kind of an error from sending a mail over an open connection."""
    if isinstance(error, smtplib.SMTPNotSupportedError | ValueError):
        # The server, or no server, takes such an address.
        return Trouble.RECIPIENT
    codes = _codes(error)
    if CLOSING in codes:
        return Trouble.UNAVAILABLE
    if UNKNOWN_SITE & set(codes):
        return Trouble.SIGN_IN
    if isinstance(error, smtplib.SMTPSenderRefused):
        return Trouble.SENDER
    if not codes:
        return Trouble.UNANSWERED
    if min(codes) < 500:
        return Trouble.NOT_NOW
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        texts = [text for _code, text in error.recipients.values()]
        is_policy = all(text.startswith(POLICY) for text in texts)
        return Trouble.NOT_ALLOWED if is_policy else Trouble.RECIPIENT
    return Trouble.CONTENT


def _codes(error: Exception) -> list[int]:
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        return [code for code, _text in error.recipients.values()]
    if isinstance(error, smtplib.SMTPResponseException):
        return [error.smtp_code]
    return []


def in_words(trouble: str) -> str:
    """Return what a person reads about an error."""
    return {
        Trouble.UNKNOWN_HOST: _("No host has the name of the mail server."),
        Trouble.NO_CONNECTION: _("The mail server accepts no connection."),
        Trouble.TIMEOUT: _("The mail server did not answer in time."),
        Trouble.CERTIFICATE: _("The mail server's certificate is not trusted."),
        Trouble.OTHER_NAME: _("The mail server's certificate is for another host."),
        Trouble.TLS: _("The mail server does not speak TLS as EMAIL_URL asks."),
        Trouble.SIGN_IN: _("The mail server refused the sign-in of EMAIL_URL."),
        Trouble.UNAVAILABLE: _("The mail server takes no mails at present."),
        Trouble.SENDER: _("The mail server refused the sender's address."),
        Trouble.UNANSWERED: _("The connection ended before the server's answer."),
        Trouble.NOT_NOW: _("The mail server asked to try again later."),
        Trouble.NOT_ALLOWED: _("The mail server does not pass this site's mails on."),
        Trouble.SEALED: _("No key in TOKEN_ENCRYPTION_KEYS opens the mail."),
        Trouble.RECIPIENT: _("The recipient's address was refused."),
        Trouble.CONTENT: _("The mail server refused the mail."),
        Trouble.EXPIRED: _("It waited too long."),
        Trouble.WITHDRAWN: _("An operator withdrew it."),
    }.get(Trouble(trouble), trouble)
