"""Checks of the site and its Directus: one small function each.

No check changes anything in Directus.
"""

from .findings import Finding, Verdict
from .registry import examine

__all__ = ["Finding", "Verdict", "examine"]
