"""The bytes of a mail, alike on all versions of Django."""

from email.header import Header
from email.message import EmailMessage, Message
from typing import Any

from django.core.mail import EmailMultiAlternatives

LONGEST_LINE = 998


class Mail(EmailMultiAlternatives):
    """A mail of the site: no program answers it, and no line of it is broken.

    Django 6 writes long lines as quoted-printable, and a link that is copied from such
    a source is broken by a `=`. Django 5 begins a long subject in the second line of
    its header, after a space.
    """

    def message(self, **options: Any) -> Any:
        """Return the mail for the mail server."""
        message: Message = super().message(**options)
        if isinstance(message, EmailMessage):
            for part in message.walk():
                _keep_lines(part)
        else:
            del message["Subject"]
            subject = Header(str(self.subject), header_name="Subject", maxlinelen=76)
            Message.__setitem__(message, "Subject", subject.encode())
        if "Auto-Submitted" not in message:
            message["Auto-Submitted"] = "auto-generated"
        return message


def _keep_lines(part: EmailMessage) -> None:
    """Write a text as it is, unless it has a line that mail servers refuse."""
    if part.get_content_maintype() != "text":
        return
    text = part.get_content()
    if max(len(line.encode()) for line in text.split("\n")) <= LONGEST_LINE:
        part.set_content(
            text,
            subtype=part.get_content_subtype(),
            cte="7bit" if text.isascii() else "8bit",
        )
