"""The policies of Directus that the settings name beside roles, and who has them.

From version 11 on a policy reaches a user through the role, through a role above it,
or directly. Only the service token can read that, and it is read only while the
settings name something that is no role. When it cannot be read, what was known stays.
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
from ..directus.roles import role_lineage

logger = logging.getLogger(__name__)

# How long it is believed which policies there are and which roles have them.
SECONDS = 10.0
# For each question; a sign-in waits for it.
READ_SECONDS = 2.0
PAGE = 100
NONE: frozenset[str] = frozenset()

# (Directus' address, the names in the settings) -> what was read, or the error.
_read = Memory(SECONDS)


def with_policies(profiles: Iterable[DirectusUser]) -> list[DirectusUser]:
    """Return the profiles with those of their policies that the settings name.

    Asks Directus, so not inside a transaction. Without a service token nobody has any.
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
    """Read anew at the next occasion which policies there are."""
    _read.clear()


def _as_before(profiles: list[DirectusUser]) -> list[DirectusUser]:
    """Return the profiles with what was known; nothing of it outlives a role."""
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
    """Which policies the settings name, by the settings' own words.

    Attributes:
        words: what the settings call a policy, by its id.
        by_role: what everybody with a role has, by the role's id.
        some_directly: whether any of these hangs on a user.
    """

    words: dict[str, frozenset[str]]
    by_role: dict[str, frozenset[str]]
    some_directly: bool

    def held_directly(
        self, client: DirectusClient, users: list[UUID]
    ) -> dict[UUID, frozenset[str]]:
        """Return what hangs on these users themselves."""
        found: dict[UUID, frozenset[str]] = {}
        if not self.some_directly:
            return found
        # Their ids have to fit into a URL.
        for at in range(0, len(users), PAGE):
            some = [str(user) for user in users[at : at + PAGE]]
            for row in _access(client, self.words, {"user": {"_in": some}}):
                user = UUID(row["user"])
                found[user] = found.get(user, NONE) | self.words[row["policy"]]
        return found


def _named(client: DirectusClient) -> _Named:
    """Return what was read a moment ago, or read it. Raises what reading raised."""
    wanted = frozenset(clients.role_rights().names)
    key = (clients.directus_url(), wanted)
    named = _read.get(key)
    if named is None:
        try:
            named = _read_named(client, wanted)
        except DirectusError as error:
            named = error
        _read.set(key, named)
    if isinstance(named, DirectusError):
        raise named
    return named


def _read_named(client: DirectusClient, wanted: frozenset[str]) -> _Named:
    roles = list(_pages(client, "/roles", {"fields": "id,name,parent"}))
    # A word that is a role's means the role alone, as it always did.
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
    """Return those that are wanted, by id; version 10 has none."""
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
    limit: int = PAGE,
) -> Iterator[dict[str, Any]]:
    both = {"_and": [{"policy": {"_in": sorted(policies)}}, rule]}
    params = {"fields": "id,role,user,policy", "filter": json.dumps(both)}
    return _pages(client, "/access", params, limit=limit)


def _pages(
    client: DirectusClient, path: str, params: dict[str, str], *, limit: int = PAGE
) -> Iterator[dict[str, Any]]:
    params = params | {"sort": "id", "limit": str(limit)}
    page = 1
    while rows := client.get(
        path, params=params | {"page": str(page)}, timeout=READ_SECONDS
    ):
        yield from rows
        if len(rows) < limit:
            return
        page += 1
