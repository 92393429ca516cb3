"""Erase rows of users that no longer exist in Directus.

A restored backup of the site's database contains users that were deleted since, with
name and address. The same remains after an administrator deletes a user in Directus.
"""

from collections.abc import Iterator

from django.contrib.auth import get_user_model
from django.db.models import QuerySet

from .. import signals
from ..core import audit, clients
from ..directus import DirectusClient
from ..flows.deletion_local import erase
from ..mirror.users import clock, not_read_since
from .pages import SyncRefused, still_there

AT_ONCE = 100


class Missing:
    """The mirrored users that do not exist in Directus.

    Args:
        client: may read all users, as a sync of all users has just shown.
        max_percent: the highest accepted share of missing users.

    Raises:
        SyncRefused: the share is higher.
    """

    def __init__(self, client: DirectusClient, max_percent: float) -> None:
        self._asked_at = clock().now()
        known = get_user_model().objects.exclude(directus_id=None)
        self._known = known.filter(deleted_at=None)
        self.pks = [pk for pks in self._look(client) for pk in pks]
        everybody = self._known.count()
        # One missing user is always accepted, as in a sync.
        allowed = max(int(everybody * max_percent / 100), 1 if max_percent else 0)
        if len(self) > allowed:
            raise SyncRefused(
                f"{len(self)} of {everybody} users are gone from Directus, too many to "
                "be erased. If that is right, pass --max-deactivate 100."
            )

    def __len__(self) -> int:
        return len(self.pks)

    def _look(self, client: DirectusClient) -> Iterator[list[int]]:
        last = 0
        rows = self._known.order_by("pk").values_list("pk", "directus_id")
        # Directus would truncate a longer answer, and users would seem missing.
        at_once = min(AT_ONCE, clients.page_size(client))
        while some := dict(rows.filter(pk__gt=last)[:at_once]):
            last = max(some)
            there = still_there(client, [id_ for id_ in some.values() if id_])
            yield [pk for pk, directus_id in some.items() if directus_id not in there]

    def erase(self) -> Iterator[int]:
        """Erase the users, one by one; skip any that Directus has returned since."""
        for pk in self.pks:
            for user in self._still_missing(pk):
                was_active = user.is_active
                sessions = erase(user, is_finished=True)
                audit.record("deletion.made_up", user=user, sessions_ended=sessions)
                signals.tell_deleted(user, was_active=was_active)
                yield pk

    def _still_missing(self, pk: int) -> QuerySet:
        return self._known.filter(not_read_since(self._asked_at), pk=pk)
