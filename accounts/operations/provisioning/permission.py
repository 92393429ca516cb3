"""One permission, as data for Directus 11."""

from dataclasses import dataclass
from typing import Any

from ...directus import ids

ANYTHING: dict[str, Any] = {}


@dataclass(frozen=True)
class Permission:
    """One permission of a policy of the site, without the `forbidden` fields.

    Attributes:
        may_be_narrower: whether the set-up keeps an operator's narrower rule.
    """

    policy: str
    collection: str
    action: str
    fields: list[str]
    permissions: dict[str, Any] | None
    validation: dict[str, Any] | None = None
    presets: dict[str, Any] | None = None
    forbidden: frozenset[str] = frozenset()
    may_be_narrower: bool = False

    @property
    def for_customers(self) -> bool:
        """Whether customers have it, not the site."""
        return self.policy == ids.CUSTOMER_POLICY

    def values(self) -> dict[str, Any]:
        """Return the row for Directus' API."""
        return {
            "policy": self.policy,
            "collection": self.collection,
            "action": self.action,
            "fields": self.fields,
            "permissions": self.permissions,
            "validation": self.validation,
            "presets": self.presets,
        }


def service(
    action: str, collection: str, fields: list[str], **values: Any
) -> Permission:
    """Return a permission of the site."""
    return Permission(ids.SERVICE_POLICY, collection, action, fields, **values)


def reads(
    collection: str, fields: list[str], rule: dict[str, Any] = ANYTHING
) -> Permission:
    """Return the permission of the site to read rows."""
    return service("read", collection, fields, permissions=rule)
