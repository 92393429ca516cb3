"""Change the email address: request the change, and confirm it by a mailed link."""

import logging

from django.conf import settings
from django.contrib import messages
from django.http import HttpResponseRedirect
from django.shortcuts import redirect
from django.urls import reverse_lazy
from django.utils.translation import gettext as _

from accounts.core import audit
from accounts.flows import email_change
from accounts.flows.mailed_links import Purpose
from accounts.forms.email_change import LONGEST_ADDRESS, EmailChangeForm
from accounts.forms.fields import SiteForm
from accounts.web import known_devices

from .account_pages import AccountFormView, ButtonView, NotForProvidersMixin
from .done_pages import SIGN_IN, remember_address
from .floors import at_least
from .mixins import LinkTokenMixin, PublicFormView, PublicPageView
from .reauthentication import PasswordConfirmedMixin

logger = logging.getLogger(__name__)

# In the session: the address that was typed before a re-authentication.
TYPED = "typed_email"


class EmailChangeView(NotForProvidersMixin, PasswordConfirmedMixin, AccountFormView):
    """Request a link; the answer is the same for every address."""

    form_class = EmailChangeForm
    template_name = "accounts/email_change.html"
    template_for_providers = "accounts/sso_email.html"
    success_url = reverse_lazy("accounts:email_change")

    def confirm_first(self, request):
        """Keep the typed address, which is no secret, for the way back."""
        typed = request.POST.get("email", "")
        if typed:
            request.session[TYPED] = typed[:LONGEST_ADDRESS]
        return super().confirm_first(request)

    def get_initial(self):
        return super().get_initial() | {"email": self.request.session.pop(TYPED, "")}

    def get_form_kwargs(self):
        return super().get_form_kwargs() | {"user": self.request.user}

    def get_context_data(self, **kwargs):
        is_possible = email_change.is_possible()
        if not is_possible:
            logger.error("No email address can be changed without a service token")
        return super().get_context_data(
            is_possible=is_possible,
            pending=email_change.pending(self.request.user),
            **kwargs,
        )

    def submit(self, form):
        """Send the mails."""
        with at_least(settings.RESET_FLOOR_SECONDS):
            email_change.ask(self.request, form.cleaned_data["email"])
        messages.success(
            self.request, _("We've sent a confirmation email to your new address.")
        )
        return HttpResponseRedirect(self.success_url)


class EmailChangeCancelView(PasswordConfirmedMixin, ButtonView):
    """Cancel the change; the mailed link no longer works."""

    page = "accounts:email_change"

    def post(self, request):
        """Cancel the change."""
        if email_change.cancel(request):
            messages.success(request, _("Change cancelled."))
        return redirect("accounts:email_change")


class EmailChangeConfirmView(LinkTokenMixin, PublicFormView):
    """Confirm the new address, in any browser: GET shows a button, POST confirms."""

    form_class = SiteForm
    template_name = "accounts/email_change_confirm.html"
    purpose = "email"
    link_purpose = Purpose.EMAIL_CHANGE

    def get_context_data(self, **kwargs):
        change = email_change.find(self.token)
        return super().get_context_data(change=change, **kwargs)

    def is_link_over(self):
        """Return whether no change waits for this link."""
        return email_change.find(self.token) is None

    def submit(self, form):
        """Confirm the new address."""
        try:
            change = email_change.confirm(self.request, self.token)
        except email_change.LinkInvalid:
            return self.link_invalid()
        self.drop_token()
        response = redirect("accounts:email_change_done")
        remember_address(response, SIGN_IN, change.email)
        if known_devices.device_of(self.request, audit.email_digest(change.old_email)):
            # The browser stays a known device under the new address.
            digest = audit.email_digest(change.email)
            known_devices.remember(self.request, response, digest)
        return response


class EmailChangeDoneView(PublicPageView):
    """The address is changed; sign in with it."""

    template_name = "accounts/email_change_done.html"
