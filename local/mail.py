"""A real SMTP server that delivers every mail into a folder."""

import html
import logging
import re
import threading
import time
from email.message import EmailMessage
from email.parser import BytesParser
from email.policy import default
from pathlib import Path

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from .ports import HOST
from .problem import Problem


class MailCatcher:
    """Accepts mail for any address; each becomes a file, and names sort by age."""

    def __init__(self, folder: Path, port: int, host: str = HOST) -> None:
        self.folder = folder
        handler = _Deliver(folder)
        # A line for each command of each mail is too much for a test's log.
        logging.getLogger("mail.log").setLevel(logging.WARNING)
        self._controller = Controller(handler, hostname=host, port=port)

    def start(self) -> None:
        """Listen, in a thread of its own."""
        try:
            self._controller.start()
        except OSError as error:
            raise Problem(
                f"The mail catcher did not start: {error.strerror}."
            ) from None

    def stop(self) -> None:
        """Stop listening."""
        self._controller.stop(no_assert=True)


class _Deliver:
    """What aiosmtpd calls for each mail."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock = threading.Lock()
        self._last = 0

    async def handle_DATA(
        self, server: SMTP, session: Session, envelope: Envelope
    ) -> str:
        content = envelope.original_content or b""
        name = f"{self._stamp()}-{_address_in_name(envelope.rcpt_tos)}"
        partial = self._folder / f"{name}.partial"
        partial.write_bytes(content)
        # A program that watches the folder never sees half a mail.
        partial.rename(self._folder / f"{name}.eml")
        return "250 OK"

    def _stamp(self) -> str:
        """Return the time in microseconds, never the same or an earlier one."""
        with self._lock:
            self._last = max(self._last + 1, time.time_ns() // 1000)
            seconds, microseconds = divmod(self._last, 1_000_000)
        moment = time.strftime("%Y%m%dT%H%M%S", time.gmtime(seconds))
        return f"{moment}.{microseconds:06d}"


def mails(folder: Path) -> list[Path]:
    """Return the files of all mails, oldest first."""
    return sorted(folder.glob("*.eml"))


def read_mail(path: Path) -> EmailMessage:
    """Return a mail."""
    with open(path, "rb") as file:
        message = BytesParser(policy=default).parse(file)
    assert isinstance(message, EmailMessage)
    return message


def links(message: EmailMessage) -> list[str]:
    """Return the addresses that a mail links to, in its order."""
    # Directus quotes the link of one kind of mail with ' and that of the others with ".
    found = re.findall(r"""href=["'](https?://[^"']+)["']""", html_of(message))
    found += re.findall(r"https?://[^\s<>\"]+", text_of(message))
    return list(dict.fromkeys(html.unescape(link) for link in found))


def text_of(message: EmailMessage) -> str:
    """Return the text of a mail, empty when it has none."""
    return _part(message, "plain")


def html_of(message: EmailMessage) -> str:
    """Return the HTML of a mail, empty when it has none."""
    return _part(message, "html")


def _part(message: EmailMessage, kind: str) -> str:
    part = message.get_body(preferencelist=(kind,))
    return str(part.get_content()) if part is not None else ""


def _address_in_name(recipients: list[str]) -> str:
    first = recipients[0] if recipients else "nobody"
    return re.sub(r"[^\w@.+-]", "_", first)[:100]
