"""A connection to the mail server of EMAIL_URL, which sends one mail after another."""

import contextlib
import smtplib
from typing import Any

import django
from django.core import mail
from django.core.mail import EmailMessage

from . import mail_troubles
from .mail_troubles import Trouble


class Failed(Exception):
    """A mail did not go out, or there is no connection."""

    def __init__(self, trouble: Trouble):
        super().__init__(trouble)
        self.trouble = trouble


class MailServer:
    """One connection, opened when it is needed. A context manager, which closes it.

    Args:
        patience: seconds to wait for each answer, if not the usual ones.
    """

    def __init__(self, *, patience: float | None = None):
        self._patience = patience
        self._backend: Any = None

    def __enter__(self) -> "MailServer":
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def open(self) -> None:
        """Connect and sign in, unless it has been done.

        Raises:
            Failed: there is no connection.
        """
        if self._backend is not None:
            return
        backend = _backend()
        if self._patience:
            backend.timeout = self._patience
        try:
            backend.open()
        except (OSError, UnicodeError) as error:
            _hang_up(backend)
            # Without the cause: servers quote addresses.
            raise Failed(mail_troubles.of_connection(error)) from None
        self._backend = backend

    def send(self, message: EmailMessage) -> None:
        """Send a mail over the open connection.

        Raises:
            Failed: the server did not take it. The connection is closed.
        """
        try:
            self._backend.send_messages([message])
        except (OSError, ValueError) as error:
            _hang_up(self._backend)
            self._backend = None
            raise Failed(mail_troubles.of_mail(error)) from None

    def close(self) -> None:
        """Say goodbye, if there is a connection."""
        if self._backend is not None:
            with contextlib.suppress(OSError):
                self._backend.close()
            self._backend = None


def _backend() -> Any:
    if django.VERSION < (6, 1):
        return mail.get_connection()
    return getattr(mail, "mailers").default  # noqa: B009 — new in 6.1


def _hang_up(backend: Any) -> None:
    """Close a connection without a goodbye, which the server might not answer."""
    for name in ("connection", "_partial_connection"):
        connection = getattr(backend, name, None)
        if isinstance(connection, smtplib.SMTP):
            connection.close()
