"""Fixtures for the client alone: no Django, no database, only the loopback."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from ssl import SSLContext

import pytest

from accounts.directus import DirectusClient, Transport
from tests.fault_server import FaultServer, Step

# Short, so that a test of a fault takes less than a second.
QUICK = {
    "connect_timeout": 0.3,
    "read_timeout": 0.3,
    "total_timeout": 0.6,
    "login_timeout": 0.6,
}


@pytest.fixture
def serve() -> Iterator[Callable[..., FaultServer]]:
    """Return a function that starts a server with a script."""
    with ExitStack() as stack:

        def start(*script: Step, tls: SSLContext | None = None) -> FaultServer:
            return stack.enter_context(FaultServer(*script, tls=tls))

        yield start


@pytest.fixture
def client_of() -> Callable[..., DirectusClient]:
    """Return a function that makes a client with its own transport."""

    def make(server: FaultServer | str, *, auth=None, visitor=None, **options):
        url = server if isinstance(server, str) else server.url
        return DirectusClient(Transport(url, **options), auth=auth, visitor=visitor)

    return make
