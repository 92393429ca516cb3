"""Recent activity of the signed-in user."""

from django.core.paginator import Paginator
from django.utils.translation import gettext_lazy as _

from accounts.flows import activity

from .account_pages import AccountPageView

PAGE_SIZE = 50
TEXTS = {
    "sign_in.done": _("Signed in"),
    activity.ELSEWHERE: _("Signed in at another app"),
    "password.changed": _("Password changed"),
    "password_reset.done": _("Password reset by email"),
    "email.change_asked": _("Email change requested"),
    "email.change_cancelled": _("Email change cancelled"),
    "email.changed": _("Email changed"),
    "two_factor.enabled": _("Two-step verification turned on"),
    "two_factor.disabled": _("Two-step verification turned off"),
    "two_factor.recovered": _("Recovery code used"),
    "session.ended_by_user": _("Other devices signed out"),
    "export.done": _("Data downloaded"),
    "deletion.asked": _("Account deletion requested"),
    "deletion.revoked": _("Account deletion cancelled"),
}
# A stranger has no use for these.
HARMLESS = {"email.change_cancelled", "deletion.revoked", "session.ended_by_user"}


class ActivityView(AccountPageView):
    """List the events of the last 90 days, page by page."""

    template_name = "accounts/activity.html"

    def get_context_data(self, **kwargs):
        events, is_complete = activity.recent(self.request)
        page = Paginator(events, PAGE_SIZE).get_page(self.request.GET.get("page"))
        return super().get_context_data(
            page=page,
            rows=[
                (event, TEXTS[event.event], event.event in HARMLESS) for event in page
            ],
            is_complete=is_complete,
            days=activity.DAYS,
            **kwargs,
        )
