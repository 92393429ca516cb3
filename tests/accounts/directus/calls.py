"""The calls that the tests of faults make, and the secrets that they carry."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from accounts.directus import BearerAuth, DirectusClient, DirectusUnavailable, NewUser

PASSWORD = "Canary-Passw0rd"
REFRESH = "Canary-refresh"
JWT = "Canary-head.Canary-body.Canary-signature"
TOKENS = {"access_token": "Canary-a", "refresh_token": "Canary-r", "expires": 900_000}
ID = "6a2f7f1e-5b6c-4c0e-9d53-0123456789ab"
ROLE = "c8cecd93-0574-40fb-8aa7-15882e4d718a"
ADA = {
    "id": ID,
    "email": "ada@example.com",
    "first_name": "Ada",
    "last_name": "Love",
    "status": "active",
    "role": {"id": ROLE, "name": "Customer"},
    "language": None,
    "last_access": "2026-11-23T18:45:15",
    "provider": "default",
}

SITE = "https://site.example.com"
OTP = "Canary-otp"
CODE = {"code": "Canary-code", "state": "Canary-state", "iss": "Canary-iss"}
COOKIE = "openid.exampleid=Canary-head.Canary-body.Canary-signature"
# The value of a cookie with a session that Directus has begun.
SESSION = "Canary-" + "r" * 57

# Short, so that a test of a fault takes less than a second.
QUICK = {
    "connect_timeout": 0.3,
    "read_timeout": 0.15,
    "total_timeout": 0.2,
    "login_timeout": 0.2,
}

AUTH = BearerAuth("Canary-service")
NEW_USER = {"email": "ada@example.com", "password": PASSWORD}

CALLS: dict[str, Callable[[DirectusClient], Any]] = {
    "login": lambda c: c.login(**NEW_USER, otp="123456"),
    "refresh": lambda c: c.refresh(REFRESH),
    "logout": lambda c: c.logout(REFRESH),
    "me": lambda c: c.get_current_user(),
    "register": lambda c: c.register_user(
        NewUser(**NEW_USER), verification_url="https://s/v/"
    ),
    "create": lambda c: c.create_user(NewUser(**NEW_USER), role=ROLE),
    "verify": lambda c: c.verify_email(JWT),
    "request": lambda c: c.request_password_reset(
        email="ada@example.com", reset_url="https://s/r/"
    ),
    "reset": lambda c: c.reset_password(token=JWT, password=PASSWORD),
    "get": lambda c: c.get_user(ID),
    "update": lambda c: c.update_user(ID, {"password": PASSWORD}),
    "find": lambda c: c.find_users_by_email("ada@example.com"),
    "list": lambda c: list(c.list_users()),
    "count": lambda c: c.count_users(),
    "ping": lambda c: c.ping(),
    "info": lambda c: c.get_server_info(),
    "policy": lambda c: c.get_password_policy(),
    "ways": lambda c: c.sign_in_ways(),
    "begin": lambda c: c.begin_sso("exampleid", site=SITE, otp=OTP),
    "finish": lambda c: c.finish_sso(
        "exampleid", site=SITE, cookie=COOKIE, answer=CODE
    ),
}

# Asking these twice is as good as asking once.
READS = (
    "me",
    "get",
    "find",
    "list",
    "count",
    "ping",
    "info",
    "policy",
    "ways",
    "begin",
)
# These must reach Directus once at the most.
ONCE = (
    "refresh",
    "register",
    "create",
    "verify",
    "request",
    "reset",
    "update",
    "finish",
)


def quickest_failure(action: Callable[[], Any], times: int = 3) -> float:
    """Return the seconds that the quickest of some failures took.

    The quickest, because other work on the machine makes any single one slow.
    """
    seconds = []
    for _ in range(times):
        start = time.perf_counter()
        with pytest.raises(DirectusUnavailable):
            action()
        seconds.append(time.perf_counter() - start)
    return min(seconds)


@contextmanager
def at_most(seconds: float) -> Iterator[None]:
    """Fail when the block takes longer."""
    start = time.monotonic()
    yield
    took = time.monotonic() - start
    assert took < seconds, f"took {took:.3f} s"
