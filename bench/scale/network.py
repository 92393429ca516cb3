"""Hosts with addresses of their own, in network namespaces that have no names.

The process that makes a network moves into it. A namespace lives as long as a process
or an open file needs it: the kernel takes everything away at the end of the process,
whatever the end was. Without the right to make namespaces the hosts are ports of the
loopback interface.
"""

import contextlib
import ctypes
import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

from local.ports import HOST, free_port
from local.problem import Problem
from local.processes import run

CLONE_NEWNET = 0x40000000
INSIDE = "10.77.0"
BRIDGE = "br0"
MASK = "/24"
# No interface has this address: the bridge drops what is sent to it.
NOWHERE = "02:00:00:00:00:01"
_libc = ctypes.CDLL(None, use_errno=True)


class Network:
    """A bridge with hosts on it; this process is at its first address.

    Attributes:
        is_isolated: whether the hosts have namespaces of their own.
        address: the address of this process.
        range: all addresses of the network.
    """

    def __init__(self) -> None:
        self.is_isolated = _enter_new()
        self._count = 1
        self.address, self.range = HOST, HOST
        if self.is_isolated:
            self.address, self.range = f"{INSIDE}.1", f"{INSIDE}.0{MASK}"
            _ip("link", "set", "lo", "up")
            _ip("link", "add", BRIDGE, "type", "bridge")
            _ip("address", "add", self.address + MASK, "dev", BRIDGE)
            _ip("link", "set", BRIDGE, "up")

    def add_host(self) -> "Host":
        """Return a new host."""
        self._count += 1
        address = f"{INSIDE}.{self._count}" if self.is_isolated else HOST
        return Host(address, is_isolated=self.is_isolated)


class Host:
    """One host of the network.

    Attributes:
        address, port: the place of its one server.
    """

    def __init__(self, address: str, *, is_isolated: bool) -> None:
        self.address = address
        self.port = free_port()
        self._plug = f"host{address.rpartition('.')[2]}"
        self._namespace = self._home = -1
        if is_isolated:
            self._home = _namespace()
            self._namespace = _new_namespace(self._home)
            self._connect()

    @contextlib.contextmanager
    def entered(self) -> Iterator[None]:
        """Let what this thread starts and opens meanwhile belong to the host."""
        if self._namespace < 0:
            yield
            return
        _move(self._namespace)
        try:
            yield
        finally:
            _move(self._home)

    def lose(self, other: "Host") -> None:
        """Let everything that this host sends to another one get lost."""
        with self.entered():
            to = ("to", other.address, "lladdr", NOWHERE)
            _ip("neighbour", "replace", *to, "dev", "eth0", "nud", "permanent")

    def find(self, other: "Host") -> None:
        """Undo `lose`."""
        with self.entered():
            _ip("neighbour", "delete", "to", other.address, "dev", "eth0")

    @property
    def netloc(self) -> str:
        """The address and the port, as in an URL."""
        return f"{self.address}:{self.port}"

    def unplug(self) -> None:
        """Take the host off the network, without a word to the others."""
        if self._namespace >= 0:
            _ip("link", "set", self._plug, "down")

    def _connect(self) -> None:
        inside = f"/proc/{os.getpid()}/fd/{self._namespace}"
        _ip("link", "add", self._plug, "type", "veth", "peer", "name", "eth0")
        _ip("link", "set", "eth0", "netns", inside)
        _ip("link", "set", self._plug, "master", BRIDGE, "up")
        with self.entered():
            _ip("link", "set", "lo", "up")
            _ip("address", "add", self.address + MASK, "dev", "eth0")
            _ip("link", "set", "eth0", "up")


def _enter_new() -> bool:
    """Move this process into a new network namespace, if it may."""
    if sys.platform != "linux" or not shutil.which("ip"):
        return False
    return _libc.unshare(CLONE_NEWNET) == 0


def _namespace() -> int:
    """Return a file of the namespace of this thread."""
    return os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC)


def _new_namespace(home: int) -> int:
    if _libc.unshare(CLONE_NEWNET):
        raise OSError(ctypes.get_errno(), "no more network namespaces")
    made = _namespace()
    _move(home)
    return made


def _move(namespace: int) -> None:
    if _libc.setns(namespace, CLONE_NEWNET):
        raise OSError(ctypes.get_errno(), "the namespace cannot be entered")


def _ip(*args: str) -> None:
    code, output = run(["ip", *args], env=os.environ, cwd=Path("/"))
    if code:
        raise Problem(f"`ip {' '.join(args)}` failed: {output.strip()}")
