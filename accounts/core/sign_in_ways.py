"""The ways to sign in that Directus offers: its providers, and passwords.

A page uses the last known list. Once a minute a page has the list read anew, in the
background; only the first page of a process waits for it, for a second at most.
"""

import logging
import threading
import time
from dataclasses import asdict
from functools import partial

from ..directus import DirectusError, Provider, SignInWays
from . import background, cache, clients
from .memory import Memory

logger = logging.getLogger(__name__)

FRESH_SECONDS = 60
# Of the list in the shared cache: a process that is due must not take its own again.
SHARED_SECONDS = 50
KEPT_SECONDS = 24 * 3600
FIRST_SECONDS = 1.0
CACHE_KEY = "sign-in-ways"
_known = Memory(KEPT_SECONDS)
_asked = Memory(FRESH_SECONDS)
_asked_ever = Memory(KEPT_SECONDS)
_asking = threading.Lock()


def sign_in_ways() -> SignInWays:
    """Return the last known ways to sign in; a password alone while none is known."""
    url = clients.directus_url()
    is_due, is_first = _take_turn(url)
    if is_due:
        _read_anew(url, is_first=is_first)
    return _known.get(url) or SignInWays()


def find_provider(name: str) -> Provider | None:
    """Return a known provider by its name."""
    providers = sign_in_ways().providers
    return next((each for each in providers if each.name == name), None)


def label_of(name: str) -> str:
    """Return how pages call a provider; its name if it is not known."""
    found = find_provider(name) if name else None
    return found.label if found else name


def _take_turn(url: str) -> tuple[bool, bool]:
    """Return whether this request has the list read, and whether it is the first."""
    with _asking:
        if _asked.get(url):
            return False, False
        is_first = not _asked_ever.get(url)
        _asked.set(url, True)
        _asked_ever.set(url, True)
    return True, is_first


def _read_anew(url: str, *, is_first: bool) -> None:
    """Take the list that another process has read, or ask Directus."""
    ways, age = _shared()
    if ways is not None:
        _known.set(url, ways)
        if age < SHARED_SECONDS:
            return
    if is_first and not _known.get(url):
        _ask(url, timeout=FIRST_SECONDS)
    else:
        background.run(partial(_ask, url))


def _ask(url: str, timeout: float | None = None) -> None:
    at = time.time()
    try:
        ways = clients.anonymous_client().sign_in_ways(timeout=timeout)
    except DirectusError as error:
        logger.warning("Directus does not name its ways to sign in: %s", error)
        return
    _known.set(url, ways)
    cache.set(CACHE_KEY, asdict(ways) | {"at": at}, KEPT_SECONDS)


def _shared() -> tuple[SignInWays | None, float]:
    """Return the list in the shared cache, and its age in seconds."""
    shared = cache.get(CACHE_KEY)
    try:
        providers = tuple(Provider(**each) for each in shared["providers"])
        ways = SignInWays(providers, has_passwords=bool(shared["has_passwords"]))
        return ways, time.time() - shared["at"]
    except (TypeError, LookupError):
        # There is none, or another version of the site has written it.
        return None, 0.0
