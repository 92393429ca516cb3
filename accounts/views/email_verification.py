"""Confirm the address of a new account by a mailed link."""

from django.conf import settings
from django.shortcuts import redirect

from accounts.flows import email_verification
from accounts.forms.fields import SiteForm

from .floors import at_least
from .mixins import LinkTokenMixin, PublicFormView, PublicPageView


class EmailVerificationView(LinkTokenMixin, PublicFormView):
    """Confirm an address: GET shows a button, POST confirms."""

    form_class = SiteForm
    template_name = "accounts/email_verification.html"
    purpose = "verify"

    def submit(self, form):
        """Confirm the address."""
        try:
            with at_least(settings.RESET_FLOOR_SECONDS):
                replaced = email_verification.confirm(self.request, self.token)
        except email_verification.LinkInvalid:
            return self.link_invalid()
        self.token_is_spent()
        self.request.session["password_replaced"] = replaced
        return redirect("accounts:email_verification_done")


class EmailVerificationDoneView(PublicPageView):
    """The address is confirmed."""

    template_name = "accounts/email_verification_done.html"

    def get_context_data(self, **kwargs):
        replaced = self.request.session.get("password_replaced", False)
        return super().get_context_data(password_replaced=replaced, **kwargs)
