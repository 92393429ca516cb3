"""Take the own data along, and delete the account."""

import logging

from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters

from accounts.core import audit
from accounts.flows import deletion
from accounts.flows.export import Incomplete, export
from accounts.forms.reauthentication import ReauthenticationForm
from accounts.sessions import current
from accounts.sessions.ending import end_sessions_of
from accounts.sessions.tokens import revoke
from accounts.throttling.limits import EXPORTS, Attempt
from config import errors

from .reauthentication import (
    AccountFormView,
    AccountPageView,
    ButtonView,
    PasswordConfirmedMixin,
    check_password,
)

logger = logging.getLogger(__name__)


class ExportView(PasswordConfirmedMixin, AccountPageView):
    """A file with everything that is held about the user."""

    template_name = "accounts/export.html"

    def post(self, request):
        """Send the file, all of it or none."""
        Attempt(EXPORTS, str(request.user.pk)).take()
        try:
            text = export(request)
        except Incomplete as error:
            logger.error("%s failed to say what it holds", error, exc_info=error)
            return errors.unavailable(request)
        audit.record("export.done", request, user=request.user)
        name = f"account-{timezone.now():%Y-%m-%d}.json"
        return HttpResponse(
            text,
            content_type="application/json; charset=utf-8",
            headers={"Content-Disposition": f'attachment; filename="{name}"'},
        )


@method_decorator(sensitive_post_parameters("current_password", "otp"), name="dispatch")
class DeletionView(AccountFormView):
    """Ask for the deletion of the account; the password again."""

    form_class = ReauthenticationForm
    template_name = "accounts/deletion.html"

    def get_form_kwargs(self):
        return super().get_form_kwargs() | {"user": self.request.user}

    def get_context_data(self, **kwargs):
        return super().get_context_data(
            is_possible=deletion.is_possible(),
            days=settings.ACCOUNT_DELETION_DAYS,
            is_dangerous=True,
            anonymises=settings.ACCOUNT_DELETION == "anonymise",
            **kwargs,
        )

    def post(self, request, *args, **kwargs):
        """Take the form, where it was shown."""
        if request.user.delete_at or not deletion.is_possible():
            return redirect("accounts:deletion")
        return super().post(request, *args, **kwargs)

    def submit(self, form):
        """Delete the account, or note when it will be."""
        tokens = check_password(self.request, form)
        if tokens is None:
            return self.form_invalid(form)
        revoke(tokens, self.request)
        if settings.ACCOUNT_DELETION_DAYS:
            return self._ask()
        return self._delete()

    def _ask(self):
        deletion.ask(self.request)
        end_sessions_of(self.request.user, but=self.request.session)
        return redirect("accounts:deletion")

    def _delete(self):
        try:
            deletion.delete_now(self.request)
        except deletion.Cancelled:
            # Another request of the same user is at it.
            return redirect("accounts:deletion")
        current.leave(self.request)
        messages.success(self.request, _("Your account has been deleted."))
        return redirect("accounts:login")


class DeletionCancelView(PasswordConfirmedMixin, ButtonView):
    """Cancel the deletion."""

    page = "accounts:deletion"

    def post(self, request):
        """Keep the account."""
        if deletion.cancel(request):
            messages.success(request, _("Deletion cancelled."))
        return redirect("accounts:deletion")
