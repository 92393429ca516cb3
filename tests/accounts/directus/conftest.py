"""Fixtures for the client alone: no Django, no database, only the loopback."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from ssl import SSLContext

import pytest
import responses
from requests.auth import AuthBase

from accounts.directus import BearerAuth, DirectusClient, Transport, Visitor
from tests.fault_server import FaultServer, Step

from .wire import URL


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


@pytest.fixture
def wire() -> Iterator[responses.RequestsMock]:
    """Play Directus: an unexpected call fails the test, and so does a missing one."""
    with responses.RequestsMock() as mock:
        yield mock


@pytest.fixture
def client() -> DirectusClient:
    """Return a client with rights, acting for a visitor."""
    visitor = Visitor("203.0.113.7", "Browser/1.0")
    return DirectusClient(Transport(URL), auth=BearerAuth("service"), visitor=visitor)
