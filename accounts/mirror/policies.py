"""Find the users that have the policies which the settings name.

From version 11 on a user has a policy through the role, through a parent role, or
directly. Only the service token can read that, and the site reads it only if the
settings name something that is not a role. If it cannot be read, the known policies
stay.
"""

import json
import logging
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from django.contrib.auth import get_user_model

from ..core import clients
from ..core.memory import Memory
from ..directus import DirectusClient, DirectusError, DirectusUser, NotFound
from ..directus.answers import as_list, expected
from ..directus.roles import role_lineage

logger = logging.getLogger(__name__)

# Seconds for which policies and their roles are cached.
SECONDS = 10.0
# For each request; a sign-in waits for it.
READ_SECONDS = 2.0
# Ids of users have to fit into a URL.
PAGE = 100
NONE: frozenset[str] = frozenset()

# Cache: (URL, configured names) -> (expiry, result or error).
_read = Memory(SECONDS)


def with_policies(profiles: Iterable[DirectusUser]) -> list[DirectusUser]:
    """Return the profiles with their configured policies.

    It calls Directus, so not inside a transaction. Without a service token there are
    no policies.
    """
    profiles = list(profiles)
    client = clients.service_client()
    if client is None or not clients.role_rights().names:
        return [replace(profile, policies=NONE) for profile in profiles]
    try:
        named = _named(client)
        direct = named.held_directly(client, [profile.id for profile in profiles])
    except DirectusError as error:
        logger.warning("Policies cannot be read; what was known stays: %s", error)
        return _as_before(profiles)
    return [
        replace(
            profile,
            policies=named.by_role.get(str(profile.role_id), NONE)
            | direct.get(profile.id, NONE),
        )
        for profile in profiles
    ]


def forget() -> None:
    """Delete the cache: the next call reads the policies again."""
    _read.clear()


def _as_before(profiles: list[DirectusUser]) -> list[DirectusUser]:
    """Return the profiles with the known policies, unless the role has changed."""
    rows = get_user_model().objects.filter(directus_id__in=[p.id for p in profiles])
    known = {
        (directus_id, role_id): frozenset(policies)
        for directus_id, role_id, policies in rows.values_list(
            "directus_id", "role_id", "policies"
        )
    }
    return [
        replace(profile, policies=known.get((profile.id, profile.role_id), NONE))
        for profile in profiles
    ]


@dataclass(frozen=True)
class _Named:
    """The configured policies.

    Attributes:
        words: the names in the settings, by the id of the policy.
        by_role: the policies of a role, by its id.
        some_directly: whether a user has one of them directly.
    """

    words: dict[str, frozenset[str]]
    by_role: dict[str, frozenset[str]]
    some_directly: bool

    def held_directly(
        self, client: DirectusClient, users: list[UUID]
    ) -> dict[UUID, frozenset[str]]:
        """Return the policies that these users have directly."""
        found: dict[UUID, frozenset[str]] = {}
        if not self.some_directly:
            return found
        for at in range(0, len(users), PAGE):
            some = [str(user) for user in users[at : at + PAGE]]
            with expected("policies of users"):
                for row in _access(client, self.words, {"user": {"_in": some}}):
                    user = UUID(row["user"])
                    found[user] = found.get(user, NONE) | self.words[row["policy"]]
        return found


def _named(client: DirectusClient) -> _Named:
    """Return the cached result, or read it. Raise the cached error, if there is one."""
    wanted = frozenset(clients.role_rights().names)
    key = (clients.directus_url(), wanted)
    named = _read.get(key)
    if named is None:
        try:
            with expected("policies"):
                named = _read_named(client, wanted)
        except DirectusError as error:
            named = error
        _read.set(key, named)
    if isinstance(named, DirectusError):
        raise named
    return named


def _read_named(client: DirectusClient, wanted: frozenset[str]) -> _Named:
    roles = list(_pages(client, "/roles", {"fields": "id,name,parent"}))
    # A name of a role means the role only.
    wanted -= {word for role in roles for word in (role["id"], role["name"])}
    words = _policies(client, wanted)
    if not words:
        return _Named({}, {}, some_directly=False)
    own: dict[str, frozenset[str]] = {}
    for row in _access(client, words, {"role": {"_nnull": True}}):
        own[row["role"]] = own.get(row["role"], NONE) | words[row["policy"]]
    parents = {role["id"]: role.get("parent") for role in roles}
    by_role = {
        role: NONE.union(*(own.get(r, NONE) for r in role_lineage(role, parents.get)))
        for role in parents
    }
    direct = _access(client, words, {"user": {"_nnull": True}}, limit=1)
    return _Named(words, by_role, some_directly=next(direct, None) is not None)


def _policies(
    client: DirectusClient, wanted: frozenset[str]
) -> dict[str, frozenset[str]]:
    """Return the configured policies by id; version 10 has none."""
    if not wanted:
        return {}
    try:
        rows = list(_pages(client, "/policies", {"fields": "id,name"}))
    except NotFound:
        return {}
    words = {row["id"]: wanted & {row["id"], row["name"]} for row in rows}
    return {policy: found for policy, found in words.items() if found}


def _access(
    client: DirectusClient,
    policies: Iterable[str],
    rule: dict[str, Any],
    *,
    limit: int | None = None,
) -> Iterator[dict[str, Any]]:
    both = {"_and": [{"policy": {"_in": sorted(policies)}}, rule]}
    params = {"fields": "id,role,user,policy", "filter": json.dumps(both)}
    return _pages(client, "/access", params, limit=limit)


def _pages(
    client: DirectusClient,
    path: str,
    params: dict[str, str],
    *,
    limit: int | None = None,
) -> Iterator[dict[str, Any]]:
    limit = limit or min(PAGE, clients.page_size(client, timeout=READ_SECONDS))
    params = params | {"sort": "id", "limit": str(limit)}
    page = 1
    while rows := as_list(
        client.get(path, params=params | {"page": str(page)}, timeout=READ_SECONDS),
        f"GET {path}",
    ):
        yield from rows
        if len(rows) < limit:
            return
        page += 1
