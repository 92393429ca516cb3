"""The second factor of users: whether it is on or demanded, and its changes.

A policy of Directus, or a role of version 10, can demand a second factor. Directus does
not enforce that; this site does: such users must set one up first.
"""

import logging

from django.contrib.auth import get_user_model
from django.db import transaction
from django.views.decorators.debug import sensitive_variables

from config.request import AuthenticatedRequest

from ..core import audit, clients, mails
from ..core.memory import Memory
from ..directus import DirectusClient, DirectusError, NotFound
from ..models import User
from ..sessions import ending
from . import demand, recovery_codes

logger = logging.getLogger(__name__)

# Seconds for which the site remembers whether Directus has policies.
SECONDS = 600.0
_has_policies = Memory(SECONDS)


# Demanded factors


def note_sign_in(
    user: User,
    client: DirectusClient,
    otp: str,
    *,
    is_told: bool,
    is_demanded: bool,
) -> None:
    """Store the facts about the second factor that a sign-in has shown.

    Args:
        client: acts as the user.
        otp: the one-time code; empty if Directus asked for none.
        is_told: whether the profile has the fact; otherwise the code shows it.
        is_demanded: whether the tokens of the sign-in say so.
    """
    if not is_told:
        if user.has_two_factor is (not otp):
            # It was switched on or off in Directus: the codes belong to another secret.
            recovery_codes.void_codes(user)
        _write(user, has_two_factor=bool(otp))
    if is_demanded:
        _write(user, must_use_two_factor=True)
    else:
        # The tokens lack policies of parent roles and of the user.
        renew_demand(user, client)


def renew_demand(user: User, client: DirectusClient) -> None:
    """Read whether a user must have a second factor, unless that was just told.

    Args:
        client: acts as the user.
    """
    if not demand.is_known_free(user):
        note_demand(user, client)


def note_demand(user: User, client: DirectusClient) -> None:
    """Read whether a user must have a second factor; keep the old fact if unreadable.

    Args:
        client: acts as the user.
    """
    try:
        demanded = _is_demanded(user, client)
    except DirectusError as error:
        logger.warning("Whether a second factor is demanded is not told: %s", error)
        return
    _write(user, must_use_two_factor=demanded)
    if not demanded:
        demand.note_free(user)


def is_missing(user: User) -> bool:
    """Return whether a user must set up a second factor first."""
    return user.must_set_up_two_factor


def _is_demanded(user: User, client: DirectusClient) -> bool:
    if _believes_policies() is not False:
        try:
            demanded = client.must_use_second_factor()
        except NotFound:
            _remember(has_policies=False)
        else:
            _remember(has_policies=True)
            return demanded
    service = clients.service_client()
    if service is None or user.role_id is None:
        return False
    return service.role_demands_second_factor(user.role_id)


def _believes_policies() -> bool | None:
    return _has_policies.get(clients.directus_url())


def _remember(*, has_policies: bool) -> None:
    _has_policies.set(clients.directus_url(), has_policies)


def _write(user: User, **columns: bool) -> None:
    if all(getattr(user, name) == value for name, value in columns.items()):
        return
    get_user_model().objects.filter(pk=user.pk).update(**columns)
    for name, value in columns.items():
        setattr(user, name, value)


# Changes


@sensitive_variables("secret", "codes")
def was_enabled(request: AuthenticatedRequest, secret: str) -> list[str]:
    """Finish switching it on; return recovery codes, which are shown once.

    A provider's user gets none: until the one-time code is right, the site does not
    know who signs in, so it could not find the codes.
    """
    user = request.user
    codes: list[str] = []
    with transaction.atomic():
        if user.has_provider:
            recovery_codes.void_codes(user)
        else:
            codes = recovery_codes.replace_codes(user, secret)
        _write(user, has_two_factor=True)
    ending.end_sessions_of(user, but=request.session)
    audit.record("two_factor.enabled", request, user=user)
    mails.send("two_factor_on", user, request)
    return codes


def was_enabled_elsewhere(user: User) -> None:
    """Note that it is on in Directus; older recovery codes no longer work."""
    if user.has_two_factor is False:
        recovery_codes.void_codes(user)
    _write(user, has_two_factor=True)


def was_disabled(request: AuthenticatedRequest) -> None:
    """Finish switching it off for the signed-in user."""
    user = request.user
    with transaction.atomic():
        recovery_codes.void_codes(user)
        _write(user, has_two_factor=False)
    ending.end_sessions_of(user, but=request.session)
    audit.record("two_factor.disabled", request, user=user)
    mails.send("two_factor_off", user, request)
