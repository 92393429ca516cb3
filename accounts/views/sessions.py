"""Signed-in devices."""

from django.contrib import messages
from django.http import Http404
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.flows import sessions as own_sessions

from .account_pages import AccountPageView
from .reauthentication import ask_for_password

MOST_SHOWN = 50
# What fits into the column of any database.
LONGEST_ID = 18


class SessionsView(AccountPageView):
    """List the sessions; end one of them, or all others."""

    template_name = "accounts/sessions.html"

    def get_context_data(self, **kwargs):
        sessions = own_sessions.live_sessions(self.request.user).defer("session_data")
        # The present session first.
        this = self.request.session.row_id or 0
        others = list(sessions.exclude(pk=this)[: MOST_SHOWN + 1])
        shown = [*sessions.filter(pk=this), *others[:MOST_SHOWN]]
        for row in shown:
            row.is_this_one = row.pk == this
        return super().get_context_data(
            sessions=shown,
            others=bool(others),
            more=len(others) > MOST_SHOWN,
            **kwargs,
        )

    def post(self, request):
        """End the session with the sent id, or all others.

        It needs a recent re-authentication: a thief of this browser must not sign the
        owner out of all others.
        """
        if not request.session.is_confirmed:
            return ask_for_password(request)
        if "others" in request.POST:
            ended = own_sessions.end_others(request)
            text = ngettext(
                "Signed out of %(count)d other device.",
                "Signed out of %(count)d other devices.",
                ended,
            )
            messages.success(request, self._with_advice(text % {"count": ended}))
        else:
            self._end_one(request.POST.get("session", ""))
        return redirect("accounts:sessions")

    def _end_one(self, pk: str) -> None:
        if not (pk.isascii() and pk.isdigit() and len(pk) <= LONGEST_ID):
            raise Http404
        if own_sessions.end_one(self.request, int(pk)):
            messages.success(self.request, self._with_advice(_("Device signed out.")))
        else:
            # It has ended already. The answer is the same for the id of another user's
            # session.
            text = _("That device is already signed out.")
            messages.info(self.request, text)

    def _with_advice(self, text: str) -> str:
        user = self.request.user
        if user.has_provider:
            advice = _("Didn't recognise it? Check your account at %(provider)s.")
            return f"{text} {advice % {'provider': user.provider_label}}"
        advice = format_html(
            _('Didn\'t recognise it? <a href="{}">Change your password</a>.'),
            reverse("accounts:password_change"),
        )
        return format_html("{} {}", text, advice)
