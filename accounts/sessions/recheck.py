"""Let the next request of sessions re-validate their users."""

from datetime import timedelta

from django.db.models import Q
from django.db.models.functions import Now
from django.utils import timezone

from ..core import clients, row_cache
from ..models import Session

# Sessions in one statement.
AT_ONCE = 500


def ask_again(which: Q, *, prove: bool = False) -> None:
    """Let the next request of each session re-validate its user.

    Args:
        which: the sessions.
        prove: whether the request also renews its tokens. Directus refuses that if it
            has ended the session, while an access token would still be valid.
    """
    now = timezone.now()
    columns = {"change_reported_at": now} | ({"must_renew": True} if prove else {})
    sessions = Session.objects.filter(which, user__isnull=False)
    if not prove:
        # Sessions that are due need no note, unless a request is just asking: Directus
        # may have answered it before the change.
        due = now - timedelta(seconds=clients.revalidate_seconds())
        is_asking = Q(validation_lease_until__gt=Now())
        sessions = sessions.filter(Q(validated_at__gt=due) | is_asking)
    last = 0
    while rows := list(
        sessions.filter(pk__gt=last)
        .order_by("pk")
        .values_list("pk", "session_key")[:AT_ONCE]
    ):
        last = rows[-1][0]
        Session.objects.filter(pk__in=[pk for pk, _key in rows]).update(**columns)
        row_cache.invalidate(Session, [key for _pk, key in rows])
