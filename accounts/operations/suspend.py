"""Suspend people in Directus and let them back in, as staff asks in the admin.

Directus is told first: while it does not know, who is signed out here signs in again.
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
from ..sessions.store import end_sessions
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
    """Return the client of the site itself. Raises Refused without a token."""
    service = clients.service_client()
    if service is None:
        raise Refused(NO_SERVICE_TOKEN)
    return service


def read(service: DirectusClient, user: User) -> DirectusUser:
    """Return a user as Directus has it now.

    Raises:
        Refused: it is local, or the service token cannot read it.
        DirectusError: Directus did not say.
    """
    if user.directus_id is None:
        raise Refused(NOT_IN_DIRECTUS)
    try:
        profile = service.get_user(user.directus_id)
    except Forbidden:
        # The same answer for both; a sync tells who is gone.
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
    # Read anew: policies that were read before the user would be older.
    policies.forget()
    (profile,) = with_policies([profile])
    return profile


def sync(service: DirectusClient, user: User) -> DirectusUser:
    """Mirror a user, and sign out who is not active. Raises as `read`."""
    profile = read(service, user)
    mirrored = mirror_user(profile)
    if not profile.is_active:
        end_sessions(mirrored.sessions.all())
    return profile


def suspend(
    service: DirectusClient, user: User, *, spare_superusers: bool
) -> list[str]:
    """Suspend a user in Directus, and end all sessions here and there.

    Args:
        spare_superusers: refuse for whoever is a superuser here.

    Returns:
        What somebody should know about, such as sessions that live on.

    Raises:
        Refused, DirectusError: as `read`, and when the status may not be changed.
    """
    profile = read(service, user)
    _check_rank(profile, spare_superusers)
    notes = []
    if profile.status == SUSPENDED:
        notes.append(_("Already suspended in Directus."))
    elif profile.is_active:
        _change_status(service, profile, SUSPENDED)
    else:
        # Once re-activated, they would be in without what they wait for.
        reason = _("Can't sign in anyway: the status in Directus is %(status)s.")
        raise Refused(reason % {"status": profile.status})
    # Directus has just said so, which no answer of before undoes.
    mirror_user(replace(profile, status=SUSPENDED, asked_at=monotonic()))
    summary = end_all_sessions([UserRef(user.pk, user.directus_id)])
    return notes + [left.reason for left in summary.left]


def reactivate(
    service: DirectusClient, user: User, *, spare_superusers: bool
) -> list[str]:
    """Let a suspended user back in; arguments and errors as `suspend`."""
    profile = read(service, user)
    _check_rank(profile, spare_superusers)
    notes = []
    if profile.is_active:
        mirror_user(profile)
        notes.append(_("Already active in Directus."))
    elif profile.status == SUSPENDED:
        _change_status(service, profile, ACTIVE)
        # What locked the account must not keep its owner out any longer.
        clear_failures(profile.email, in_new_browsers=True)
        # The rights may be others by now than before.
        mirror_user(read(service, user))
    else:
        # Whoever has to confirm an address has not been suspended.
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
