"""Accept an invitation that Directus mailed, by choosing the first password."""

from django.views.decorators.debug import sensitive_variables

from config.request import Request

from ..core import audit, clients
from ..directus import DirectusAPIError, Forbidden, InvalidPayload
from ..throttling.limits import ADDRESS_LINKS, Attempt, Throttled
from ..web import client_address
from ..web.links import token_email
from . import sign_up


class LinkInvalid(Exception):
    """The invitation is used, expired or broken."""


class NoRoom(Exception):
    """The licence of Directus allows no more users."""


@sensitive_variables("token", "password")
def accept(request: Request, token: str, password: str) -> str:
    """Accept an invitation.

    Returns:
        The invited address.

    Raises:
        InvalidPayload: the password is not accepted; the invitation stays valid.
        LinkInvalid, NoRoom: nothing was done.
        TryLater: nothing was done.
    """
    email = token_email(token)
    _count(request, email)
    try:
        clients.anonymous_client(request).accept_invite(token=token, password=password)
    except DirectusAPIError as error:
        audit.record("invite.refused", request, email=email, reason=error.code)
        if isinstance(error, InvalidPayload) and error.field == "password":
            raise
        if isinstance(error, Forbidden) and error.code == "LIMIT_EXCEEDED":
            raise NoRoom from error
        raise LinkInvalid from error
    # An earlier sign-up with this address was not by its owner.
    sign_up.delete_sign_ups(email)
    audit.record("invite.accepted", request, email=email)
    return email


def _count(request: Request, email: str) -> None:
    try:
        Attempt(ADDRESS_LINKS, client_address.bucket(request.client_address)).take()
    except Throttled:
        audit.record("invite.refused", request, email=email, reason="Throttled")
        raise
