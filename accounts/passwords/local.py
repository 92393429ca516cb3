"""The local administrator: allowed addresses, and the password that stays local."""

import time

from django.conf import settings
from django.contrib.auth import get_user_model
from django.contrib.auth.hashers import check_password, is_password_usable
from django.views.decorators.debug import sensitive_variables

from config.request import Request

from ..web import client_address

# The default of Directus' LOGIN_STALL_TIME.
STALL_SECONDS = 0.5


def is_allowed(request: Request) -> bool:
    """Return whether a request comes from one of BREAK_GLASS_ADDRESSES."""
    return client_address.is_listed(
        request.client_address, settings.BREAK_GLASS_ADDRESSES
    )


@sensitive_variables("password")
def keeps(email: str, password: str) -> bool:
    """Return whether a password must not be sent to Directus.

    No password for the address of a local user is sent. If a mirrored user has the
    same address, only the local password is not sent.
    """
    users = get_user_model().objects.with_email(email)
    passwords = users.filter(directus_id=None).values_list("password", flat=True)
    local = list(filter(is_password_usable, passwords))
    if not local:
        return False
    if not users.exclude(directus_id=None).exists():
        # Not compared: that takes longer than a refusal by Directus.
        return True
    is_local = any(check_password(password, encoded) for encoded in local)
    if is_local:
        # As long as a refusal by Directus.
        time.sleep(STALL_SECONDS)
    return is_local
