"""Actions of staff on users: one class each, without HTML.

An action changes one user at a time. `accounts.admin.confirming` asks for a
confirmation first, and reports.
"""

from typing import TYPE_CHECKING

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from config.request import AuthenticatedRequest

from ..core import clients
from ..directus import InvalidPayload
from ..flows import invitation_by_staff, password_reset
from ..flows.invitation import INVITED
from ..models import Session, User
from ..operations import suspend
from ..operations.lookup import UserRef
from ..operations.revoke import end_all_sessions
from ..operations.suspend import (
    NO_SERVICE_TOKEN,
    NOT_IN_DIRECTUS,
    ONLY_SUPERUSERS,
    Refused,
)
from ..sessions.store import end_sessions
from ..throttling.limits import Throttled
from ..web.links import public_url
from .sessions import others

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


class Suspend(Action):
    """Suspend in Directus, and end all sessions."""

    name = "suspend"
    permission = "suspend_user"
    event = "user.suspended_by_staff"
    needs_service = True
    is_harsh = True
    label = gettext_lazy("Suspend in Directus")
    explanation = gettext_lazy(
        "Suspended users are signed out immediately and can't sign in, here or in "
        "Directus, until they are reactivated."
    )

    def question(self, count):
        text = ngettext("Suspend this user?", "Suspend these %(n)d users?", count)
        return text % {"n": count}

    def done(self, count):
        text = ngettext(
            "%(n)d user was suspended.", "%(n)d users were suspended.", count
        )
        return text % {"n": count}

    def suits(self, user):
        return user.is_mirrored and user.status != suspend.SUSPENDED

    def objection(self, request, user):
        if user.pk == request.user.pk:
            return _("You can't suspend your own account.")
        if user.is_superuser and not request.user.is_superuser:
            return ONLY_SUPERUSERS
        return super().objection(request, user)

    def perform(self, request, user):
        return suspend.suspend(
            suspend.service_client(),
            user,
            spare_superusers=not request.user.is_superuser,
        )


class Reactivate(Action):
    """Re-activate a user that Directus or staff suspended."""

    name = "reactivate"
    permission = "suspend_user"
    event = "user.reactivated_by_staff"
    needs_service = True
    label = gettext_lazy("Reactivate in Directus")
    explanation = gettext_lazy("They can sign in again.")

    def question(self, count):
        text = ngettext("Reactivate this user?", "Reactivate these %(n)d users?", count)
        return text % {"n": count}

    def done(self, count):
        text = ngettext(
            "%(n)d user was reactivated.", "%(n)d users were reactivated.", count
        )
        return text % {"n": count}

    def suits(self, user):
        return user.is_mirrored and user.status == suspend.SUSPENDED

    def perform(self, request, user):
        return suspend.reactivate(
            suspend.service_client(),
            user,
            spare_superusers=not request.user.is_superuser,
        )


class SendPasswordReset(Action):
    """Mail a reset link; only its reader chooses the password."""

    name = "send-password-reset"
    permission = "send_password_reset"
    event = "password_reset.sent_by_staff"
    label = gettext_lazy("Send password reset email")
    explanation = gettext_lazy(
        "They get an email with a link to choose a new password. The old one works "
        "until then."
    )

    def question(self, count):
        text = ngettext(
            "Send this user a password reset link?",
            "Send these %(n)d users a password reset link?",
            count,
        )
        return text % {"n": count}

    def done(self, count):
        text = ngettext(
            "%(n)d password reset email is on its way.",
            "%(n)d password reset emails are on their way.",
            count,
        )
        return text % {"n": count}

    def objection(self, request, user):
        if user.has_provider:
            return _no_password(user.provider)
        return super().objection(request, user)

    def suits(self, user):
        return user.is_mirrored and not user.has_provider

    def perform(self, request, user):
        self._look_again(user)
        if not user.is_active:
            raise Refused(_("Inactive users get no reset link."))
        if not user.email:
            raise Refused(_("This user has no email address."))
        try:
            password_reset.send_link_as_staff(request, user)
        except Throttled as error:
            raise Refused(too_many_mails(error)) from None
        except InvalidPayload:
            url = public_url("accounts:password_reset_confirm")
            text = _(
                "Directus doesn't allow the link. Set "
                "PASSWORD_RESET_URL_ALLOW_LIST=%(url)s in its environment."
            )
            raise Refused(text % {"url": url}) from None
        return []

    def _look_again(self, user: User) -> None:
        """Return the present address in Directus, if the site may read it."""
        service = clients.service_client()
        if service is None:
            return
        profile = suspend.sync(service, user)
        if profile.has_provider:
            raise Refused(_no_password(profile.provider))
        user.refresh_from_db()


class ActionOnInvitation(Action):
    """An action on an invitation that was not accepted yet."""

    permission = "invite_user"

    def obstacle(self):
        return invitation_by_staff.obstacle()

    def suits(self, user):
        return user.is_mirrored and user.status == INVITED

    def objection(self, request, user):
        if user.is_mirrored and user.status != INVITED:
            return _("No invitation waits for this user.")
        return super().objection(request, user)


class ResendInvitation(ActionOnInvitation):
    """Mail another link; the one before no longer works."""

    name = "resend-invitation"
    event = "invite.sent_again"
    label = gettext_lazy("Resend invitation")
    explanation = gettext_lazy(
        "Sends an email with a new link. Links in earlier invitations stop working."
    )

    def question(self, count):
        text = ngettext(
            "Send this user the invitation again?",
            "Send these %(n)d users their invitations again?",
            count,
        )
        return text % {"n": count}

    def done(self, count):
        text = ngettext(
            "%(n)d invitation was sent again.",
            "%(n)d invitations were sent again.",
            count,
        )
        return text % {"n": count}

    def perform(self, request, user):
        try:
            invitation_by_staff.send_again(user)
        except Throttled as error:
            raise Refused(too_many_mails(error)) from None
        return []


class WithdrawInvitation(ActionOnInvitation):
    """Delete the account of an invited user."""

    name = "withdraw-invitation"
    event = "invite.withdrawn"
    is_harsh = True
    label = gettext_lazy("Withdraw invitation")
    explanation = gettext_lazy(
        "Deletes the account in Directus. The link in the invitation stops working."
    )

    def question(self, count):
        text = ngettext(
            "Withdraw this invitation?", "Withdraw these %(n)d invitations?", count
        )
        return text % {"n": count}

    def done(self, count):
        text = ngettext(
            "%(n)d invitation was withdrawn.",
            "%(n)d invitations were withdrawn.",
            count,
        )
        return text % {"n": count}

    def perform(self, request, user):
        invitation_by_staff.withdraw(user)
        return []


class Sync(Action):
    """Mirror a user now, without waiting for the next sync."""

    name = "sync"
    event = "user.synced_by_staff"
    needs_service = True
    label = gettext_lazy("Sync now")
    explanation = gettext_lazy(
        "Reads names, email addresses, statuses, roles and permissions from Directus. "
        "Users who are not active there are signed out."
    )

    def question(self, count):
        text = ngettext(
            "Sync this user from Directus?",
            "Sync these %(n)d users from Directus?",
            count,
        )
        return text % {"n": count}

    def done(self, count):
        text = ngettext("%(n)d user was synced.", "%(n)d users were synced.", count)
        return text % {"n": count}

    def perform(self, request, user):
        suspend.sync(suspend.service_client(), user)
        return []


class SignOut(Action):
    """End all sessions of a user; of the acting user, only the other ones."""

    name = "sign-out"
    event = "session.ended_by_staff"
    is_harsh = True
    label = gettext_lazy("Sign out everywhere")
    explanation = gettext_lazy(
        "Ends all sessions, here and in Directus, except the one you are using now. "
        "Users can sign in again."
    )

    def question(self, count):
        text = ngettext(
            "Sign this user out everywhere?",
            "Sign these %(n)d users out everywhere?",
            count,
        )
        return text % {"n": count}

    def done(self, count):
        text = ngettext(
            "%(n)d user was signed out.", "%(n)d users were signed out.", count
        )
        return text % {"n": count}

    def objection(self, request, user):
        return ""

    def suits(self, user):
        return True

    def perform(self, request, user):
        if user.pk == request.user.pk:
            end_sessions(others(request, Session.objects.filter(user=user)))
            return []
        summary = end_all_sessions([UserRef(user.pk, user.directus_id)])
        return [left.reason for left in summary.left]


def too_many_mails(error: Throttled) -> str:
    """Return the message about a mailbox that has got several mails of staff."""
    minutes = -(-error.retry_after // 60)
    text = ngettext(
        "Too many emails to this user. Try again in %(count)d minute.",
        "Too many emails to this user. Try again in %(count)d minutes.",
        minutes,
    )
    return text % {"count": minutes}


def _no_password(provider: str) -> str:
    text = _("Signs in through %(provider)s and has no password in Directus.")
    return text % {"provider": provider}


ACTIONS: tuple[Action, ...] = (
    Suspend(),
    Reactivate(),
    SendPasswordReset(),
    ResendInvitation(),
    WithdrawInvitation(),
    Sync(),
    SignOut(),
)
