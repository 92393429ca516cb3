"""The groups that roles give, kept apart from those that were given by hand.

A group that a role gives is two rows: Django's membership, and a RoleMembership that
says where it came from. A role takes only what it gave. Who has a group by hand
already keeps it whatever the role says.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group

from ..core import clients
from ..directus import DirectusUser
from ..models import RoleMembership

# A user and a group, by their keys.
Membership = tuple[int, int]


def set_role_groups(profiles: Mapping[int, DirectusUser]) -> None:
    """Bring the groups of users in line with their roles; inside a transaction.

    Args:
        profiles: what Directus says, by the key of the user here.
    """
    wanted = _wanted(profiles)
    from_role = _pairs(RoleMembership, profiles)
    if not wanted and not from_role:
        return
    present = _pairs(get_user_model().groups.through, profiles)
    # Missing here are also those that somebody took away by hand: the role counts.
    _add(get_user_model().groups.through, wanted - present.keys())
    _add(RoleMembership, wanted - present.keys() - from_role.keys())
    gone = from_role.keys() - wanted
    _remove(get_user_model().groups.through, [present.get(pair) for pair in gone])
    _remove(RoleMembership, [from_role[pair] for pair in gone])


def is_needless() -> bool:
    """Tell whether no role gives a group, or ever gave one."""
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
    # A parallel request may have added the same.
    model.objects.bulk_create(
        [model(user_id=user, group_id=group) for user, group in sorted(pairs)],
        ignore_conflicts=True,
    )


def _remove(model: Any, keys: list[int | None]) -> None:
    found = [key for key in keys if key is not None]
    if found:
        model.objects.filter(pk__in=found).delete()
