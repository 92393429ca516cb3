"""Write users of Directus into local rows; no other code does.

*profile* is always the record in Directus, *user* the local row.

A sync, the webhook and sign-ins read Directus at the same time. An answer may be late,
and a later request may have written the row meanwhile. `synced_at` is therefore the
time of the *request* for the values of a row; the answer to an older request is not
written. It is a time of the database's clock, because the clocks of hosts differ.
"""

import logging
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from functools import cache
from time import monotonic
from typing import Any
from uuid import UUID

from django.contrib.auth import get_user_model
from django.contrib.auth.hashers import make_password
from django.db import connection, transaction
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone

from .. import signals
from ..core import clients
from ..core.memory import Memory
from ..directus import DirectusUser
from ..models import RoleMembership, User
from ..sessions import recheck
from .groups import set_role_groups
from .policies import with_policies

logger = logging.getLogger(__name__)

COPIED_FIELDS = (
    "email",
    "first_name",
    "last_name",
    "role_name",
    "language",
    "provider",
)
# Mirrored columns whose change counts as an update.
COMPARED = (
    *COPIED_FIELDS,
    "status",
    "role_id",
    "policies",
    "last_access",
    "picture_id",
    "has_two_factor",
    "is_staff",
    "is_superuser",
)
TOLD = (*COMPARED, "is_active")
CLOCK_SECONDS = 60.0
PUT_BACK = timedelta(minutes=1)


class Clock:
    """The times of requests by the database's clock."""

    def __init__(self) -> None:
        before = monotonic()
        now = _database_now()
        made_at = (before + monotonic()) / 2
        self._began = now - timedelta(seconds=made_at)

    def at(self, asked_at: float) -> datetime:
        """Return the database's time for a value of time.monotonic()."""
        return self._began + timedelta(seconds=asked_at)

    def now(self) -> datetime:
        """Return the database's time."""
        return self.at(monotonic())


_clock = Memory(CLOCK_SECONDS)


def clock() -> Clock:
    """Return a clock that was set by the database's clock within the last minute."""
    found = _clock.get("clock")
    if found is None:
        found = Clock()
        _clock.set("clock", found)
    return found


def _database_now() -> datetime:
    if connection.vendor != "postgresql":
        # SQLite uses the clock of this host.
        return timezone.now()
    with connection.cursor() as cursor:
        cursor.execute("SELECT statement_timestamp()")
        return cursor.fetchone()[0]


def is_late(asked_at: datetime, read_at: datetime | None) -> bool:
    """Return whether a row with `read_at` was requested after `asked_at`."""
    return read_at is not None and asked_at < read_at <= _latest()


def not_read_since(asked_at: datetime) -> Q:
    """Return the opposite as a condition on rows."""
    before = Q(synced_at=None) | Q(synced_at__lte=asked_at)
    return before | Q(synced_at__gt=_latest())


def _latest() -> datetime:
    """Return the latest possible time; a later one means a clock put back."""
    return clock().now() + PUT_BACK


def mirrored_values(profile: DirectusUser, clock: Clock) -> dict[str, Any]:
    """Return the values of the mirrored columns for a complete profile."""
    values: dict[str, Any] = {
        name: _cut(name, getattr(profile, name)) for name in COPIED_FIELDS
    }
    roles = clients.role_rights()
    return values | {
        "status": _cut("status", profile.status),
        "role_id": profile.role_id,
        "policies": sorted(profile.policies or ()),
        "last_access": profile.last_access,
        "picture_id": profile.picture_id,
        "has_two_factor": profile.has_two_factor,
        "is_active": profile.is_active,
        "is_staff": roles.is_staff(profile),
        "is_superuser": roles.is_superuser(profile),
        "synced_at": clock.at(profile.asked_at),
    }


def _cut(name: str, value: str) -> str:
    # On SQLite, Directus can store longer values than its columns declare.
    return value[: _longest(name)]


@cache
def _longest(name: str) -> int:
    # Only columns of text have a length.
    column: Any = get_user_model()._meta.get_field(name)
    return column.max_length


def mirror_user(profile: DirectusUser) -> User:
    """Return the local user of a profile, created or updated.

    Rows are found by Directus id, never by email: an address can pass to another
    user, an id cannot.

    Args:
        profile: a complete profile (`profile.is_complete`). If it lacks its policies,
            and the settings name any, they are read at Directus.

    Returns:
        The User; `is_active` follows the status in Directus. A user that was deleted
        here stays deleted. A row from a later request stays unchanged.
    """
    return mirror(profile)[0]


def mirror_sign_in(profile: DirectusUser, row: User | None) -> User:
    """Mirror a user that has just signed in; return the local user.

    With the next statement of a known user the time of the sign-in is stored, too.

    Args:
        profile: a complete profile with its policies.
        row: the row of the user, from `locked_user`.
    """
    if row is None or row.last_login is None or not profile.is_active:
        return mirror(profile, row)[0]
    user, is_written = mirror(profile, row, last_login=timezone.now())
    user.last_login_is_stored = is_written
    return user


def locked_user(directus_id: UUID) -> User | None:
    """Return the row of a user, locked in the present transaction; None without one.

    `has_role_groups` says whether it has any.
    """
    sql, values = _locking(connection.alias)
    field = get_user_model()._meta.get_field("directus_id")
    key = field.get_db_prep_value(directus_id, connection)
    return next(iter(get_user_model().objects.raw(sql, [*values[:-1], key])), None)


@cache
def _locking(alias: str) -> tuple[str, tuple[Any, ...]]:
    """Return the statement that locks a row, and its values; the id is the last.

    Compiled once: that takes longer than the statement itself.
    """
    from_role = RoleMembership.objects.filter(user=OuterRef("pk"))
    rows = get_user_model().objects.using(alias).select_for_update()
    rows = rows.annotate(has_role_groups=Exists(from_role)).filter(
        directus_id=UUID(int=0)
    )
    return rows.query.get_compiler(alias).as_sql()


def mirror(
    profile: DirectusUser, row: User | None = None, **also: Any
) -> tuple[User, bool]:
    """Return the local user as mirror_user does, and whether the row was written.

    Args:
        row: the row, from `locked_user`.
        also: values of further columns of a row that is updated.
    """
    if profile.policies is None:
        (profile,) = with_policies([profile])
    values = mirrored_values(profile, clock())
    before = None
    with transaction.atomic(savepoint=False):
        user, created = (row, False) if row else _locked_row(profile.id, values)
        if not created:
            if user.deleted_at or is_late(values["synced_at"], user.synced_at):
                return user, False
            before = _told(user, TOLD)
            _write(user, values | also)
        has_groups = getattr(user, "has_role_groups", True)
        set_role_groups({user.pk: profile}, have_groups=has_groups)
    if created:
        logger.info("Created user %s for Directus user %s", user.pk, profile.id)
        _ask_about_former_owners(user)
    signals.tell_mirrored(user, before, _told(user, TOLD))
    return user, True


def as_known(profile: DirectusUser) -> DirectusUser:
    """Return an unreadable profile with the values of the local row.

    A refused service token must not remove names, photos or roles. Without any service
    token the values are unknown and empty, including the role.
    """
    row = get_user_model().objects.filter(directus_id=profile.id).first()
    if row is None or not clients.service_token():
        return profile
    return replace(
        profile,
        first_name=row.first_name,
        last_name=row.last_name,
        role_id=row.role_id,
        role_name=row.role_name,
        language=row.language,
        last_access=row.last_access,
        picture_id=row.picture_id,
        provider=row.provider,
    )


def _locked_row(directus_id: UUID, values: dict[str, Any]) -> tuple[User, bool]:
    rows = get_user_model().objects.select_for_update()
    return rows.get_or_create(
        directus_id=directus_id,
        # Only once: another unusable password changes the session hash, and would end
        # all other sessions.
        defaults=values | {"password": lambda: make_password(None)},
    )


def _write(user: User, values: dict[str, Any]) -> None:
    if values["has_two_factor"] is None:
        # Not readable; a sign-in has shown it.
        values["has_two_factor"] = user.has_two_factor
    # Empty: not readable.
    values["provider"] = values["provider"] or user.provider
    for name, value in values.items():
        setattr(user, name, value)
    user.save(update_fields=values)


def note_written(user: User, **values: Any) -> None:
    """Copy values that the site has just written to the profile into the row.

    The next page shows them without a call to Directus.

    Args:
        values: columns of the row; null becomes an empty text.
    """
    for name, value in values.items():
        is_text = name in COPIED_FIELDS
        setattr(user, name, _cut(name, value or "") if is_text else value)
    before = _row_before(user)
    user.save(update_fields=values.keys())
    if before:
        signals.tell_mirrored(user, before, before | _told(user, values))


def _told(user: User, names: Iterable[str]) -> dict[str, Any]:
    return {name: getattr(user, name) for name in names if name in TOLD}


def _row_before(user: User) -> dict[str, Any] | None:
    """Return the values that signals need; nothing without receivers."""
    if not signals.is_heard():
        return None
    rows = get_user_model().objects.filter(pk=user.pk)
    return rows.values(*TOLD).first()


def _ask_about_former_owners(user: User) -> None:
    """Re-validate users whose row has the address of a new user in Directus.

    Most likely such a user was deleted there, or has another address: only Directus
    knows, by the id.
    """
    if not user.email:
        return
    former = get_user_model().objects.filter(
        email__iexact=user.email, directus_id__isnull=False, is_active=True
    )
    recheck.ask_again(Q(user__in=former.exclude(pk=user.pk)))
