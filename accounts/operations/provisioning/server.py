"""The features of a version of Directus and of its licence."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from ...directus import DirectusClient, ids
from ...directus.ids import SiteIds
from . import version_10
from .permission import Permission

MAJORS = (10, 11, 12)
# The last version in which roles, not policies, have permissions.
WITHOUT_POLICIES = 10
LICENCES_SINCE = 12
# The first version with AUTH_ALLOWED_PUBLIC_URLS.
PUBLIC_URLS_SINCE = (11, 14, 1)


@dataclass(frozen=True)
class Server:
    """
    The features of a Directus server.

    Attributes:
        version: as Directus reports it; empty if it does not.
        takes_rules: whether a permission may be limited to fields and rows. Directus
            12 refuses that without a licence.
    """

    version: str = ""
    takes_rules: bool = True

    @property
    def major(self) -> int:
        """The first number of the version; 0 if unknown."""
        number = self.version.partition(".")[0]
        return int(number) if number.isdecimal() else 0

    @property
    def takes_public_urls(self) -> bool:
        """Whether providers may send browsers to the site; also if it is unknown."""
        numbers = self.version.partition("-")[0].split(".")
        if not all(map(str.isdecimal, numbers)):
            return True
        return tuple(map(int, numbers)) >= PUBLIC_URLS_SINCE

    @property
    def is_supported(self) -> bool:
        """Whether the site was tested with this version."""
        return self.major in MAJORS

    @property
    def has_policies(self) -> bool:
        """Whether policies, not roles, have permissions."""
        return self.major != WITHOUT_POLICIES

    def attainable(
        self, permissions: Iterable[Permission], own: SiteIds = ids.DEFAULT
    ) -> list[Permission]:
        """Return the permissions that this server can express.

        Where permissions cannot be limited to fields and rows, the site gets whole
        ones, and customers get none.
        """
        if not self.has_policies:
            found = (version_10.translated(each, own) for each in permissions)
            return [each for each in found if each]
        if self.takes_rules:
            return list(permissions)
        return [_whole(each) for each in permissions if not each.for_customers]


def with_licence(client: DirectusClient, server: Server) -> Server:
    """Return the server with the limits of its licence, read as an administrator."""
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
