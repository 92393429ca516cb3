"""Send the mails that wait.

A mail is claimed by one conditional UPDATE, sent, and deleted. A process that is killed
between the server's answer and the deletion leaves it to be sent again, with the same
Message-ID.
"""

from collections.abc import Callable
from email.utils import format_datetime
from typing import TYPE_CHECKING

from cryptography.fernet import InvalidToken
from django.utils import timezone
from django.views.decorators.debug import sensitive_variables

from . import outbox
from .mail_message import Mail
from .mail_server import Failed, MailServer
from .mail_troubles import ENDS_ROUND, FOR_GOOD, Trouble
from .outbox import Message

if TYPE_CHECKING:
    from ..models import OutgoingMail


def deliver(may_go_on: Callable[[], bool] = lambda: True) -> Trouble | None:
    """Send all mails that are due, over one connection.

    Args:
        may_go_on: asked before each mail.

    Returns:
        Why the mail server takes no mails; None if it does, or if none was due.
    """
    has_sent = False
    with MailServer() as server:
        while may_go_on() and (mail := outbox.next_due()):
            try:
                is_sent = _deliver(mail, server)
            except Failed as error:
                return error.trouble
            if is_sent and not has_sent:
                # The server may be back just now.
                outbox.hurry()
                has_sent = True
    return None


def _deliver(mail: "OutgoingMail", server: MailServer) -> bool:
    """Send a mail if it should be; return whether it was.

    Raises:
        Failed: the server takes no mails.
    """
    if mail.expires_at <= timezone.now():
        if outbox.claim(mail):
            outbox.give_up(mail, Trouble(mail.error or Trouble.EXPIRED))
        return False
    try:
        message = outbox.message_of(mail)
    except InvalidToken:
        # Another process may have the key.
        if outbox.claim(mail):
            outbox.put_off(mail, Trouble.SEALED)
        return False
    if message is None:
        outbox.remove(mail)
        return False
    return _send(mail, message, server)


@sensitive_variables("message")
def _send(mail: "OutgoingMail", message: Message, server: MailServer) -> bool:
    try:
        server.open()
    except Failed as error:
        if outbox.claim(mail):
            outbox.put_off(mail, error.trouble)
        raise
    if not outbox.claim(mail):
        return False
    try:
        server.send(_written(mail, message))
    except Failed as error:
        end = outbox.give_up if error.trouble in FOR_GOOD else outbox.put_off
        end(mail, error.trouble)
        if error.trouble in ENDS_ROUND:
            raise
        return False
    outbox.remove(mail)
    return True


def _written(mail: "OutgoingMail", message: Message) -> Mail:
    headers = {
        # The same at each attempt.
        "Message-ID": mail.message_id,
        "Date": format_datetime(mail.created_at),
    }
    written = Mail(message.subject, message.text, to=[message.to], headers=headers)
    written.attach_alternative(message.html, "text/html")
    return written
