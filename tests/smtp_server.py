"""A real mail server that refuses, hangs and drops connections as a test says."""

import asyncio
import logging
import socket
from contextlib import contextmanager
from email import message_from_bytes
from email.policy import default

from aiosmtpd.controller import Controller

from config import service_urls
from local.ports import HOST, free_port


class SmtpServer:
    """Keeps the mails that it accepted.

    Attributes:
        refused: answers to RCPT by address.
        to_sender: the answer to MAIL FROM.
        to_data: the answer to a mail.
        drops_after_data: close the connection in place of the next answers; a number.
        seconds: how long it looks at each mail.
        connections: how many there were.
    """

    def __init__(self, port=None, **options):
        self.port = port or free_port()
        self.mails = []
        self.refused = {}
        self.to_sender = self.to_data = "250 OK"
        self.drops_after_data = 0
        self.seconds = 0.0
        self.connections = 0
        self._options = options
        # It prints each address.
        logging.getLogger("mail.log").setLevel(logging.WARNING)
        self._controller = None

    def start(self):
        self._controller = Controller(
            self, hostname=HOST, port=self.port, **self._options
        )
        self._controller.start()
        return self

    def stop(self):
        if self._controller:
            self._controller.stop(no_assert=True)
            self._controller = None

    def received(self):
        """Return the addresses of the accepted mails, in order."""
        return [mail["To"] for mail in self.mails]

    # What aiosmtpd calls

    async def handle_EHLO(self, server, session, envelope, hostname, responses):
        self.connections += 1
        session.host_name = hostname
        return responses

    async def handle_MAIL(self, server, session, envelope, address, options):
        if self.to_sender.startswith("250"):
            envelope.mail_from = address
        return self.to_sender

    async def handle_RCPT(self, server, session, envelope, address, options):
        answer = self.refused.get(address, "250 OK")
        if answer.startswith("250"):
            envelope.rcpt_tos.append(address)
        return answer

    async def handle_DATA(self, server, session, envelope):
        await asyncio.sleep(self.seconds)
        if not self.to_data.startswith("250"):
            return self.to_data
        self.mails.append(message_from_bytes(envelope.content, policy=default))
        if self.drops_after_data:
            self.drops_after_data -= 1
            server.transport.abort()
        return "250 OK"


@contextmanager
def silent_server():
    """Accept connections and say nothing; yields the port."""
    with socket.create_server((HOST, 0), backlog=50) as listening:
        yield listening.getsockname()[1]


def use(settings, url, **options):
    """Let the site mail through a server, with settings of one test."""
    for name, value in service_urls.email(url).items():
        setattr(settings, name, value)
    settings.EMAIL_URL = url
    for name, value in options.items():
        setattr(settings, name, value)
