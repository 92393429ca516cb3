"""The second factor: set up, turned off, set up again."""

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
from accounts.directus import Forbidden, InvalidOTP, InvalidPayload
from accounts.flows import account_recovery
from accounts.forms.reauthentication import ReauthenticationForm
from accounts.forms.sign_in import CODE_NOT_VALID, CodeForm
from accounts.sessions.tokens import revoke
from accounts.throttling.attempts import CodeAttempt
from accounts.two_factor import recovery_codes, totp
from accounts.web.sealed_cookie import ShortSecret

from .account_pages import AccountFormView, AccountMixin, AccountPageView
from .reauthentication import check_password

logger = logging.getLogger(__name__)

# The secret between the two steps, and the codes until they are kept.
SECRET = ShortSecret("two_factor_secret", "enrolment", 15 * 60)
CODES = ShortSecret("recovery_codes", "codes", 15 * 60)


class TwoFactorFormView(AccountFormView):
    """Tells the log what an operator has to grant, where Directus refuses."""

    def not_permitted(self, form):
        """Show the page, and that this cannot be changed there."""
        logger.error(
            "Customers need the permission to update tfa_secret of their own row in "
            "directus_users: directus_setup grants it where Directus takes such rules"
        )
        context = self.get_context_data(form=form, not_permitted=True)
        return self.render_to_response(context, status=403)


@method_decorator(sensitive_post_parameters("current_password", "otp"), name="dispatch")
class PasswordStepView(TwoFactorFormView):
    """A page that begins with the password, and the code where there is one."""

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
        """The secret that a recovery code has opened, unless a code was typed."""
        found = account_recovery.OPENED.read(self.request)
        return found[0] if found and not self.request.POST.get("otp") else ""

    def get_form_kwargs(self):
        return super().get_form_kwargs() | {
            "user": self.request.user,
            "needs_code": not self._opened_secret,
        }

    @sensitive_variables("tokens")
    def submit(self, form):
        """Check the password, then do it with tokens of that sign-in alone."""
        tokens = check_password(self.request, form, self._opened_secret)
        if tokens is None:
            return self.form_invalid(form)
        try:
            return self.act(form, clients.client_for_tokens(tokens, self.request))
        except Forbidden:
            return self.not_permitted(form)
        finally:
            revoke(tokens, self.request)

    def act(self, form, client):
        """Do what the page is for, as the user; return the response."""
        raise NotImplementedError

    def to_set_up(self):
        """Begin to set up a new second factor."""
        response = redirect("accounts:two_factor_set_up")
        SECRET.start(self.request, response, totp.new_secret())
        return response


class TwoFactorView(PasswordStepView):
    """Whether it is on; the first step to set it up where it is not."""

    def get_template_names(self):
        is_on = self.request.user.has_two_factor
        return ["accounts/two_factor.html" if is_on else "accounts/two_factor_off.html"]

    def get_context_data(self, **kwargs):
        user = self.request.user
        return super().get_context_data(
            codes_left=recovery_codes.codes_left(user),
            all_codes=recovery_codes.HOW_MANY,
            is_missing=two_factor.is_missing(user),
            **kwargs,
        )

    def act(self, form, client):
        """Make a secret, unless it could not be switched on at the end."""
        if form.cleaned_data.get("otp"):
            # Directus asked for it: it was switched on elsewhere.
            two_factor.was_enabled_elsewhere(self.request.user)
            return redirect("accounts:two_factor")
        if not client.may_change_second_factor():
            return self.not_permitted(form)
        return self.to_set_up()


@method_decorator(sensitive_post_parameters("otp"), name="dispatch")
class SetUpView(TwoFactorFormView):
    """The secret, as QR code and to type, and the first code that proves it works."""

    form_class = CodeForm
    template_name = "accounts/two_factor_set_up.html"
    belongs_to = "two_factor"

    def dispatch(self, request, *args, **kwargs):
        found = SECRET.read(request)
        self.secret = found[0] if found else ""
        if not found and SECRET.was_started(request):
            messages.warning(request, _("That took too long. Start again."))
            request.session.pop(SECRET.session_key)
        if not found:
            return redirect("accounts:two_factor")
        return super().dispatch(request, *args, **kwargs)

    @sensitive_variables("url")
    def get_context_data(self, **kwargs):
        url = totp.app_url(
            self.secret, account=self.request.user.email, issuer=settings.SITE_NAME
        )
        return super().get_context_data(
            qr_code=totp.qr_code(url),
            secret=totp.in_groups(self.secret),
            **kwargs,
        )

    @sensitive_variables("codes", "code")
    def submit(self, form):
        """Switch it on; a code is counted, and works once, as at a sign-in."""
        try:
            self._enable(form.cleaned_data["otp"])
        except (InvalidOTP, InvalidPayload):
            form.add_error("otp", CODE_NOT_VALID)
            return self.form_invalid(form)
        except Forbidden:
            return self.not_permitted(form)
        codes = two_factor.was_enabled(self.request, self.secret)
        response = redirect("accounts:two_factor_codes")
        SECRET.end(self.request, response)
        CODES.start(self.request, response, "\n".join(codes))
        return response

    @sensitive_variables("code")
    def _enable(self, code: str) -> None:
        attempt = CodeAttempt(self.request.user.email, code)
        attempt.begin()
        try:
            self._switch_on(code)
        except InvalidPayload:
            attempt.failed()
            raise
        except BaseException:
            attempt.undo()
            raise
        attempt.succeeded()

    @sensitive_variables("code")
    def _switch_on(self, code: str) -> None:
        directus = self.request.directus
        try:
            directus.enable_second_factor(secret=self.secret, code=code)
        except InvalidPayload as error:
            if error.field == "otp":
                raise
            # It is on already: the answer was lost the last time, unless it has another
            # secret. A code of this one does not switch that off.
            directus.disable_second_factor(code)
            directus.enable_second_factor(secret=self.secret, code=code)


class CodesMixin(AccountMixin):
    """Has the recovery codes that were just made, in this browser alone."""

    def dispatch(self, request, *args, **kwargs):
        found = CODES.read(request)
        if not found or not request.user.has_two_factor:
            # Kept, too old, or void: it was switched off since.
            return redirect("accounts:two_factor")
        self.codes = found[0].split("\n")
        return super().dispatch(request, *args, **kwargs)


class CodesView(CodesMixin, AccountPageView):
    """The recovery codes, until they are kept."""

    template_name = "accounts/two_factor_codes.html"
    belongs_to = "two_factor"

    def get_context_data(self, **kwargs):
        return super().get_context_data(codes=self.codes, **kwargs)

    def post(self, request):
        """Show them no more."""
        response = redirect("accounts:two_factor")
        CODES.end(request, response)
        messages.success(request, _("Two-step verification is on."))
        return response


class CodesFileView(CodesMixin, AccountPageView):
    """The recovery codes as a text file."""

    def get(self, request):
        """Return one code a line, under what they are for."""
        text = _("Recovery codes of %(email)s for %(site)s. Each signs you in once.")
        names = {"email": request.user.email, "site": settings.SITE_NAME}
        body = "\r\n".join([text % names, "", *self.codes, ""])
        kind = "text/plain; charset=utf-8"
        headers = {"Content-Disposition": 'attachment; filename="recovery-codes.txt"'}
        return HttpResponse(body, content_type=kind, headers=headers)


class TurnOffView(PasswordStepView):
    """Turn it off, with password and code."""

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

    def _disable(self, form, client) -> bool:
        try:
            client.disable_second_factor(form.cleaned_data["otp"])
        except InvalidPayload:
            # Its half minute ended just now.
            form.ask_for_code(is_wrong=True)
            return False
        two_factor.was_disabled(self.request)
        return True


class SetUpAgainView(TurnOffView):
    """A new secret and new recovery codes: for a new phone, or when codes are lost."""

    template_name = "accounts/two_factor_again.html"
    belongs_to = "two_factor"

    def act(self, form, client):
        """Turn it off, and lead on to set it up."""
        if not self._disable(form, client):
            return self.form_invalid(form)
        return self.to_set_up()
