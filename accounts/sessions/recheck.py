"""Let the next request of sessions ask Directus about their users."""

from datetime import timedelta

from django.db.models import Q
from django.utils import timezone

from ..core import clients
from ..models import Session
from . import row_cache

# A request goes on while another one asks, if the last answer is not much older than
# it may be. One that comes back after hours waits for the answer.
TOLERANCE = timedelta(seconds=10)
# Sessions in one statement.
AT_ONCE = 500


def ask_again(which: Q, *, prove: bool = False) -> None:
    """Let the next request of each of these sessions ask Directus about its user.

    Args:
        which: sessions.
        prove: whether it renews its tokens first, which Directus refuses where it has
            ended the session; an access token outlives that.
    """
    due = timedelta(seconds=clients.revalidate_seconds()) + TOLERANCE
    before = timezone.now() - due
    recent = Q() if prove else Q(validated_at__gt=before)
    sessions = Session.objects.filter(which, recent, user__isnull=False)
    last = 0
    while rows := list(
        sessions.filter(pk__gt=last)
        .order_by("pk")
        .values_list("pk", "session_key")[:AT_ONCE]
    ):
        last = rows[-1][0]
        some = Session.objects.filter(pk__in=[pk for pk, _key in rows])
        some.filter(validated_at__gt=before).update(validated_at=before)
        if prove:
            some.filter(access_expires_at__gt=before).update(access_expires_at=before)
        for _pk, key in rows:
            row_cache.invalidate(key)
