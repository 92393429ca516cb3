"""Find the client address of a request.

Only the proxies in TRUSTED_PROXIES are trusted: the client is the right-most address
that is not one of them.
"""

import ipaddress
import re
from collections.abc import Iterable
from functools import lru_cache

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network
UNKNOWN = "0.0.0.0"  # noqa: S104 - a name for no address, nothing is bound to it
# ::ffff:0:0/96, where IPv6 has the addresses of IPv4.
MAPPED = 0xFFFF << 32
WITH_PORT = re.compile(r"^(?:\[([^\]]{1,64})\]|([0-9.]{7,15}))(?::\d{1,5})?$")


def client_address(remote: str, forwarded_for: str, proxies: list[str]) -> str:
    """Return the address of the client, or UNKNOWN.

    Args:
        remote: the address of the peer (REMOTE_ADDR).
        forwarded_for: the raw X-Forwarded-For header.
        proxies: trusted addresses or networks.
    """
    networks = _networks(tuple(proxies))
    address = parse(remote)
    if address is None:
        return UNKNOWN
    for entry in reversed(forwarded_for.split(",")):
        if not is_in(address, networks):
            break
        before = parse(entry)
        if before is None:
            break
        address = before
    return str(address)


def parse(text: str) -> Address | None:
    """Return an address, given with or without a port, or None."""
    text = text.strip()
    match = WITH_PORT.match(text)
    if match:
        text = match[1] or match[2]
    try:
        address = ipaddress.ip_address(text.split("%", 1)[0])
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address


def is_in(address: Address, networks: Iterable[Network]) -> bool:
    """Return whether the address belongs to one of the networks."""
    return any(address in network for network in networks)


def is_listed(address: str, entries: list[str]) -> bool:
    """Return whether an address is in a list of addresses and networks."""
    parsed = parse(address)
    return parsed is not None and is_in(parsed, _networks(tuple(entries)))


def bucket(address: str) -> str:
    """Return the part that one household shares: the IPv4 address or the IPv6 /64."""
    parsed = parse(address)
    if isinstance(parsed, ipaddress.IPv6Address):
        return str(ipaddress.ip_network((parsed, 64), strict=False))
    return str(parsed or UNKNOWN)


def sort_key(address: str) -> str:
    """Return 32 hexadecimal digits, in the order of addresses; empty without one.

    An address of IPv4 has the digits of its form in IPv6, so that one range of keys is
    one network.
    """
    parsed = parse(address)
    return f"{_in_ipv6(parsed):032x}" if parsed else ""


def key_range(text: str) -> tuple[str, str] | None:
    """Return the first and the last key of an address or network; None for others."""
    address = parse(text)
    try:
        network = ipaddress.ip_network(address or text.strip(), strict=False)
    except ValueError:
        return None
    first, last = network.network_address, network.broadcast_address
    return f"{_in_ipv6(first):032x}", f"{_in_ipv6(last):032x}"


def _in_ipv6(address: Address) -> int:
    return int(address) + (MAPPED if address.version == 4 else 0)


@lru_cache(maxsize=8)
def _networks(entries: tuple[str, ...]) -> list[Network]:
    return [ipaddress.ip_network(entry, strict=False) for entry in entries]
