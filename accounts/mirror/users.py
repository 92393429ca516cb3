"""What Directus may write locally: the one place that decides.

*profile* is always the record in Directus, *user* the local row.

Many read Directus at once: a sync its pages, the webhook, each sign-in. An answer may
be late, and the row written meanwhile by one that was asked for later. `synced_at` is
therefore when Directus was *asked* for what stands in a row; what was asked for before
that is not written. It is a time of the database's clock: those of several hosts
differ.
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
from django.db.models import Q
from django.utils import timezone

from .. import signals
from ..core import clients
from ..core.memory import Memory
from ..directus import DirectusUser
from ..sessions import recheck
from .groups import set_role_groups
from .policies import with_policies

logger = logging.getLogger(__name__)

COPIED_FIELDS = ("email", "first_name", "last_name", "role_name", "language")
# What mirrored_values decides and a difference means something in.
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
    """Tells when Directus was asked, by the database's clock."""

    def __init__(self) -> None:
        before = monotonic()
        now = _database_now()
        made_at = (before + monotonic()) / 2
        self._began = now - timedelta(seconds=made_at)

    def at(self, asked_at: float) -> datetime:
        """Return the database's time for one of time.monotonic()."""
        return self._began + timedelta(seconds=asked_at)

    def now(self) -> datetime:
        """Return the database's time."""
        return self.at(monotonic())


_clock = Memory(CLOCK_SECONDS)


def clock() -> Clock:
    """Return a clock that was compared with the database's a minute ago at most."""
    found = _clock.get("clock")
    if found is None:
        found = Clock()
        _clock.set("clock", found)
    return found


def _database_now() -> datetime:
    if connection.vendor != "postgresql":
        # SQLite has this host's clock.
        return timezone.now()
    with connection.cursor() as cursor:
        cursor.execute("SELECT statement_timestamp()")
        return cursor.fetchone()[0]


def is_late(asked_at: datetime, read_at: datetime | None) -> bool:
    """Tell whether a row, as of `read_at`, was asked for after `asked_at`."""
    return read_at is not None and asked_at < read_at <= _latest()


def not_read_since(asked_at: datetime) -> Q:
    """Return the opposite as a condition on users."""
    before = Q(synced_at=None) | Q(synced_at__lte=asked_at)
    return before | Q(synced_at__gt=_latest())


def _latest() -> datetime:
    """Return after when nothing can have been read: the clock has been put back."""
    return clock().now() + PUT_BACK


def mirrored_values(profile: DirectusUser, clock: Clock) -> dict[str, Any]:
    """Return the columns of a user that a complete profile decides."""
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
    # SQLite lets Directus store more than its own columns promise.
    return value[: _longest(name)]


@cache
def _longest(name: str) -> int:
    # A column of text; they alone have a length.
    column: Any = get_user_model()._meta.get_field(name)
    return column.max_length


def mirror_user(profile: DirectusUser):
    """Return the local user of a profile, created or brought up to date.

    Rows are found by Directus id and never by e-mail: an address can pass to another
    person, an id cannot.

    Args:
        profile: a complete profile (`profile.is_complete`). Unless it has its policies,
            Directus is asked for them, if the settings name any.

    Returns:
        The User; `is_active` follows the status in Directus. Who was deleted here
        stays deleted, whatever Directus has. What was asked for later than this
        profile stays, too.
    """
    return mirror(profile)[0]


def mirror(profile: DirectusUser) -> tuple[Any, bool]:
    """Return the local user as mirror_user does, and whether the profile counted."""
    if profile.policies is None:
        (profile,) = with_policies([profile])
    values = mirrored_values(profile, clock())
    before = None
    with transaction.atomic():
        user, created = _locked_row(profile.id, values)
        if not created:
            if user.deleted_at or is_late(values["synced_at"], user.synced_at):
                return user, False
            before = _told(user, TOLD)
            _write(user, values)
        set_role_groups({user.pk: profile})
    if created:
        logger.info("Created user %s for Directus user %s", user.pk, profile.id)
        _ask_about_former_owners(user)
    signals.tell_mirrored(user, before, _told(user, TOLD))
    return user, True


def as_known(profile: DirectusUser) -> DirectusUser:
    """Return a profile that nobody may read with what the row here has of it.

    Trouble with the service token takes nobody's name, picture or role. Without such a
    token nothing is known, and a role least of all.
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
    )


def _locked_row(directus_id: UUID, values: dict[str, Any]):
    rows = get_user_model().objects.select_for_update()
    return rows.get_or_create(
        directus_id=directus_id,
        # Once only: a new unusable password is a new session hash, which would sign
        # the user out of every other browser.
        defaults=values | {"password": lambda: make_password(None)},
    )


def _write(user, values: dict[str, Any]) -> None:
    if values["has_two_factor"] is None:
        # May not be read; a sign-in has shown it.
        values["has_two_factor"] = user.has_two_factor
    for name, value in values.items():
        setattr(user, name, value)
    user.save(update_fields=values)


def note_written(user, **values: Any) -> None:
    """Copy to a user's row what this site has just written to the profile.

    The next page then shows it, without asking Directus first.

    Args:
        values: columns of the row; of texts, null is empty.
    """
    for name, value in values.items():
        is_text = name in COPIED_FIELDS
        setattr(user, name, _cut(name, value or "") if is_text else value)
    before = _row_before(user.directus_id)
    user.save(update_fields=values.keys())
    if before:
        signals.tell_mirrored(user, before, before | _told(user, values))


def _told(user, names: Iterable[str]) -> dict[str, Any]:
    return {name: getattr(user, name) for name in names if name in TOLD}


def _row_before(directus_id: UUID) -> dict[str, Any] | None:
    """Return what signals are told of; nothing when nobody listens."""
    if not signals.is_heard():
        return None
    rows = get_user_model().objects.filter(directus_id=directus_id)
    return rows.values(*TOLD).first()


def _ask_about_former_owners(user) -> None:
    """Ask at once about whose row has the address of somebody new in Directus.

    It was deleted there, most likely, or has another address by now: only Directus
    knows, by the id.
    """
    if not user.email:
        return
    former = get_user_model().objects.filter(
        email__iexact=user.email, directus_id__isnull=False, is_active=True
    )
    recheck.ask_again(Q(user__in=former.exclude(pk=user.pk)))
