"""Reset a forgotten password."""

from django.conf import settings
from django.shortcuts import redirect
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters

from accounts.core import audit
from accounts.directus import DirectusAPIError, InvalidPayload
from accounts.flows import password_reset
from accounts.flows.lost_answers import Unsure
from accounts.flows.mailed_links import Purpose
from accounts.forms.password_reset import NewPasswordForm, PasswordResetForm
from accounts.web import known_devices
from config.request import Request

from .done_pages import SIGN_IN, SentView, remember_address
from .floors import at_least
from .mixins import LinkTokenMixin, PublicFormView, PublicPageView


class PasswordResetView(PublicFormView):
    """Request a link; the answer is the same for every address."""

    form_class = PasswordResetForm
    template_name = "accounts/password_reset.html"

    def submit(self, form):
        """Send the link, or let Directus send it."""
        email = form.cleaned_data["email"]
        send_link(self.request, email)
        response = redirect("accounts:password_reset_done")
        remember_address(response, PasswordResetDoneView.purpose, email)
        return response


class PasswordResetDoneView(SentView):
    """The page after the request."""

    template_name = "accounts/password_reset_done.html"
    purpose = "reset"
    form_page = "accounts:password_reset"

    def send_again(self, email):
        """Send another link, which voids the one of the site before."""
        send_link(self.request, email)


def send_link(request: Request, email: str) -> None:
    """Send a link, in the same time for every address."""
    with at_least(settings.RESET_FLOOR_SECONDS):
        password_reset.send_link(request, email)


@method_decorator(
    sensitive_post_parameters("new_password", "new_password_again"), name="dispatch"
)
class PasswordResetConfirmView(LinkTokenMixin, PublicFormView):
    """Choose the new password."""

    form_class = NewPasswordForm
    template_name = "accounts/password_reset_confirm.html"
    purpose = "reset"
    link_purpose = Purpose.PASSWORD_RESET

    def get_form_kwargs(self):
        return super().get_form_kwargs() | {"user": self.link_owner}

    def get_context_data(self, **kwargs):
        return super().get_context_data(email=self.link_email, **kwargs)

    def submit(self, form):
        """Set the password; after a refused password the token stays valid."""
        password = form.cleaned_data["new_password"]
        try:
            email = password_reset.reset(self.request, self.token, password)
        except Unsure:
            # The token is kept: if the password was not changed, it is still valid.
            return redirect("accounts:password_reset_unsure")
        except InvalidPayload:
            form.add_error(
                "new_password",
                _("This password can't be used. Choose a different one."),
            )
            return self.form_invalid(form)
        except DirectusAPIError:
            return self.link_invalid()
        self.token_is_spent()
        response = redirect("accounts:password_reset_complete")
        # Failures of strangers must not lock the owner out now.
        known_devices.remember(self.request, response, audit.email_digest(email))
        remember_address(response, SIGN_IN, email)
        return response


class PasswordResetCompleteView(PublicPageView):
    """The password was changed; sign in with it."""

    template_name = "accounts/password_reset_complete.html"


class PasswordResetUnsureView(PublicPageView):
    """It is unknown whether the password was changed."""

    template_name = "accounts/password_reset_unsure.html"
