"""The events of the audit trail that users see under Recent activity.

All of them follow a proven identity: a refused sign-in writes no row, which would
reveal whether there is a user.
"""

import logging
from typing import TYPE_CHECKING

from django.apps import apps
from django.db import DatabaseError, transaction

from config.request import Request

if TYPE_CHECKING:
    from ..models import User

logger = logging.getLogger(__name__)

# Each made one sign-in at Directus, which its log has, too.
SIGN_INS = frozenset(
    {"sign_in.done", "password.confirmed", "sso.confirmed", "password.changed"}
)
KEPT = SIGN_INS | {
    "password_reset.done",
    "email.change_asked",
    "email.change_cancelled",
    "email.changed",
    "two_factor.enabled",
    "two_factor.disabled",
    "two_factor.recovered",
    "session.ended_by_user",
    "export.done",
    "deletion.asked",
    "deletion.revoked",
}


def keep(event: str, request: Request | None, user: "User") -> None:
    """Store an event of a mirrored user; an error does not stop the flow."""
    if event not in KEPT or request is None or not user.is_mirrored:
        return
    # Models are of a higher layer.
    model = apps.get_model("accounts", "AccountEvent")
    try:
        # After an error, a transaction of the caller goes on.
        with transaction.atomic():
            model.objects.create(
                user_id=user.pk,
                event=event,
                client_address=getattr(request, "client_address", None) or None,
                user_agent=request.META.get("HTTP_USER_AGENT", "")[:512],
            )
    except (DatabaseError, ValueError) as error:
        logger.error("The event %s was not stored: %s", event, type(error).__name__)
