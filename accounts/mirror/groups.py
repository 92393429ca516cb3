"""Give and take groups by role, apart from groups that were given by hand.

A group from a role has two rows: Django's membership, and a RoleMembership with its
source. A role takes only groups that it gave. A group that a user got by hand stays,
whatever the role says.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group

from ..core import clients
from ..directus import DirectusUser
from ..models import RoleMembership

# The keys of a user and a group.
Membership = tuple[int, int]


def set_role_groups(
    profiles: Mapping[int, DirectusUser], *, have_groups: bool = True
) -> None:
    """Bring the groups of users in line with their roles, inside a transaction.

    Args:
        profiles: profiles of Directus by the keys of the local users.
        have_groups: False if the users have no groups from roles.
    """
    wanted = _wanted(profiles)
    from_role = _pairs(RoleMembership, profiles) if have_groups else {}
    if not wanted and not from_role:
        return
    present = _pairs(get_user_model().groups.through, profiles)
    # Also groups that were taken away by hand: the role decides.
    _add(get_user_model().groups.through, wanted - present.keys())
    _add(RoleMembership, wanted - present.keys() - from_role.keys())
    gone = from_role.keys() - wanted
    _remove(get_user_model().groups.through, [present.get(pair) for pair in gone])
    _remove(RoleMembership, [from_role[pair] for pair in gone])


def is_needless() -> bool:
    """Return whether no role gives a group, or ever gave one."""
    return not (clients.role_rights().managed_groups or RoleMembership.objects.exists())


def _wanted(profiles: Mapping[int, DirectusUser]) -> set[Membership]:
    rights = clients.role_rights()
    names = {pk: rights.groups(profile) for pk, profile in profiles.items()}
    keys = {name: _group(name) for name in sorted(set().union(*names.values()))}
    return {(pk, keys[name]) for pk, groups in names.items() for name in groups}


def _group(name: str) -> int:
    return Group.objects.get_or_create(name=name)[0].pk


def _pairs(model: Any, users: Iterable[int]) -> dict[Membership, int]:
    """Return the rows of users in either table."""
    rows = model.objects.filter(user__in=list(users))
    return {(row.user_id, row.group_id): row.pk for row in rows}


def _add(model: Any, pairs: set[Membership]) -> None:
    # A parallel request may have added the same rows.
    model.objects.bulk_create(
        [model(user_id=user, group_id=group) for user, group in sorted(pairs)],
        ignore_conflicts=True,
    )


def _remove(model: Any, keys: list[int | None]) -> None:
    found = [key for key in keys if key is not None]
    if found:
        model.objects.filter(pk__in=found).delete()
