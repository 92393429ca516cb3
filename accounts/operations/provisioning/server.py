"""What a version of Directus, and its licence, can express."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from ...directus import DirectusClient, ids
from ...directus.ids import SiteIds
from . import version_10
from .rights import Permission

MAJORS = (10, 11, 12)
# The last one in which roles have their rights by themselves.
WITHOUT_POLICIES = 10
LICENCES_SINCE = 12


@dataclass(frozen=True)
class Server:
    """
    What the other side can do.

    Attributes:
        version: as Directus tells it; empty when it does not.
        takes_rules: whether a permission may name fields and rows. Directus 12
            refuses that without a licence.
    """

    version: str = ""
    takes_rules: bool = True

    @property
    def major(self) -> int:
        """The first number of the version; 0 when it is not known."""
        number = self.version.partition(".")[0]
        return int(number) if number.isdecimal() else 0

    @property
    def is_supported(self) -> bool:
        """Whether this site was tried with it."""
        return self.major in MAJORS

    @property
    def has_policies(self) -> bool:
        """Whether rights hang on policies, and not on roles themselves."""
        return self.major != WITHOUT_POLICIES

    def attainable(
        self, permissions: Iterable[Permission], own: SiteIds = ids.DEFAULT
    ) -> list[Permission]:
        """Return the rights that can be had here in place of those that are wanted.

        Where fields and rows cannot be named, a right is for everything or not at
        all: the site gets its rights whole, and customers get none.
        """
        if not self.has_policies:
            found = (version_10.translated(each, own) for each in permissions)
            return [each for each in found if each]
        if self.takes_rules:
            return list(permissions)
        return [_whole(each) for each in permissions if not each.for_customers]


def with_licence(client: DirectusClient, server: Server) -> Server:
    """Return the server with what its licence allows, which administrators may read."""
    if server.major < LICENCES_SINCE:
        return server
    entitlements = client.get("/license").get("entitlements", {})
    rules = entitlements.get("custom_permission_rules_enabled")
    return replace(server, takes_rules=_is_granted(rules))


def _is_granted(entitlement: Any) -> bool:
    if isinstance(entitlement, dict):
        return bool(entitlement.get("default"))
    return bool(entitlement)


def _whole(permission: Permission) -> Permission:
    return replace(
        permission,
        fields=["*"],
        permissions={},
        validation=None,
        presets=None,
        forbidden=frozenset(),
    )
