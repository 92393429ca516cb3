"""The progress of directus_sync, so that an interrupted run can be resumed.

Only accounts.sync.run writes it. There is at most one row: a new run replaces it, and a
finished run deletes it. Another row has the end of the last run that finished.
"""

from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone

from ..models import SyncEnd, SyncPosition

# Of an older run, most users would have to be read again.
LONGEST = timedelta(days=1)
# The only row of SyncEnd.
ROW = 1


def left_behind() -> SyncPosition | None:
    """Return the progress of an interrupted run, if it is recent."""
    since = timezone.now() - LONGEST
    return SyncPosition.objects.filter(started_at__gt=since).first()


def delete_others(started_at: datetime) -> None:
    """Note the start of a run; earlier runs can no longer be resumed."""
    SyncPosition.objects.exclude(started_at=started_at).delete()


def note(started_at: datetime, **values: Any) -> None:
    """Note the progress of a run, unless a later run has begun."""
    if SyncPosition.objects.filter(started_at=started_at).update(**values):
        return
    if not SyncPosition.objects.exists():
        SyncPosition.objects.create(started_at=started_at, **values)


def delete(started_at: datetime) -> None:
    """Note the end of a run."""
    SyncPosition.objects.filter(started_at=started_at).delete()


def note_end() -> None:
    """Note that a run over all users has finished now."""
    SyncEnd.objects.update_or_create(pk=ROW, defaults={"ended_at": timezone.now()})


def last_end() -> datetime | None:
    """Return when the last run over all users finished; None without one."""
    return SyncEnd.objects.values_list("ended_at", flat=True).first()
