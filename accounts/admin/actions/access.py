"""Actions on the access of users: suspend and re-activate, mirror, sign out."""

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from ...models import Session
from ...operations import suspend
from ...operations.lookup import UserRef
from ...operations.revoke import end_all_sessions
from ...operations.suspend import ONLY_SUPERUSERS
from ...sessions.ending import end_sessions
from ..sessions import others
from .base import Action


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
