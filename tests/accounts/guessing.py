"""Guessing a password from many addresses, for tests."""

from .steps import let_pass, log_in


def fail(n, browser, email="ada@example.com", **extra):
    """Fail to sign in n times, each time from another address."""
    statuses = []
    for _ in range(n):
        extra["REMOTE_ADDR"] = f"198.51.{fail.address // 250}.{fail.address % 250}"
        fail.address += 1
        statuses.append(log_in(browser, email, **extra).status_code)
    return statuses


fail.address = 0


def attack_for_a_week(browser, email="ada@example.com"):
    """Fail six times on each of seven days."""
    for _ in range(7):
        fail(6, browser, email)
        let_pass(hours=24)
