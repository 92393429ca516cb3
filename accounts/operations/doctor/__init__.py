"""What can be wrong between this site and Directus: one small function per check.

Nothing here changes or creates anything in Directus.
"""

from .findings import Finding, Verdict
from .registry import examine

__all__ = ["Finding", "Verdict", "examine"]
