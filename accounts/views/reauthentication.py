"""Ask for the password, or the provider, again before sensitive pages."""

from functools import partial

from django.contrib import messages
from django.http import HttpResponseRedirect
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters, sensitive_variables
from django.views.generic import View

from accounts.core import audit
from accounts.directus import AuthenticationFailed, InvalidOTP, TokenPair
from accounts.flows import account_recovery, sign_in
from accounts.forms.reauthentication import ReauthenticationForm
from accounts.models import User
from accounts.sessions.tokens import revoke
from accounts.web.next_page import by_way_of
from accounts.web.session_notice import SAFE_METHODS
from config.request import AuthenticatedRequest, Request

from .account_pages import AccountFormView
from .mixins import NextPageMixin

# In the session: a form led to the re-authentication.
NOTHING_DONE = "nothing_done"


class PasswordConfirmedMixin(View):
    """A sensitive page, which needs a recent re-authentication.

    It precedes AccountMixin. A form that is sent too late is not kept.
    """

    def dispatch(self, request, *args, **kwargs):
        if request.user.is_mirrored and not request.session.is_confirmed:
            return self.confirm_first(request)
        return super().dispatch(request, *args, **kwargs)

    def confirm_first(self, request: AuthenticatedRequest) -> HttpResponseRedirect:
        """Return the redirect to the re-authentication."""
        return ask_for_password(request)


class PasswordInFormMixin(View):
    """A page whose form asks for the password itself.

    A provider's user, who has none, needs a recent re-authentication instead. It
    precedes AccountMixin.
    """

    def dispatch(self, request, *args, **kwargs):
        if self.must_confirm(request.user) and not request.session.is_confirmed:
            return ask_for_password(request)
        return super().dispatch(request, *args, **kwargs)

    def must_confirm(self, user: User) -> bool:
        """Return whether the page replaces the password by a re-authentication."""
        return user.has_provider


def ask_for_password(request: Request) -> HttpResponseRedirect:
    """Redirect to the page that confirms the user, and then back.

    The way back is a GET: what a form was sent for is not done then.
    """
    if request.method in SAFE_METHODS:
        request.session.pop(NOTHING_DONE, None)
    else:
        request.session[NOTHING_DONE] = True
    return by_way_of("accounts:reauthentication", request.get_full_path())


def say_if_nothing_was_done(request: Request) -> None:
    """Show on the next page that its button has to be pressed again."""
    if request.session.pop(NOTHING_DONE, False):
        text = _("Nothing was changed yet. Press the button again.")
        messages.warning(request, text)


@method_decorator(sensitive_post_parameters("current_password", "otp"), name="dispatch")
class ReauthenticationView(NextPageMixin, AccountFormView):
    """Enter the password again, with the one-time code if a second factor is on.

    A provider's user gets a button instead: see accounts.views.sso.
    """

    form_class = ReauthenticationForm
    next_page = "accounts:profile"

    def get_form(self, form_class=None):
        """Begin in the field for the password."""
        form = super().get_form(form_class)
        if "current_password" in form.fields:
            form.fields["current_password"].widget.attrs["autofocus"] = True
        return form

    def get_template_names(self):
        has_provider = self.request.user.has_provider
        kind = "sso_reauthentication" if has_provider else "reauthentication"
        return [f"accounts/{kind}.html"]

    def post(self, request, *args, **kwargs):
        """Confirm no provider's user: there is no password to check."""
        if request.user.has_provider:
            return self.get(request, *args, **kwargs)
        return super().post(request, *args, **kwargs)

    def get_form_kwargs(self):
        return super().get_form_kwargs() | {"user": self.request.user}

    def get_context_data(self, **kwargs):
        return super().get_context_data(next=self.get_redirect_url(), **kwargs)

    def submit(self, form):
        """Open the sensitive pages for a few minutes."""
        tokens = check_password(self.request, form)
        if tokens is None:
            return self.form_invalid(form)
        revoke(tokens, self.request)
        self.request.session.confirm_password()
        say_if_nothing_was_done(self.request)
        return HttpResponseRedirect(self.get_success_url())


@sensitive_variables("secret", "data")
def check_password(
    request: AuthenticatedRequest, form: ReauthenticationForm, secret: str = ""
) -> TokenPair | None:
    """Check the fields `current_password` and `otp` of a form at Directus.

    Args:
        secret: the secret of the app, with which the site computes the code and puts it
            into the form's data.

    Returns:
        Tokens, which the caller revokes or keeps; None if the form has errors now.

    Raises:
        Throttled, DirectusUnavailable, DirectusAPIError: the password was not checked.
    """
    data = form.cleaned_data
    prove = partial(sign_in.prove_password, request, data["current_password"])

    def prove_with(code: str) -> TokenPair:
        data["otp"] = code
        return prove(code, own_code=True)

    try:
        if secret:
            return account_recovery.with_code(secret, prove_with)
        return prove(data.get("otp", ""))
    except InvalidOTP:
        form.ask_for_code(is_wrong=bool(data.get("otp")))
        reason = "INVALID_OTP"
    except AuthenticationFailed as error:
        form.add_error("current_password", _("Incorrect password. Try again."))
        reason = error.code
    audit.record("password.not_confirmed", request, user=request.user, reason=reason)
    return None
