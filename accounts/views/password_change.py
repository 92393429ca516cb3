"""Change the password of the signed-in user."""

from django.contrib import messages
from django.shortcuts import redirect
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters

from accounts.core import audit
from accounts.directus import InvalidPayload
from accounts.flows import password_change
from accounts.flows.lost_answers import Unsure
from accounts.forms.password_change import PasswordChangeForm
from accounts.web import known_devices
from config.branding_tags import support_link

from .account_pages import AccountFormView, AccountPageView, NotForProvidersMixin
from .reauthentication import check_password

SECRETS = ("current_password", "otp", "new_password", "new_password_again")


@method_decorator(sensitive_post_parameters(*SECRETS), name="dispatch")
class PasswordChangeView(NotForProvidersMixin, AccountFormView):
    """The current password, the code if there is one, and a new password.

    It asks for the password itself, so no re-authentication comes before.
    """

    form_class = PasswordChangeForm
    template_name = "accounts/password_change.html"
    template_for_providers = "accounts/sso_password.html"

    def get_form_kwargs(self):
        return super().get_form_kwargs() | {"user": self.request.user}

    def submit(self, form):
        """Check the current password, then change it."""
        tokens = check_password(self.request, form)
        if tokens is None:
            return self.form_invalid(form)
        data = form.cleaned_data
        try:
            stays = password_change.change(
                self.request, tokens, data["new_password"], data.get("otp", "")
            )
        except Unsure:
            return redirect("accounts:password_change_unsure")
        except InvalidPayload:
            form.add_error(
                "new_password",
                _("This password can't be used. Choose a different one."),
            )
            return self.form_invalid(form)
        except password_change.NotAllowed:
            text = _("You can't change your password here. [Contact support].")
            form.add_error(None, support_link(text))
            return self.form_invalid(form)
        return self._changed(form.user, stays)

    def _changed(self, user, stays):
        if stays:
            text = _("Password changed. You've been signed out on all other devices.")
            response = redirect("accounts:password_change")
        else:
            text = _("Password changed. Sign in with your new password.")
            response = redirect("accounts:login")
        messages.success(self.request, text)
        known_devices.remember(
            self.request, response, audit.email_digest(user.account_key)
        )
        return response


class PasswordChangeUnsureView(AccountPageView):
    """It is unknown whether the password was changed."""

    template_name = "accounts/password_change_unsure.html"
