"""Rows of people whom Directus does not know any more, and how they are erased.

A backup of this site's database brings back whoever was deleted since, with name and
address. So does a Directus in which an administrator deleted somebody.
"""

from collections.abc import Iterator
from uuid import UUID

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
    """The mirrored users, not yet deleted here, whom Directus does not know.

    Args:
        client: with the rights to read all users; a sync of everybody has just shown
            that it has them.
        max_percent: the most of all users that may be missing.

    Raises:
        SyncRefused: more are.
    """

    def __init__(self, client: DirectusClient, max_percent: float) -> None:
        self._asked_at = clock().now()
        known = get_user_model().objects.exclude(directus_id=None)
        self._known = known.filter(deleted_at=None)
        self.pks = [pk for pks in self._look(client) for pk in pks]
        everybody = self._known.count()
        # One of a handful may always be gone, as in a sync.
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
        # More would be cut off, and taken for gone.
        at_once = min(AT_ONCE, clients.page_size(client))
        while some := dict(rows.filter(pk__gt=last)[:at_once]):
            last = max(some)
            there: set[UUID] = still_there(client, list(some.values()))
            yield [pk for pk, directus_id in some.items() if directus_id not in there]

    def erase(self) -> Iterator[int]:
        """Erase them one by one, unless Directus has told of one since."""
        for pk in self.pks:
            for user in self._still_missing(pk):
                was_active = user.is_active
                sessions = erase(user, is_finished=True)
                audit.record("deletion.made_up", user=user, sessions_ended=sessions)
                signals.tell_deleted(user, was_active=was_active)
                yield pk

    def _still_missing(self, pk: int) -> QuerySet:
        return self._known.filter(not_read_since(self._asked_at), pk=pk)
