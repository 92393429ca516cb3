"""Confirm the address of a new account by a mailed link."""

from django.conf import settings
from django.shortcuts import redirect

from accounts.core import clients
from accounts.core.sign_in_ways import find_provider, sign_in_ways
from accounts.directus import DirectusUnavailable, SignInWays
from accounts.flows import email_verification
from accounts.flows.mailed_links import Purpose
from accounts.forms.fields import SiteForm
from accounts.web import kept

from .floors import at_least
from .mixins import LinkTokenMixin, PublicFormView, PublicPageView
from .sso import go_to_provider


class EmailVerificationView(LinkTokenMixin, PublicFormView):
    """Confirm an address: GET shows a button, POST confirms."""

    form_class = SiteForm
    template_name = "accounts/email_verification.html"
    purpose = "verify"
    link_purpose = Purpose.SIGN_UP

    def get_context_data(self, **kwargs):
        # Without its token the site removes no account.
        ways = sign_in_ways() if clients.service_token() else SignInWays()
        return super().get_context_data(ways=ways, **kwargs)

    def submit(self, form):
        """Confirm the address, or remove the sign-up in favor of a provider."""
        provider = self.request.POST.get("provider")
        if provider is not None:
            return self._remove(provider)
        try:
            with at_least(settings.RESET_FLOOR_SECONDS):
                replaced = email_verification.confirm(self.request, self.token)
        except email_verification.LinkInvalid:
            return self.link_invalid()
        self.token_is_spent()
        self.request.session["password_replaced"] = replaced
        return redirect("accounts:email_verification_done")

    def _remove(self, provider):
        if find_provider(provider) is None:
            # To confirm instead would let a stranger's password in.
            raise DirectusUnavailable("this provider is not known any more")
        try:
            with at_least(settings.RESET_FLOOR_SECONDS):
                email_verification.remove(self.request, self.token)
        except email_verification.LinkInvalid:
            return self.link_invalid()
        self.token_is_spent()
        is_kept = kept.was_chosen(self.request)
        return go_to_provider(self.request, provider, is_kept=is_kept)


class EmailVerificationDoneView(PublicPageView):
    """The address is confirmed."""

    template_name = "accounts/email_verification_done.html"

    def get_context_data(self, **kwargs):
        replaced = self.request.session.get("password_replaced", False)
        return super().get_context_data(password_replaced=replaced, **kwargs)
