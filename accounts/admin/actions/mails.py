"""Actions that mail users a link, or make one worthless: resets and invitations."""

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from ...core import clients
from ...directus import InvalidPayload
from ...flows import invitation_by_staff, password_reset
from ...flows.invitation import INVITED
from ...models import User
from ...operations import suspend
from ...operations.suspend import Refused
from ...throttling.limits import Throttled
from ...web.links import public_url
from .base import Action


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
