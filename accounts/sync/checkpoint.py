"""How far a run of directus_sync came, so that one that was interrupted can go on.

Only accounts.sync.run uses it. One row at most: a run that begins forgets the run
before it, and one that ends leaves nothing.
"""

from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone

from ..models import SyncPosition

# Older than that, most of what was read would have to be read again.
LONGEST = timedelta(days=1)


def left_behind() -> SyncPosition | None:
    """Return where the last run was interrupted, unless that was long ago."""
    since = timezone.now() - LONGEST
    return SyncPosition.objects.filter(started_at__gt=since).first()


def forget_others(started_at: datetime) -> None:
    """Note that a run begins: no run before it will go on."""
    SyncPosition.objects.exclude(started_at=started_at).delete()


def note(started_at: datetime, **values: Any) -> None:
    """Note how far a run is, unless a later one has begun beside it."""
    if SyncPosition.objects.filter(started_at=started_at).update(**values):
        return
    if not SyncPosition.objects.exists():
        SyncPosition.objects.create(started_at=started_at, **values)


def forget(started_at: datetime) -> None:
    """Note that a run has come to its end."""
    SyncPosition.objects.filter(started_at=started_at).delete()
