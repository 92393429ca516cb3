"""Addresses as browsers and mail programs write them."""

import ipaddress
import re
from urllib.parse import urlsplit

import idna

NAME = r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?"
HOST = re.compile(rf"(?=.{{1,253}}\Z){NAME}(?:\.{NAME})*")
MAILBOX_NAME = re.compile(r"[A-Za-z0-9_+-][A-Za-z0-9._+-]{0,63}")
DEFAULT_PORTS = {"http": 80, "https": 443}


def host(text: str) -> str:
    """Return a host as browsers send it: in lower case, ASCII, brackets around IPv6.

    Raises:
        ValueError: it is none.
    """
    text = text.strip("[]") if text.startswith("[") and text.endswith("]") else text
    if ":" in text:
        address = ipaddress.IPv6Address(text)
        if address.scope_id:
            raise ValueError("a browser sends no scope")
        return f"[{address.compressed}]"
    text = text.lower()
    if not text.isascii():
        # IDNAError is a ValueError.
        text = idna.encode(text, uts46=True).decode()
    if not HOST.fullmatch(text):
        raise ValueError("not a host")
    return text


def origin(text: str) -> str:
    """Return scheme, host and port as browsers write them.

    Raises:
        ValueError: it is no origin.
    """
    parts = urlsplit(text)
    is_bare = parts.path in {"", "/"} and not re.search(r"[\s?#@\\]", text)
    if parts.scheme not in DEFAULT_PORTS or not is_bare or parts.port == 0:
        raise ValueError("not an origin")
    name = host(parts.hostname or "")
    if parts.port in {None, DEFAULT_PORTS[parts.scheme]}:
        return f"{parts.scheme}://{name}"
    return f"{parts.scheme}://{name}:{parts.port}"


def is_link(text: str) -> bool:
    """Return whether a browser can follow it; without a password in it."""
    try:
        parts = urlsplit(text)
        origin(f"{parts.scheme}://{parts.netloc}")
    except ValueError:
        return False
    return not re.search(r"[\s\\]", text)


def mailbox(text: str) -> str:
    """Return a mail address of plain characters, which a link needs not quote.

    Raises:
        ValueError: it is none.
    """
    name, _, domain = text.rpartition("@")
    if not MAILBOX_NAME.fullmatch(name):
        raise ValueError("not a mail address")
    return f"{name}@{host(domain)}"
