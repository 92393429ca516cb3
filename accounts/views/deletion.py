"""Delete the account, or cancel the deletion."""

from django.conf import settings
from django.contrib import messages
from django.shortcuts import redirect
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters

from accounts.flows import deletion
from accounts.forms.reauthentication import ReauthenticationForm
from accounts.sessions import current
from accounts.sessions.ending import end_sessions_of
from accounts.sessions.tokens import revoke

from .account_pages import AccountFormView, ButtonView
from .reauthentication import (
    PasswordConfirmedMixin,
    PasswordInFormMixin,
    check_password,
)


@method_decorator(sensitive_post_parameters("current_password", "otp"), name="dispatch")
class DeletionView(PasswordInFormMixin, AccountFormView):
    """Request the deletion of the account; asks for the password."""

    form_class = ReauthenticationForm
    template_name = "accounts/deletion.html"

    def must_confirm(self, user):
        """Show without a confirmation when the account will be deleted."""
        return super().must_confirm(user) and not user.delete_at

    def get_form_kwargs(self):
        user = self.request.user
        # A provider's user was asked for the code at the provider's confirmation.
        needs_code = not user.has_provider
        return super().get_form_kwargs() | {"user": user, "needs_code": needs_code}

    def get_context_data(self, **kwargs):
        return super().get_context_data(
            is_possible=deletion.is_possible(),
            days=settings.ACCOUNT_DELETION_DAYS,
            is_dangerous=True,
            anonymises=settings.ACCOUNT_DELETION == "anonymise",
            **kwargs,
        )

    def post(self, request, *args, **kwargs):
        """Accept the form only if the page shows it."""
        if request.user.delete_at or not deletion.is_possible():
            return redirect("accounts:deletion")
        return super().post(request, *args, **kwargs)

    def submit(self, form):
        """Delete the account, or note when it is due."""
        if not self.request.user.has_provider:
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
        messages.success(self.request, _("Account deletion requested"))
        return redirect("accounts:deletion")

    def _delete(self):
        try:
            deletion.delete_now(self.request)
        except deletion.Cancelled:
            # A parallel request of the user deletes it.
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
        return redirect("accounts:overview")
