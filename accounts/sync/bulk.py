"""Mirror many users at once: read the rows of a batch, and write those that differ.

This module never deactivates an existing row: `sync.run` does so after all users have
been read.
"""

import secrets
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from django.contrib.auth import get_user_model
from django.contrib.auth.hashers import UNUSABLE_PASSWORD_PREFIX
from django.db import transaction
from django.db.models import Q, QuerySet

from .. import signals
from ..core import row_cache
from ..directus import DirectusUser
from ..mirror.groups import is_needless, set_role_groups
from ..mirror.users import COMPARED, Clock, is_late, mirrored_values, not_read_since
from ..models import Session
from ..sessions.ending import end_sessions

# Rows in one statement.
BATCH = 1000

# Rows of the database


@dataclass(frozen=True)
class KnownRow:
    """A row of a mirrored user; `values` are in the order of COMPARED."""

    pk: int
    is_active: bool
    is_deleted: bool
    read_at: datetime | None
    values: tuple


def _known_rows(rows: QuerySet, ids: Collection[UUID]) -> dict[UUID, KnownRow]:
    known = rows.filter(directus_id__in=ids).values_list(
        "directus_id", "pk", "is_active", "deleted_at", "synced_at", *COMPARED
    )
    return {
        directus_id: KnownRow(
            pk, is_active, deleted_at is not None, read_at, tuple(values)
        )
        for directus_id, pk, is_active, deleted_at, read_at, *values in known
    }


@dataclass
class Difference:
    """The changes of a batch of profiles, by Directus id.

    Attributes:
        values: the values in Directus.
        known: the rows of the database.
        inserted: users whose row was just inserted.
        new: users without a row before.
        stale: users whose row differs.
        fresh: users whose row lacks only the time of reading.
        back: users who are active again.
        were_active: number of users who are active in Directus and in the database.
    """

    values: dict[UUID, dict[str, Any]]
    known: dict[UUID, KnownRow]
    inserted: frozenset[UUID] = frozenset()
    new: list[UUID] = field(default_factory=list)
    stale: list[UUID] = field(default_factory=list)
    fresh: list[UUID] = field(default_factory=list)
    back: list[UUID] = field(default_factory=list)
    were_active: int = 0

    def __post_init__(self) -> None:
        for directus_id, values in self.values.items():
            row = self.known.get(directus_id)
            if row is None:
                self.new.append(directus_id)
            else:
                self._compare(directus_id, values, row)

    def _compare(
        self, directus_id: UUID, values: dict[str, Any], row: KnownRow
    ) -> None:
        self.were_active += values["is_active"] and row.is_active
        # Empty if it may not be read.
        values["provider"] = values["provider"] or _value(row, "provider")
        if row.is_deleted or is_late(values["synced_at"], row.read_at):
            return
        if row.values != _compared(values):
            self.stale.append(directus_id)
        elif directus_id in self.inserted:
            self.new.append(directus_id)
        else:
            self.fresh.append(directus_id)
        if values["is_active"] and not row.is_active:
            self.back.append(directus_id)


def _value(row: KnownRow, name: str) -> Any:
    return row.values[COMPARED.index(name)]


def _compared(values: dict[str, Any]) -> tuple:
    return tuple(values[name] for name in COMPARED)


def difference(batch: Iterable[DirectusUser], clock: Clock) -> Difference:
    """Return the changes that `write` would make."""
    values = {profile.id: mirrored_values(profile, clock) for profile in batch}
    return Difference(
        values, _known_rows(get_user_model().objects.all(), values.keys())
    )


def active_users() -> QuerySet:
    """Return the active mirrored users."""
    return get_user_model().objects.filter(directus_id__isnull=False, is_active=True)


def suspended_users(since: datetime) -> QuerySet:
    """Return the active users that Directus has listed since then as not active."""
    return active_users().filter(synced_at__gte=since).exclude(status="active")


def unseen_users(since: datetime) -> QuerySet:
    """Return the active users that Directus has not listed since then."""
    return active_users().filter(Q(synced_at__lt=since) | Q(synced_at=None))


# Writing


def deactivate(users: QuerySet, asked_at: datetime | None = None) -> tuple[int, int]:
    """Deactivate users and end their sessions; return the number of each.

    Args:
        users: active users; the condition is checked again under the lock.
        asked_at: time of the request to Directus. A row that was read later stays as
            it is; an earlier answer does not reactivate the others.
    """
    read: dict[str, datetime] = {}
    if asked_at is not None:
        users = users.filter(not_read_since(asked_at))
        read["synced_at"] = asked_at
    deactivated = ended = 0
    while pks := _deactivate_some(users, read):
        deactivated += len(pks)
        ended += end_sessions(Session.objects.filter(user__in=pks))
    return deactivated, ended


@transaction.atomic
def _deactivate_some(users: QuerySet, read: dict[str, datetime]) -> list[int]:
    locked = users.select_for_update().order_by("pk")
    pks = list(locked.values_list("pk", flat=True)[:BATCH])
    rows = get_user_model().objects.filter(pk__in=pks)
    rows.update(is_active=False, is_staff=False, is_superuser=False, **read)
    if pks and signals.is_heard():
        signals.tell_deactivated(rows.all())
    return pks


def write(batch: list[DirectusUser], clock: Clock) -> Difference:
    """Insert or update the rows of a batch, except rows that were read later.

    Returns:
        The written changes; `known` holds the rows before.
    """
    found = difference(batch, clock)
    with transaction.atomic():
        # Before the rows are locked: another process may insert the same rows.
        _insert(found)
        rows = get_user_model().objects.select_for_update().order_by("pk")
        found = Difference(
            found.values,
            _known_rows(rows, found.values.keys()),
            inserted=frozenset(found.new),
        )
        _update(found)
        _set_groups(batch, found)
        _tell(found)
    return found


def _insert(found: Difference) -> None:
    model = get_user_model()
    model.objects.bulk_create(
        [
            model(
                directus_id=directus_id,
                password=_unusable_password(),
                **found.values[directus_id],
            )
            for directus_id in found.new
        ],
        ignore_conflicts=True,
    )


def _unusable_password() -> str:
    """Return the same as make_password(None) in a tenth of the time."""
    return UNUSABLE_PASSWORD_PREFIX + secrets.token_urlsafe(30)


def _update(found: Difference) -> None:
    model = get_user_model()
    # An upsert in one statement: the rows exist and are locked.
    model.objects.bulk_create(
        [
            # Never written, see mirror_user.
            model(directus_id=directus_id, password="!", **found.values[directus_id])
            for directus_id in found.stale
        ],
        update_conflicts=True,
        unique_fields=["directus_id"],
        update_fields=[*COMPARED, "synced_at"],
    )
    row_cache.invalidate(model, [found.known[each].pk for each in found.stale])
    # All users of a page have the same time of reading.
    read: dict[datetime, list[UUID]] = {}
    for directus_id in found.fresh:
        moment = found.values[directus_id]["synced_at"]
        read.setdefault(moment, []).append(directus_id)
    for moment, ids in read.items():
        _rows(ids).update(synced_at=moment)
    _rows(found.back).update(is_active=True)


def _rows(ids: Collection[UUID]) -> QuerySet:
    return get_user_model().objects.filter(directus_id__in=ids)


def _set_groups(batch: Iterable[DirectusUser], found: Difference) -> None:
    """Set the groups of written users, as mirror_user does."""
    if is_needless():
        return
    written = {*found.new, *found.stale, *found.fresh}
    set_role_groups(
        {
            found.known[profile.id].pk: profile
            for profile in batch
            if profile.id in written
        }
    )


def _tell(found: Difference) -> None:
    """Send signals about written users, if there are receivers."""
    if not signals.is_heard():
        return
    new = set(found.new)
    for user in _rows([*found.new, *found.stale]):
        row = found.known[user.directus_id]
        signals.tell_mirrored(
            user,
            None if user.directus_id in new else _by_name(row.values),
            _by_name(_compared(found.values[user.directus_id])),
        )


def _by_name(values: tuple) -> dict[str, Any]:
    return dict(zip(COMPARED, values, strict=True))
