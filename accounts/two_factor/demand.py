"""Spare a sign-in, and each re-validation, whether a second factor is demanded.

The tokens of a sign-in do not say everything: policies of parent roles and of the user
are missing. Directus tells a user the whole. If it has just demanded none of another
user with the same role, the role demands none; what is left are the policies of the
user, which few users have. A session asks again when it is re-validated.
"""

import json
import logging
from uuid import UUID

from ..core import clients
from ..core.memory import Memory
from ..directus import DirectusError, NotFound
from ..directus.answers import as_list, expected
from ..models import User

logger = logging.getLogger(__name__)

# A demand is seen so much later than Directus would tell it.
SECONDS = 10.0
# With more users that have policies of their own, each user is asked about.
MOST_HOLDERS = 100
# For the request; a sign-in or a page waits for it.
READ_SECONDS = 2.0

# Roles of which a user was free: (URL, role) → True.
_free_roles = Memory(SECONDS)
# URL → the users with policies of their own; False if that is unknown.
_holders = Memory(SECONDS)


def forget() -> None:
    """Forget the answers: the next user is asked about."""
    _free_roles.clear()
    _holders.clear()


def note_free(user: User) -> None:
    """Remember that Directus demands no second factor of a user."""
    _free_roles.set((clients.directus_url(), user.role_id), True)


def is_known_free(user: User) -> bool:
    """Return whether no second factor is demanded of a user, by earlier answers.

    False if that is not known. A user of whom it was demanded asks in any case.
    """
    if user.must_use_two_factor or clients.revalidate_seconds() < SECONDS:
        return False
    url = clients.directus_url()
    if not _free_roles.get((url, user.role_id)):
        return False
    holders = _holders.get(url)
    if holders is None:
        holders = _read_holders()
        _holders.set(url, holders)
    return holders is not False and user.directus_id not in holders


def _read_holders() -> frozenset[UUID] | bool:
    service = clients.service_client()
    if service is None:
        return False
    try:
        most = min(MOST_HOLDERS, clients.page_size(service, timeout=READ_SECONDS))
        params = {
            "fields": "user",
            "filter": json.dumps({"_and": [{"user": {"_nnull": True}}]}),
            "sort": "id",
            "limit": str(most),
            "page": "1",
        }
        answer = service.get("/access", params=params, timeout=READ_SECONDS)
        rows = as_list(answer, "GET /access")
        with expected("policies of users"):
            holders = frozenset(UUID(row["user"]) for row in rows)
    except NotFound:
        # Version 10 has roles alone.
        return frozenset()
    except DirectusError as error:
        logger.warning("Users with policies of their own are not told: %s", error)
        return False
    return False if len(rows) >= most else holders
