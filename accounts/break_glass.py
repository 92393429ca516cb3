"""From where the local administrator may come, and whose password stays here."""

from django.conf import settings
from django.contrib.auth import get_user_model
from django.contrib.auth.hashers import check_password
from django.views.decorators.debug import sensitive_variables

from . import addresses


def is_allowed(request) -> bool:
    """Return whether a request comes from one of BREAK_GLASS_ADDRESSES."""
    return addresses.is_listed(request.client_address, settings.BREAK_GLASS_ADDRESSES)


@sensitive_variables("password")
def is_local_password(email: str, password: str) -> bool:
    """Return whether this is the password of the local user with this address.

    Directus must not get to know it, wherever it was typed. A person of Directus may
    have the same address, and another password.
    """
    users = get_user_model().objects.filter(email__iexact=email, directus_id=None)
    # The hash is not renewed: nobody signs in by this.
    return any(check_password(password, user.password) for user in users)
