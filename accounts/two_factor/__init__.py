"""Who has a second factor, who must have one, and what switching it on or off brings.

A policy of Directus, or a role of version 10, can demand one. Directus itself lets
everybody in all the same: this site does not, until there is one.
"""

import logging

from django.contrib.auth import get_user_model
from django.db import transaction
from django.views.decorators.debug import sensitive_variables

from ..core import audit, clients, mails
from ..core.memory import Memory
from ..directus import DirectusClient, DirectusError, NotFound, TokenPair
from ..sessions import ending
from . import recovery_codes

logger = logging.getLogger(__name__)

# How long it is believed that a Directus has policies, or none, as version 10.
SECONDS = 600.0
_has_policies = Memory(SECONDS)


# Who must have one


def note_sign_in(
    user, tokens: TokenPair, client: DirectusClient, otp: str, *, is_told: bool
) -> None:
    """Write down what a sign-in has shown of the second factor.

    Args:
        tokens: as the sign-in gave them: later ones do not tell.
        client: acts as the user.
        otp: the code that was asked for; empty when none was.
        is_told: whether the profile says if there is one; otherwise the code does.
    """
    if not is_told:
        if user.has_two_factor is (not otp):
            # It was switched on or off in Directus: the codes are of another secret.
            recovery_codes.void_codes(user)
        _write(user, has_two_factor=bool(otp))
    if tokens.demands_second_factor:
        _write(user, must_use_two_factor=True)
    else:
        # The tokens do not tell of a policy that the user has without a role.
        note_demand(user, client)


def note_demand(user, client: DirectusClient) -> None:
    """Ask whether a user must have a second factor; what was known stays if not told.

    Args:
        client: acts as the user.
    """
    try:
        demanded = _is_demanded(user, client)
    except DirectusError as error:
        logger.warning("Whether a second factor is demanded is not told: %s", error)
        return
    _write(user, must_use_two_factor=demanded)


def is_missing(user) -> bool:
    """Tell whether a user must set up a second factor before anything else."""
    return user.is_mirrored and user.must_use_two_factor and not user.has_two_factor


def _is_demanded(user, client: DirectusClient) -> bool:
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


def _write(user, **columns: bool) -> None:
    if all(getattr(user, name) == value for name, value in columns.items()):
        return
    get_user_model().objects.filter(pk=user.pk).update(**columns)
    for name, value in columns.items():
        setattr(user, name, value)


# On and off


@sensitive_variables("secret", "codes")
def was_enabled(request, secret: str) -> list[str]:
    """Do what follows once Directus has it on; return recovery codes to show once."""
    user = request.user
    with transaction.atomic():
        codes = recovery_codes.replace_codes(user, secret)
        _write(user, has_two_factor=True)
    ending.end_sessions_of(user, but=request.session)
    audit.record("two_factor.enabled", request, user=user)
    mails.send("two_factor_on", user, request)
    return codes


def was_enabled_elsewhere(user) -> None:
    """Note that Directus has it on; recovery codes of an earlier one are void."""
    if user.has_two_factor is False:
        recovery_codes.void_codes(user)
    _write(user, has_two_factor=True)


def was_disabled(request) -> None:
    """Do what follows once whoever is signed in has switched it off."""
    user = request.user
    with transaction.atomic():
        recovery_codes.void_codes(user)
        _write(user, has_two_factor=False)
    ending.end_sessions_of(user, but=request.session)
    audit.record("two_factor.disabled", request, user=user)
    mails.send("two_factor_off", user, request)
