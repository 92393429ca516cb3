"""The operator of the command that runs, for the audit trail."""

import os
import pwd
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

LONGEST_NAME = 64
_command: ContextVar[str] = ContextVar("command", default="")


@contextmanager
def running(command: str) -> Iterator[None]:
    """Name the command that runs in a block."""
    token = _command.set(command)
    try:
        yield
    finally:
        _command.reset(token)


def acting() -> dict[str, str]:
    """Return the command that runs and its operator; empty outside of a command."""
    command = _command.get()
    return {"operator": _name(), "command": command} if command else {}


def _name() -> str:
    """Return the user of the shell: with sudo, the one that called it."""
    name = os.environ.get("SUDO_USER", "")
    if name and name.isprintable():
        return name[:LONGEST_NAME]
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        # A container may run with a number that has no name.
        return f"uid {os.getuid()}"
