"""Fixtures for the client alone: no Django, no database, only the loopback."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from ssl import SSLContext

import pytest
from requests.auth import AuthBase

from accounts.directus import DirectusClient, Transport, Visitor
from tests.fault_server import FaultServer, Step


@pytest.fixture
def serve() -> Iterator[Callable[..., FaultServer]]:
    """Return a function that starts a server with a script."""
    with ExitStack() as stack:

        def start(*script: Step, tls: SSLContext | None = None) -> FaultServer:
            return stack.enter_context(FaultServer(*script, tls=tls))

        yield start


@pytest.fixture
def client_of() -> Iterator[Callable[..., DirectusClient]]:
    """Return a function that makes a client with its own transport."""
    with ExitStack() as stack:

        def make(
            server: FaultServer | str,
            *,
            auth: AuthBase | None = None,
            visitor: Visitor | None = None,
            **options: float,
        ) -> DirectusClient:
            url = server if isinstance(server, str) else server.url
            transport = Transport(url, **options)
            stack.callback(transport.close)
            return DirectusClient(transport, auth=auth, visitor=visitor)

        yield make
