"""mirror_user for many at once: read the rows of a batch, write those that differ.

`is_active` of a row that exists is not taken away here: who is signed out is decided
when everybody has been read.
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
from ..directus import DirectusUser
from ..mirror.groups import is_needless, set_role_groups
from ..mirror.users import COMPARED, Clock, is_late, mirrored_values, not_read_since
from ..models import Session
from ..sessions.store import end_sessions

# Rows in one statement.
BATCH = 1000

# What is here


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
    """What profiles change here, by Directus id.

    Attributes:
        values: what Directus says.
        known: what is here.
        inserted: whose row was made a moment ago.
        new: without a row before that.
        stale: with a row that differs.
        fresh: with a row that lacks nothing but the time of reading.
        back: active again.
        were_active: how many are active in Directus and here.
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

    def _compare(self, directus_id: UUID, values: dict[str, Any], row: KnownRow):
        self.were_active += values["is_active"] and row.is_active
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


def _compared(values: dict[str, Any]) -> tuple:
    return tuple(values[name] for name in COMPARED)


def difference(batch: Iterable[DirectusUser], clock: Clock) -> Difference:
    """Return what `write` would do with a batch."""
    values = {profile.id: mirrored_values(profile, clock) for profile in batch}
    return Difference(values, _known_rows(get_user_model().objects, values.keys()))


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


def deactivate(users: QuerySet, asked_at: datetime | None = None) -> tuple[int, int]:
    """Deactivate users and end their sessions; return how many of both.

    Args:
        users: active ones; looked at again when their rows are locked.
        asked_at: when Directus was asked who is there. A row that was asked for later
            stays as it is; what was asked for before brings none of the others back.
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
    """Insert or update the rows of a batch, but for those that were asked for later.

    Returns:
        What was written; `known` is what stood there before.
    """
    found = difference(batch, clock)
    with transaction.atomic():
        # Before the rows are locked: another process may be making the same.
        _insert(found)
        rows = get_user_model().objects.select_for_update()
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
    """Return what make_password(None) does, in a tenth of the time."""
    return UNUSABLE_PASSWORD_PREFIX + secrets.token_urlsafe(30)


def _update(found: Difference) -> None:
    model = get_user_model()
    # An upsert, in one statement: the rows are there, and locked.
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
    # One page of users was asked for at one time.
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
    """Give everybody who was written the groups of the role, as mirror_user does."""
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
    """Tell other apps what was written, if one listens."""
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
