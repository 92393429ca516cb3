"""Call Directus with the user's own token, or else with the service token."""

from collections.abc import Callable
from typing import TypeVar

from django.utils.translation import gettext as _

from config.branding_tags import support_link
from config.request import Request

from ..core import clients
from ..core.service_token import ServiceTokenRefused, service_call
from ..directus import AuthenticationFailed, DirectusClient, Forbidden

T = TypeVar("T")


class NotGranted(Exception):
    """The site lacks a right in Directus that an operator can grant.

    Args:
        right: completes the sentence "Directus has to allow that …".
        is_done: the main change was made; only a later step was refused.
    """

    def __init__(self, right: str, *, is_done: bool = False):
        super().__init__(right)
        self.right = right
        self.is_done = is_done

    @property
    def text(self) -> str:
        """The text for the user; the missing right is only logged."""
        if self.is_done:
            text = _("Your old photo couldn't be deleted. [Contact support].")
        else:
            text = _("You can't change this here. [Contact support].")
        return support_link(text)


def as_user_or_site(request: Request, act: Callable[[DirectusClient], T]) -> T:
    """Call a function as the user, or as the site if the user lacks the right.

    Args:
        act: gets the client. It must concern the signed-in user only: the site may
            change all users.

    Raises:
        Forbidden: neither has the right.
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
