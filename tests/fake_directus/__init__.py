"""A Directus for unit tests, in memory: it speaks as Directus 11 does.

The only test package that knows Directus' JSON; tests use its verbs. `tests/contract`
asks it and a real Directus the same questions, and that is what keeps it honest.
"""

from .server import FakeDirectus
from .state import (
    ADMINISTRATOR,
    CUSTOMER,
    FakeProvider,
    FakeUser,
    Mail,
    Person,
)
from .tokens import one_time_code

__all__ = [
    "ADMINISTRATOR",
    "CUSTOMER",
    "FakeDirectus",
    "FakeProvider",
    "FakeUser",
    "Mail",
    "Person",
    "one_time_code",
]
