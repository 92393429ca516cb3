"""Confirm the address of a new account by a mailed link."""

from django.conf import settings
from django.shortcuts import redirect
from django.utils.decorators import method_decorator
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters

from accounts.core import audit, clients, mails
from accounts.core.sign_in_ways import find_provider, sign_in_ways
from accounts.directus import DirectusUnavailable, SignInWays
from accounts.flows import (
    email_verification,
    email_verification_by_site,
    mailed_links,
    terms,
)
from accounts.flows.mailed_links import Purpose
from accounts.forms.fields import SiteForm
from accounts.forms.terms import FirstPasswordForm
from accounts.web import kept, known_devices

from .done_pages import SIGN_IN, remember_address
from .floors import at_least
from .mixins import LinkTokenMixin, PublicFormView, PublicPageView
from .sso import go_to_provider


@method_decorator(
    sensitive_post_parameters("new_password", "new_password_again"), name="dispatch"
)
class EmailVerificationView(LinkTokenMixin, PublicFormView):
    """Confirm an address: GET shows a button, POST confirms."""

    template_name = "accounts/email_verification.html"
    purpose = "verify"
    link_purpose = Purpose.SIGN_UP

    @cached_property
    def _is_by_site(self):
        """Whether the site confirms the address itself."""
        return mails.is_from_site() or mailed_links.is_own(self.token)

    @cached_property
    def _asks_for_password(self):
        if not self._is_by_site or "provider" in self.request.POST:
            return False
        return email_verification_by_site.asks_for_password(self.token)

    def get_form_class(self):
        """Return the form for a new password, or an empty one."""
        return FirstPasswordForm if self._asks_for_password else SiteForm

    def get_form_kwargs(self):
        user = {"user": self.link_owner} if self._asks_for_password else {}
        return super().get_form_kwargs() | user

    def get_context_data(self, **kwargs):
        # Without its token the site removes no account.
        ways = sign_in_ways() if clients.service_token() else SignInWays()
        email = self.link_email if self._asks_for_password else ""
        return super().get_context_data(ways=ways, email=email, **kwargs)

    def submit(self, form):
        """Confirm the address, or remove the sign-up in favor of a provider."""
        provider = self.request.POST.get("provider")
        if provider is not None:
            return self._remove(provider)
        return self._confirm(form) if self._is_by_site else self._confirm_at_directus()

    def _confirm(self, form):
        password = form.cleaned_data.get("new_password", "")
        try:
            with at_least(settings.RESET_FLOOR_SECONDS):
                email = email_verification_by_site.confirm(
                    self.request, self.token, password
                )
        except email_verification_by_site.PasswordRefused:
            text = _("This password can't be used. Choose a different one.")
            form.add_error("new_password", text)
            return self.form_invalid(form)
        except email_verification.LinkInvalid:
            return self.link_invalid()
        if form.cleaned_data.get("terms"):
            terms.accept(email)
        response = self._done(email, replaced=False)
        # Failures of strangers must not lock the owner out now.
        known_devices.remember(self.request, response, audit.email_digest(email))
        return response

    def _confirm_at_directus(self):
        try:
            with at_least(settings.RESET_FLOOR_SECONDS):
                replaced = email_verification.confirm(self.request, self.token)
        except email_verification.LinkInvalid:
            return self.link_invalid()
        return self._done(self.link_email, replaced=replaced)

    def _done(self, email, *, replaced):
        self.token_is_spent()
        self.request.session["password_replaced"] = replaced
        response = redirect("accounts:email_verification_done")
        if email:
            remember_address(response, SIGN_IN, email)
        return response

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
