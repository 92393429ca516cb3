"""Checks of the site and its Directus: one small function each.

No check changes anything in Directus.
"""

# Each of these modules registers its checks.
from . import (  # noqa: F401
    configuration,
    here,
    leftovers,
    licence,
    rights,
    server,
    sign_up,
    tls,
    webhook,
)
from .findings import Finding, Verdict
from .registry import examine

__all__ = ["Finding", "Verdict", "examine"]
