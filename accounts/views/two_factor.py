"""Two-step verification: set up, turn off, set up again."""

import logging

from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.decorators import method_decorator
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.views.decorators.debug import (
    sensitive_post_parameters,
    sensitive_variables,
)

from accounts import two_factor
from accounts.core import clients
from accounts.directus import DirectusClient, Forbidden, InvalidOTP, InvalidPayload
from accounts.flows import account_recovery
from accounts.forms.reauthentication import ReauthenticationForm
from accounts.forms.sign_in import CODE_NOT_VALID, CodeForm
from accounts.sessions.tokens import revoke
from accounts.throttling.attempts import CodeAttempt
from accounts.two_factor import recovery_codes, totp
from accounts.web.sealed_cookie import ShortSecret

from .account_pages import AccountFormView, AccountMixin, AccountPageView
from .reauthentication import PasswordInFormMixin, check_password

logger = logging.getLogger(__name__)

# The secret between the two steps, and the codes until the user has saved them.
SECRET = ShortSecret("two_factor_secret", "enrolment", 15 * 60)
CODES = ShortSecret("recovery_codes", "codes", 15 * 60)


class TwoFactorFormView(AccountFormView):
    """Logs the missing right if Directus refuses a change."""

    def not_permitted(self, form):
        """Show that the user cannot change this."""
        logger.error(
            "Customers need the permission to update tfa_secret of their own row in "
            "directus_users: directus_setup grants it where Directus takes such rules"
        )
        context = self.get_context_data(form=form, not_permitted=True)
        return self.render_to_response(context, status=403)


@method_decorator(sensitive_post_parameters("current_password", "otp"), name="dispatch")
class PasswordStepView(PasswordInFormMixin, TwoFactorFormView):
    """A form with the password, and the code if a second factor is on."""

    form_class = ReauthenticationForm

    def dispatch(self, request, *args, **kwargs):
        response = super().dispatch(request, *args, **kwargs)
        if (
            account_recovery.OPENED.was_started(request)
            and not request.user.has_two_factor
        ):
            account_recovery.OPENED.end(request, response)
        return response

    @cached_property
    @sensitive_variables("found")
    def _opened_secret(self) -> str:
        """The secret that a recovery code opened; empty if a code was typed."""
        if self.request.user.has_provider:
            return ""
        found = account_recovery.OPENED.read(self.request)
        return found[0] if found and not self.request.POST.get("otp") else ""

    def get_form_kwargs(self):
        return super().get_form_kwargs() | {
            "user": self.request.user,
            "needs_code": not self._opened_secret,
        }

    @sensitive_variables("tokens")
    def submit(self, form):
        """Check the password, then act with the tokens of that sign-in."""
        if self.request.user.has_provider:
            return self._submit_confirmed(form)
        tokens = check_password(self.request, form, self._opened_secret)
        if tokens is None:
            return self.form_invalid(form)
        try:
            return self.act(form, clients.client_for_tokens(tokens, self.request))
        except Forbidden:
            return self.not_permitted(form)
        finally:
            revoke(tokens, self.request)

    def _submit_confirmed(self, form):
        """Act with the tokens of the session: the provider has confirmed the user."""
        try:
            return self.act(form, self.request.directus)
        except Forbidden:
            return self.not_permitted(form)

    def act(self, form, client):
        """Act as the user; return the response."""
        raise NotImplementedError

    def to_set_up(self, *, is_again=False):
        """The first step to set up two-step verification."""
        response = redirect("accounts:two_factor_set_up")
        SECRET.start(self.request, response, totp.new_secret(), is_again=is_again)
        return response


class TwoFactorView(PasswordStepView):
    """Show whether it is on; if not, begin to set it up.

    A provider protects its users itself; they set it up only if it is demanded.
    """

    def get_template_names(self):
        user = self.request.user
        if user.has_two_factor:
            return ["accounts/two_factor.html"]
        if user.has_provider and not two_factor.is_missing(user):
            return ["accounts/sso_two_factor.html"]
        return ["accounts/two_factor_off.html"]

    def must_confirm(self, user):
        """Confirm a provider's user before the form, not before the other pages."""
        return super().must_confirm(user) and two_factor.is_missing(user)

    def post(self, request, *args, **kwargs):
        """Accept the form only if the page shows it."""
        if request.user.has_provider and not two_factor.is_missing(request.user):
            return self.get(request, *args, **kwargs)
        return super().post(request, *args, **kwargs)

    def get_context_data(self, **kwargs):
        user = self.request.user
        return super().get_context_data(
            codes_left=recovery_codes.codes_left(user),
            all_codes=recovery_codes.HOW_MANY,
            is_missing=two_factor.is_missing(user),
            **kwargs,
        )

    def act(self, form, client):
        """Create a secret, unless the user may not switch it on."""
        if form.cleaned_data.get("otp"):
            # Directus asked for a code: it was switched on elsewhere.
            two_factor.was_enabled_elsewhere(self.request.user)
            return redirect("accounts:two_factor")
        if not client.may_change_second_factor():
            return self.not_permitted(form)
        return self.to_set_up()


@method_decorator(sensitive_post_parameters("otp"), name="dispatch")
class SetUpView(TwoFactorFormView):
    """Show the secret, and check the first code."""

    form_class = CodeForm
    template_name = "accounts/two_factor_set_up.html"
    belongs_to = "two_factor"

    def dispatch(self, request, *args, **kwargs):
        found = SECRET.read(request)
        self.secret, facts = found or ("", {})
        self.is_again = facts.get("is_again", False)
        if not found and SECRET.was_started(request):
            messages.warning(request, _("That took too long. Start again."))
            request.session.pop(SECRET.session_key)
        if not found:
            return redirect("accounts:two_factor")
        return super().dispatch(request, *args, **kwargs)

    @sensitive_variables("url")
    def get_context_data(self, **kwargs):
        url = totp.app_url(
            self.secret,
            account=self.request.user.account_name,
            issuer=settings.SITE_NAME,
        )
        return super().get_context_data(
            qr_code=totp.qr_code(url),
            secret=totp.in_groups(self.secret),
            app_url=url,
            is_again=self.is_again,
            # A provider's user gets no recovery codes.
            steps=2 if self.request.user.has_provider else 3,
            **kwargs,
        )

    @sensitive_variables("codes", "code")
    def submit(self, form):
        """Switch it on; the code counts and works once, as at a sign-in."""
        try:
            self._enable(form.cleaned_data["otp"])
        except (InvalidOTP, InvalidPayload):
            form.add_error("otp", CODE_NOT_VALID)
            return self.form_invalid(form)
        except Forbidden:
            return self.not_permitted(form)
        codes = two_factor.was_enabled(self.request, self.secret)
        if codes:
            response = redirect("accounts:two_factor_codes")
            CODES.start(self.request, response, "\n".join(codes))
        else:
            response = redirect("accounts:two_factor")
            messages.success(self.request, _("Two-step verification is on."))
        SECRET.end(self.request, response)
        return response

    @sensitive_variables("code")
    def _enable(self, code: str) -> None:
        with CodeAttempt(self.request.user.account_key, code).settled():
            self._switch_on(code)

    @sensitive_variables("code")
    def _switch_on(self, code: str) -> None:
        directus = self.request.directus
        try:
            directus.enable_second_factor(secret=self.secret, code=code)
        except InvalidPayload as error:
            if error.field == "otp":
                raise
            # It is on already: the last answer was lost, or there is another secret.
            # A code of this secret does not switch the other one off.
            directus.disable_second_factor(code)
            directus.enable_second_factor(secret=self.secret, code=code)


class CodesMixin(AccountMixin):
    """The new recovery codes, which only this browser can show."""

    def dispatch(self, request, *args, **kwargs):
        found = CODES.read(request)
        if not found or not request.user.has_two_factor:
            # The codes are saved, expired, or no longer work.
            return redirect("accounts:two_factor")
        self.codes = found[0].split("\n")
        return super().dispatch(request, *args, **kwargs)


class CodesView(CodesMixin, AccountPageView):
    """Show the recovery codes until the user has saved them."""

    template_name = "accounts/two_factor_codes.html"
    belongs_to = "two_factor"

    def get_context_data(self, **kwargs):
        return super().get_context_data(codes=self.codes, **kwargs)

    def post(self, request):
        """Stop showing the codes."""
        response = redirect("accounts:two_factor")
        CODES.end(request, response)
        messages.success(request, _("Two-step verification is on."))
        return response


class CodesFileView(CodesMixin, AccountPageView):
    """The recovery codes as a text file."""

    def get(self, request):
        """Return a heading and one code a line."""
        text = _("Recovery codes of %(email)s for %(site)s. Each signs you in once.")
        names = {"email": request.user.account_name, "site": settings.SITE_NAME}
        body = "\r\n".join([text % names, "", *self.codes, ""])
        kind = "text/plain; charset=utf-8"
        headers = {"Content-Disposition": 'attachment; filename="recovery-codes.txt"'}
        return HttpResponse(body, content_type=kind, headers=headers)


class TurnOffView(PasswordStepView):
    """Turn two-step verification off, with password and code."""

    template_name = "accounts/two_factor_turn_off.html"
    belongs_to = "two_factor"

    def dispatch(self, request, *args, **kwargs):
        if request.user.is_mirrored and not request.user.has_two_factor:
            return redirect("accounts:two_factor")
        return super().dispatch(request, *args, **kwargs)

    def act(self, form, client):
        """Turn it off, unless it is demanded."""
        two_factor.note_demand(self.request.user, client)
        if self.request.user.must_use_two_factor:
            text = _(
                "Your account requires two-step verification, so you can't turn it off."
            )
            messages.warning(self.request, text)
            return redirect("accounts:two_factor")
        if not self._disable(form, client):
            return self.form_invalid(form)
        messages.success(self.request, _("Two-step verification is off."))
        return redirect("accounts:two_factor")

    def _disable(self, form: ReauthenticationForm, client: DirectusClient) -> bool:
        try:
            if self.request.user.has_provider:
                self._disable_counted(form.cleaned_data["otp"], client)
            else:
                client.disable_second_factor(form.cleaned_data["otp"])
        except (InvalidOTP, InvalidPayload):
            # With a password, the half minute of the code has just ended.
            form.ask_for_code(is_wrong=True)
            return False
        two_factor.was_disabled(self.request)
        return True

    @sensitive_variables("code")
    def _disable_counted(self, code: str, client: DirectusClient) -> None:
        """Turn it off with a code that no sign-in has checked."""
        with CodeAttempt(self.request.user.account_key, code).settled():
            client.disable_second_factor(code)


class SetUpAgainView(TurnOffView):
    """Create a new secret and new recovery codes, for a new phone or lost codes."""

    template_name = "accounts/two_factor_again.html"
    belongs_to = "two_factor"

    def act(self, form, client):
        """Turn it off, and redirect to set it up."""
        if not self._disable(form, client):
            return self.form_invalid(form)
        return self.to_set_up(is_again=True)
