"""Which token does something: the user's own, or else the site's."""

from collections.abc import Callable
from typing import TypeVar

from django.utils.translation import gettext as _

from config.request import Request

from ..core import clients
from ..core.service_token import ServiceTokenRefused, service_call
from ..directus import AuthenticationFailed, DirectusClient, Forbidden

T = TypeVar("T")


class NotGranted(Exception):
    """Directus does not let the site do something that an operator can allow.

    Args:
        right: what has to be allowed, as in "Directus has to allow that …".
        is_done: what was asked for is done all the same; only the rest is not.
    """

    def __init__(self, right: str, *, is_done: bool = False):
        super().__init__(right)
        self.right = right
        self.is_done = is_done

    @property
    def text(self) -> str:
        """What the user is told; what is missing is for the log."""
        if self.is_done:
            return _("Your old photo couldn't be deleted. Contact support.")
        return _("You can't change this here. Contact support.")


def as_user_or_site(request: Request, act: Callable[[DirectusClient], T]) -> T:
    """Do something as the signed-in user; as the site where the user may not.

    Args:
        act: gets the client. It must be about the signed-in user alone, because the
            site may do it to everybody.

    Raises:
        Forbidden: neither may.
    """
    try:
        return act(request.directus)
    except Forbidden as error:
        site = clients.service_client(clients.visitor_of(request))
        if site is None:
            raise
        try:
            with service_call(AuthenticationFailed):
                return act(site)
        except ServiceTokenRefused as refusal:
            raise error from refusal
