"""Explain whether a right comes from a role, a policy or a manual grant.

Explains the rights in the database, which Django uses, and lists where the configured
roles would change them.
"""

from collections.abc import Container
from dataclasses import asdict, dataclass
from typing import Any
from uuid import UUID

from django.contrib.auth.models import Permission

from ..core import clients
from ..directus import DirectusUser
from ..models import RoleMembership, User


@dataclass(frozen=True)
class Granted:
    """A group or permission, and its source."""

    name: str
    source: str


@dataclass(frozen=True)
class Explanation:
    """The state and the rights of a user.

    `pending` are the changes that the next mirroring makes.
    """

    user: int
    directus_id: str | None
    role: str | None
    provider: str | None
    policies: list[str]
    status: str
    is_active: bool
    synced_at: str | None
    staff: Granted
    superuser: Granted
    groups: list[Granted]
    permissions: list[Granted]
    pending: list[str]

    def as_dict(self) -> dict[str, Any]:
        """Return the explanation for JSON."""
        return asdict(self)


def explain(user: User) -> Explanation:
    """Return the sources of a user's rights."""
    rights = clients.role_rights()
    return Explanation(
        user=user.pk,
        directus_id=str(user.directus_id) if user.directus_id else None,
        role=_role(user) or None,
        provider=user.provider or None,
        policies=user.policies,
        status=user.status,
        is_active=user.is_active,
        synced_at=user.synced_at.isoformat() if user.synced_at else None,
        staff=_flag(user, user.is_staff, rights.staff_roles, "DIRECTUS_STAFF_ROLES"),
        superuser=_flag(
            user,
            user.is_superuser,
            rights.superuser_roles,
            "DIRECTUS_SUPERUSER_ROLES",
        ),
        groups=_groups(user),
        permissions=_permissions(user) if user.is_active else [],
        pending=_pending(user, user.directus_id) if user.directus_id else [],
    )


def _role(user: User) -> str:
    return user.role_name or str(user.role_id or "")


def _flag(user: User, has_it: bool, givers: Container[str], setting: str) -> Granted:
    if not has_it:
        return Granted("no", "")
    if not user.is_mirrored:
        return Granted("yes", "local user")
    return Granted("yes", _source(user, givers, setting))


def _source(user: User, givers: Container[str], setting: str) -> str:
    """Return the role and the policies that are among the givers."""
    found = [f"policy {name}" for name in user.policies if name in givers]
    by_role = str(user.role_id) in givers or user.role_name in givers
    # The setting may have changed since; the role is the most likely source.
    if by_role or not found:
        found.insert(0, f"role {_role(user)}")
    return f"{', '.join(found)}, by {setting}"


def _groups(user: User) -> list[Granted]:
    from_role = set(
        RoleMembership.objects.filter(user=user).values_list("group", flat=True)
    )
    return [
        Granted(
            group.name,
            _source(user, _givers(group.name), "DIRECTUS_ROLE_GROUPS")
            if group.pk in from_role
            else "given by hand in Django",
        )
        for group in user.groups.order_by("name")
    ]


def _givers(group: str) -> set[str]:
    role_groups = clients.role_rights().role_groups
    return {name for name, groups in role_groups.items() if group in groups}


def _permissions(user: User) -> list[Granted]:
    if user.is_superuser:
        return [Granted("every permission", "superuser")]
    sources: dict[str, list[str]] = {}
    for permission in user.user_permissions.all():
        sources.setdefault(_name(permission), []).append("given by hand in Django")
    for group in user.groups.order_by("name").prefetch_related("permissions"):
        for permission in group.permissions.all():
            source = f"group {group.name}"
            sources.setdefault(_name(permission), []).append(source)
    return [Granted(name, ", ".join(found)) for name, found in sorted(sources.items())]


def _name(permission: Permission) -> str:
    return f"{permission.content_type.app_label}.{permission.codename}"


def _pending(user: User, directus_id: UUID) -> list[str]:
    """Return the changes by the present settings that are not in the database yet."""
    rights = clients.role_rights()
    profile = DirectusUser(
        id=directus_id,
        role_id=user.role_id,
        role_name=user.role_name,
        status=user.status,
        policies=frozenset(user.policies),
    )
    from_role = RoleMembership.objects.filter(user=user)
    gave = set(from_role.values_list("group__name", flat=True))
    has = set(user.groups.values_list("name", flat=True))
    wanted = rights.groups(profile)
    changes = [
        *(f"will have group {name}" for name in sorted(wanted - has)),
        *(f"will lose group {name}" for name in sorted((gave & has) - wanted)),
    ]
    if rights.is_staff(profile) != user.is_staff:
        changes.append("staff will change")
    if rights.is_superuser(profile) != user.is_superuser:
        changes.append("superuser will change")
    return changes
