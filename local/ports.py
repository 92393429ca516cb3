"""Which ports the stack listens on; all of them on the loopback interface."""

import errno
import os
import secrets
import socket
from dataclasses import dataclass, fields

from .problem import Problem

HOST = "127.0.0.1"
VARIABLES = {
    "site": "PORT",
    "directus": "DIRECTUS_PORT",
    "mail": "MAIL_PORT",
    "smtp": "SMTP_PORT",
    "provider": "PROVIDER_PORT",
}
# Below the ports that systems give to outgoing connections: one of those could be
# taken by a connection before the server starts.
FREE_FROM, FREE_TO = 10_000, 32_000


@dataclass(frozen=True)
class Ports:
    """The five ports of one stack."""

    site: int = 8000
    directus: int = 8055
    mail: int = 8025
    smtp: int = 1025
    provider: int = 9000

    @classmethod
    def from_environment(cls) -> "Ports":
        """Return the defaults, or what PORT, DIRECTUS_PORT and the others say."""
        chosen = {}
        for name, variable in VARIABLES.items():
            if os.environ.get(variable):
                chosen[name] = _number(variable, os.environ[variable])
        return cls(**chosen)

    @classmethod
    def free(cls) -> "Ports":
        """Return five different ports on which no server listens at this moment."""
        found: set[int] = set()
        while len(found) < len(fields(cls)):
            found.add(free_port())
        return cls(*found)

    def check(self) -> None:
        """Raise a Problem that names the first port which is taken."""
        chosen = {variable: getattr(self, name) for name, variable in VARIABLES.items()}
        seen: dict[int, str] = {}
        for variable, port in chosen.items():
            if port in seen:
                raise Problem(f"{variable} and {seen[port]} are both {port}.")
            seen[port] = variable
        for variable, port in chosen.items():
            if not is_free(port):
                raise Problem(
                    f"Port {port} is in use: stop what listens there,"
                    f" or choose another with `make run {variable}={port + 1}`."
                )


def free_port() -> int:
    """Return a port on which no server listens at this moment."""
    while True:
        port = FREE_FROM + secrets.randbelow(FREE_TO - FREE_FROM)
        if is_free(port):
            return port


def is_free(port: int) -> bool:
    """Tell whether this port of the loopback interface is free."""
    addresses = [(socket.AF_INET, HOST), (socket.AF_INET6, "::1")]
    return all(_can_bind(family, host, port) for family, host in addresses)


def _can_bind(family: socket.AddressFamily, host: str, port: int) -> bool:
    try:
        with socket.socket(family, socket.SOCK_STREAM) as server:
            server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            server.bind((host, port))
    except PermissionError:
        raise Problem(f"Port {port} needs more rights than this user has.") from None
    except OSError as error:
        # A machine without IPv6 has no such address, and so no server listens on it.
        return error.errno != errno.EADDRINUSE
    return True


def _number(variable: str, text: str) -> int:
    if not text.isdecimal() or not 0 < int(text) < 65536:
        raise Problem(f"{variable} must be a port number, not {text!r}.")
    return int(text)
