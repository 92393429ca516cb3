"""mirror_user for many at once: read the rows of a batch, write those that differ.

Only accounts.syncing uses it. `is_active` of a row that exists is not written here:
who is signed out is decided when everybody has been read.
"""

import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.contrib.auth import get_user_model
from django.contrib.auth.hashers import UNUSABLE_PASSWORD_PREFIX
from django.db import transaction
from django.db.models import Q, QuerySet

from . import signals
from .directus import DirectusUser
from .mirror import COMPARED
from .models import Session
from .role_groups import is_needless, set_role_groups
from .sessions import end_sessions

# Rows in one statement.
BATCH = 1000

# What is here


@dataclass(frozen=True)
class KnownRow:
    """A row of a mirrored user; `values` are in the order of COMPARED."""

    pk: int
    is_active: bool
    is_deleted: bool
    values: tuple


def compared(values: dict[str, Any]) -> tuple:
    """Return what of mirrored_values is compared, in the order of COMPARED."""
    return tuple(values[name] for name in COMPARED)


def known_rows(batch: Iterable[DirectusUser]) -> dict[UUID, KnownRow]:
    """Return the rows of those who are here already, by Directus id."""
    rows = get_user_model().objects.filter(
        directus_id__in=[profile.id for profile in batch]
    )
    return {
        directus_id: KnownRow(pk, is_active, deleted_at is not None, tuple(values))
        for directus_id, pk, is_active, deleted_at, *values in rows.values_list(
            "directus_id", "pk", "is_active", "deleted_at", *COMPARED
        )
    }


def active_users() -> QuerySet:
    """Return the mirrored users who may sign in."""
    return get_user_model().objects.filter(directus_id__isnull=False, is_active=True)


def suspended_users(since: datetime) -> QuerySet:
    """Return those of them whom Directus listed since then as not active."""
    return active_users().filter(synced_at__gte=since).exclude(status="active")


def unseen_users(since: datetime) -> QuerySet:
    """Return those of them whom Directus did not list since then."""
    return active_users().filter(Q(synced_at__lt=since) | Q(synced_at=None))


# What is written


def deactivate(users: QuerySet) -> tuple[int, int]:
    """Deactivate users and end their sessions; return how many of both."""
    deactivated = ended = 0
    while pks := list(users.order_by("pk").values_list("pk", flat=True)[:BATCH]):
        rows = get_user_model().objects.filter(pk__in=pks)
        deactivated += rows.update(is_active=False, is_staff=False, is_superuser=False)
        if signals.is_heard():
            signals.tell_deactivated(rows.all())
        ended += end_sessions(Session.objects.filter(user__in=pks))
    return deactivated, ended


def write_rows(stale: list[tuple[DirectusUser, dict[str, Any]]]) -> None:
    """Insert or update, in one statement per batch."""
    model = get_user_model()
    rows = [
        model(
            directus_id=profile.id,
            # Only written for new rows, see mirror_user.
            password=_unusable_password(),
            **values,
        )
        for profile, values in stale
    ]
    model.objects.bulk_create(
        rows,
        update_conflicts=True,
        unique_fields=["directus_id"],
        update_fields=[*COMPARED, "synced_at"],
    )


def _unusable_password() -> str:
    """Return what make_password(None) does, in a tenth of the time."""
    return UNUSABLE_PASSWORD_PREFIX + secrets.token_urlsafe(30)


def set_groups(batch: list[DirectusUser]) -> None:
    """Give everybody in a batch the groups of the role, as mirror_user does."""
    if is_needless():
        return
    users = dict(
        get_user_model()
        .objects.filter(directus_id__in=[profile.id for profile in batch])
        .values_list("directus_id", "pk")
    )
    with transaction.atomic():
        set_role_groups(
            {users[profile.id]: profile for profile in batch if profile.id in users}
        )


def tell(
    stale: list[tuple[DirectusUser, dict[str, Any]]], known: dict[UUID, KnownRow]
) -> None:
    """Tell other apps what was written, if one listens."""
    if not signals.is_heard():
        return
    values = {profile.id: compared(after) for profile, after in stale}
    for user in get_user_model().objects.filter(directus_id__in=values):
        row = known.get(user.directus_id)
        signals.tell_mirrored(
            user,
            dict(zip(COMPARED, row.values, strict=True)) if row else None,
            dict(zip(COMPARED, values[user.directus_id], strict=True)),
        )
