"""A thread of each process that sends the waiting mails.

It begins to work when a mail was written in its process, and looks every ten seconds
for those of other processes. At the end of the process it finishes the mail in hand;
another process sends the rest.
"""

import atexit
import logging
import threading
from functools import cache

from django.db import DatabaseError, close_old_connections, connections, transaction

from . import delivery

logger = logging.getLogger(__name__)

PAUSE_SECONDS = 10.0
# The server that runs the process waits little longer.
LAST_SECONDS = 10.0


class Postman:
    """The thread, and what it waits for."""

    def __init__(self) -> None:
        self._may_look = threading.Event()
        self._must_end = threading.Event()
        self._thread = threading.Thread(target=self._work, name="postman", daemon=True)
        self._trouble = ""

    def start(self) -> None:
        """Begin to look for mails."""
        self._thread.start()

    def wake(self) -> None:
        """Look for mails now."""
        self._may_look.set()

    def end(self) -> None:
        """Finish the mail in hand, and send no more."""
        self._must_end.set()
        self._may_look.set()
        self._thread.join(LAST_SECONDS)

    def _work(self) -> None:
        while not self._must_end.is_set():
            self._may_look.clear()
            self._look()
            # What is away is not asked again for each new mail.
            pause = self._must_end if self._trouble else self._may_look
            pause.wait(PAUSE_SECONDS)
        connections.close_all()

    def _look(self) -> None:
        close_old_connections()
        trouble = self._deliver()
        if trouble and trouble != self._trouble:
            logger.warning("Mails wait: %s", trouble)
        self._trouble = trouble

    def _deliver(self) -> str:
        """Send mails; return why they wait, or an empty string."""
        try:
            return delivery.deliver(lambda: not self._must_end.is_set()) or ""
        except DatabaseError as error:
            return type(error).__name__
        except Exception as error:  # noqa: BLE001
            # The thread must not end. Texts of errors may quote addresses.
            name = type(error).__name__
            if name != self._trouble:
                logger.error("The delivery of mails failed: %s", name)
            return name


def call() -> None:
    """Have the waiting mails sent, once the present transaction has ended."""
    transaction.on_commit(lambda: _postman().wake())


def start() -> None:
    """Start the thread, unless it runs: the mails of former processes may wait."""
    _postman()


@cache
def _postman() -> Postman:
    # Not earlier: threads do not survive the fork of a worker.
    postman = Postman()
    postman.start()
    atexit.register(postman.end)
    return postman
