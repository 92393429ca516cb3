"""An action of staff on users: one class each, without HTML."""

from typing import TYPE_CHECKING

from django.utils.translation import gettext as _

from config.request import AuthenticatedRequest

from ...core import clients
from ...models import User
from ...operations.suspend import NO_SERVICE_TOKEN, NOT_IN_DIRECTUS

if TYPE_CHECKING:
    from django_stubs_ext import StrPromise


class Action:
    """An action on users.

    Attributes:
        name: its name in addresses and forms.
        permission: the needed permission of the User model.
        event: its event in the audit trail.
        needs_service: whether it needs the service token.
        is_harsh: whether the button is red.
        label: its name in lists and on buttons.
        question, explanation, done: texts of the confirmation and of the result.
    """

    name: str
    permission = "change_user"
    event: str
    needs_service = False
    is_harsh = False
    label: "str | StrPromise"

    def question(self, count: int) -> str:
        """Return the question for the confirmation."""
        raise NotImplementedError

    explanation: "str | StrPromise"

    def done(self, count: int) -> str:
        """Return the message for so many changed users."""
        raise NotImplementedError

    def obstacle(self) -> "str | StrPromise":
        """Return why the action is impossible now, or an empty string."""
        if self.needs_service and clients.service_client() is None:
            return NO_SERVICE_TOKEN
        return ""

    def objection(
        self, request: AuthenticatedRequest, user: User
    ) -> "str | StrPromise":
        """Return why the action skips a user, judged by the row."""
        if user.deleted_at:
            return _("This account was deleted.")
        return "" if user.is_mirrored else NOT_IN_DIRECTUS

    def suits(self, user: User) -> bool:
        """Return whether the page of a user offers the action."""
        return user.is_mirrored

    def perform(self, request: AuthenticatedRequest, user: User) -> list[str]:
        """Change one user.

        Returns:
            A note for staff, or an empty string.

        Raises:
            Refused, DirectusError: nothing was changed, or there was no answer.
        """
        raise NotImplementedError
