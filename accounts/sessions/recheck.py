"""Let the next request of sessions ask Directus about their users."""

from datetime import timedelta

from django.db.models import Q
from django.utils import timezone

from ..core import clients
from ..models import Session
from . import row_cache

# Sessions in one statement.
AT_ONCE = 500


def ask_again(which: Q, *, prove: bool = False) -> None:
    """Let the next request of each of these sessions ask Directus about its user.

    Args:
        which: sessions.
        prove: whether it renews its tokens first, which Directus refuses where it has
            ended the session; an access token outlives that.
    """
    now = timezone.now()
    columns = {"change_reported_at": now} | ({"must_renew": True} if prove else {})
    sessions = Session.objects.filter(which, user__isnull=False)
    if not prove:
        # Sessions that are due anyway need no note.
        due = now - timedelta(seconds=clients.revalidate_seconds())
        sessions = sessions.filter(validated_at__gt=due)
    last = 0
    while rows := list(
        sessions.filter(pk__gt=last)
        .order_by("pk")
        .values_list("pk", "session_key")[:AT_ONCE]
    ):
        last = rows[-1][0]
        Session.objects.filter(pk__in=[pk for pk, _key in rows]).update(**columns)
        for _pk, key in rows:
            row_cache.invalidate(key)
