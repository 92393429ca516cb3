"""Suspend and reactivate users in Directus, for the admin.

Directus is changed first: until then a signed-out user could sign in again.
"""

from dataclasses import replace
from time import monotonic

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from ..core import clients
from ..directus import DirectusClient, DirectusUser, Forbidden
from ..mirror import policies
from ..mirror.policies import with_policies
from ..mirror.users import mirror_user
from ..models import User
from ..sessions.ending import end_sessions
from ..throttling.attempts import clear_failures
from .lookup import UserRef
from .revoke import end_all_sessions

ACTIVE = "active"
SUSPENDED = "suspended"
NO_SERVICE_TOKEN = gettext_lazy(
    "DIRECTUS_SERVICE_TOKEN is not set. Run directus_setup to create one."
)
NOT_IN_DIRECTUS = gettext_lazy("This is a local user, not in Directus.")
ONLY_SUPERUSERS = gettext_lazy("Only a superuser can do this to a superuser.")


class Refused(Exception):
    """Nothing was changed; str() says why."""


def service_client() -> DirectusClient:
    """Return the client with the service token. Raises Refused without a token."""
    service = clients.service_client()
    if service is None:
        raise Refused(NO_SERVICE_TOKEN)
    return service


def read(service: DirectusClient, user: User) -> DirectusUser:
    """Return a user's present profile in Directus.

    Raises:
        Refused: the user is local, or the service token may not read it.
        DirectusError: there is no answer.
    """
    if user.directus_id is None:
        raise Refused(NOT_IN_DIRECTUS)
    try:
        profile = service.get_user(user.directus_id)
    except Forbidden:
        # Directus does not distinguish them; a sync finds deleted users.
        raise Refused(
            _(
                "The service token can't see this user. Either the user was deleted in "
                "Directus, or the token may not read directus_users: run "
                "directus_setup to grant this."
            )
        ) from None
    if not profile.is_complete:
        raise Refused(
            _(
                "The service token may not read the status. Run directus_setup to "
                "grant this."
            )
        )
    # Read again: cached policies would be older than the profile.
    policies.forget()
    (profile,) = with_policies([profile])
    return profile


def sync(service: DirectusClient, user: User) -> DirectusUser:
    """Mirror a user, and end the sessions of an inactive one. Raises as `read`."""
    profile = read(service, user)
    mirrored = mirror_user(profile)
    if not profile.is_active:
        end_sessions(mirrored.sessions.all())
    return profile


def suspend(
    service: DirectusClient, user: User, *, spare_superusers: bool
) -> list[str]:
    """Suspend a user in Directus, and end all sessions of the user.

    Args:
        spare_superusers: refuse to suspend a superuser of the site.

    Returns:
        Messages for the operator, for example about remaining sessions.

    Raises:
        Refused, DirectusError: as `read`, and if the status may not be changed.
    """
    profile = read(service, user)
    _check_rank(profile, spare_superusers)
    notes = []
    if profile.status == SUSPENDED:
        notes.append(_("Already suspended in Directus."))
    elif profile.is_active:
        _change_status(service, profile, SUSPENDED)
    else:
        # Reactivating would make the user active without the missing step.
        reason = _("Can't sign in anyway: the status in Directus is %(status)s.")
        raise Refused(reason % {"status": profile.status})
    # Newer than any earlier profile.
    mirror_user(replace(profile, status=SUSPENDED, asked_at=monotonic()))
    summary = end_all_sessions([UserRef(user.pk, user.directus_id)])
    return notes + [left.reason for left in summary.left]


def reactivate(
    service: DirectusClient, user: User, *, spare_superusers: bool
) -> list[str]:
    """Reactivate a suspended user; arguments, result and errors as `suspend`."""
    profile = read(service, user)
    _check_rank(profile, spare_superusers)
    notes = []
    if profile.is_active:
        mirror_user(profile)
        notes.append(_("Already active in Directus."))
    elif profile.status == SUSPENDED:
        _change_status(service, profile, ACTIVE)
        # Otherwise the lock after failed sign-ins would stay.
        clear_failures(profile.email, in_new_browsers=True)
        # The rights may have changed meanwhile.
        mirror_user(read(service, user))
    else:
        # A user with an unconfirmed address is not suspended.
        reason = _("Not suspended: the status in Directus is %(status)s.")
        raise Refused(reason % {"status": profile.status})
    return notes


def _check_rank(profile: DirectusUser, spare_superusers: bool) -> None:
    if spare_superusers and clients.role_rights().is_superuser(
        replace(profile, status=ACTIVE)
    ):
        raise Refused(ONLY_SUPERUSERS)


def _change_status(service: DirectusClient, profile: DirectusUser, status: str) -> None:
    try:
        service.update_user(profile.id, {"status": status})
    except Forbidden as error:
        raise Refused(_reason(error, profile)) from None


def _reason(error: Forbidden, profile: DirectusUser) -> str:
    if error.code == "LIMIT_EXCEEDED":
        return _("The Directus licence allows no more active users with this role.")
    return _(
        "The service token may not change the status of users with the role %(role)s, "
        "only of customers. An administrator can do this in Directus: %(url)s"
    ) % {
        "role": profile.role_name or profile.role_id or _("(none)"),
        "url": clients.admin_url(f"users/{profile.id}"),
    }
