"""Sign in, with or without a one-time code, and sign out."""

import time
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import authenticate, login
from django.contrib.auth.views import LogoutView as DjangoLogoutView
from django.db import DatabaseError, transaction
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.decorators import method_decorator
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters, sensitive_variables

from accounts.core import audit, clients, figures, sign_in_ways
from accounts.directus import (
    AuthenticationFailed,
    DirectusError,
    InvalidCredentials,
    InvalidOTP,
    TokenPair,
    TryLater,
)
from accounts.flows import sign_in, sign_in_pending, terms
from accounts.forms.sign_in import CODE_NOT_VALID, CodeForm, LoginForm
from accounts.models import User
from accounts.passwords.local import is_allowed
from accounts.sessions import current
from accounts.sessions.tokens import revoke
from accounts.throttling.limits import CODE_TRIES, Attempt, Throttled
from accounts.two_factor import recovery_codes
from accounts.web import kept, known_devices
from config.request import Request

from .done_pages import address_to_sign_in
from .floors import pad
from .mixins import NextPageMixin, OnlyVisitorsMixin, PublicFormView, PublicMixin

if TYPE_CHECKING:
    from django_stubs_ext import StrPromise

NOT_ACCEPTED = InvalidCredentials(401, "INVALID_CREDENTIALS")


class SignInFormView(NextPageMixin, PublicFormView):
    """The base of both steps of a sign-in."""

    next_page = "dashboard:home"

    def away_title(self):
        """Return the heading of an outage on this page."""
        return _("Sign-in isn't available right now")

    def throttled_hint(self):
        """Return further advice after too many attempts."""
        text = _('You can also <a href="{address}">reset your password</a>.')
        return format_html(text, address=reverse("accounts:password_reset"))

    @method_decorator(sensitive_variables("password", "otp"))
    def sign_in(self, email: str, password: str, otp: str = "", **options: Any) -> User:
        """Return the authenticated user.

        Args:
            options: further credentials for `accounts.backends.DirectusBackend`.

        Raises:
            DirectusError, TryLater: the reason of the refusal.
        """
        started = time.monotonic()
        user = authenticate(
            self.request, username=email, password=password, otp=otp, **options
        )
        if user is not None:
            return user
        error = getattr(self.request, "sign_in_refusal", None) or NOT_ACCEPTED
        if _took_as_long_as_directus(error):
            pad(started, settings.SIGN_IN_FLOOR_SECONDS)
        raise error

    def welcome(
        self, user: User, email: str, url: str, *, is_kept: bool
    ) -> HttpResponse:
        """Begin the session and redirect."""
        user.keeps_session = is_kept
        return begin_session(self.request, user, audit.email_digest(email), url)


def begin_session(
    request: Request, user: User, account: str, url: str
) -> HttpResponseRedirect:
    """Begin the session of an authenticated user; return the redirect to a page.

    Args:
        account: as in `known_devices.remember`.
    """
    tokens = getattr(user, "directus_tokens", None)
    response = HttpResponseRedirect(url)
    try:
        is_first = user.last_login is None
        note = (
            partial(terms.claim, user)
            if is_first
            else sign_in.mail_of_new_device(request, user)
        )
        if request.session.tokens.are_held:
            # Not in the transaction: it calls Directus.
            current.revoke_tokens(request)
        with transaction.atomic():
            login(request, user)
            note()
        known_devices.remember(request, response, account, user)
    except BaseException:
        _take_back(request, tokens)
        raise
    return response


def _take_back(request: Request, tokens: TokenPair | None) -> None:
    """Undo the sign-in, here and at Directus, after an error."""
    if tokens is not None:
        revoke(tokens, request)
    try:
        current.leave(request)
    except DatabaseError:
        # The database failed. This session is not saved, and its key is not sent.
        request.session = type(request.session)()


def _took_as_long_as_directus(error: Exception) -> bool:
    """Return whether the time of a refusal may reveal something about the account.

    Refusals without a call to Directus are answered at once, so that a flood of them
    blocks no threads. A refusal after waiting for another attempt took as long as that.
    """
    if isinstance(error, Throttled):
        return error.waited
    return not isinstance(error, TryLater)


@method_decorator(sensitive_post_parameters("password"), name="dispatch")
class LoginView(OnlyVisitorsMixin, SignInFormView):
    """Sign in with email address and password."""

    form_class = LoginForm
    template_name = "accounts/sign_in.html"

    def get_context_data(self, **kwargs):
        return super().get_context_data(
            next=self.get_redirect_url(),
            signup_open=clients.signup_mode() != "closed",
            ways=self._ways(),
            **kwargs,
        )

    def _ways(self):
        """Return the ways to sign in; the local administrator has a password."""
        ways = sign_in_ways.sign_in_ways()
        return replace(ways, has_passwords=True) if is_allowed(self.request) else ways

    def get_initial(self):
        return super().get_initial() | {
            "email": address_to_sign_in(self.request),
            "remember": kept.was_chosen(self.request),
        }

    def post(self, request, *args, **kwargs):
        """Note the choice to stay signed in, also if the sign-in is refused."""
        response = super().post(request, *args, **kwargs)
        kept.note(response, is_kept="remember" in request.POST)
        return response

    def submit(self, form):
        """Sign in, ask for the code, or give the same answer to all other cases."""
        email = form.cleaned_data["email"]
        password = form.cleaned_data["password"]
        try:
            user = self.sign_in(email, password)
        except InvalidOTP:
            return self._ask_for_code(form)
        except AuthenticationFailed:
            form.add_error(None, _("Incorrect email address or password."))
            return self.form_invalid(form)
        url = self.get_success_url()
        return self.welcome(user, email, url, is_kept=form.cleaned_data["remember"])

    def _ask_for_code(self, form):
        response = redirect("accounts:login_code")
        sign_in_pending.start(
            self.request,
            response,
            email=form.cleaned_data["email"],
            password=form.cleaned_data["password"],
            next=self.get_redirect_url(),
            is_kept=form.cleaned_data["remember"],
        )
        return response


class SecondStepView(OnlyVisitorsMixin, SignInFormView):
    """The second step, with five minutes and five attempts.

    Subclasses define `sign_in_with(code)`, which returns the user.
    """

    # For the figures: the kind of the sign-in.
    kind = "code"
    # The form's field, and its error for a wrong code.
    field: str
    wrong: "str | StrPromise"
    pending: sign_in_pending.PendingSignIn

    def dispatch(self, request, *args, **kwargs):
        pending = sign_in_pending.read(request)
        if pending is not None:
            self.pending = pending
        elif not request.user.is_authenticated:
            return self.start_again(_("Sign in again to continue."))
        return super().dispatch(request, *args, **kwargs)

    def get_form(self, form_class=None):
        """Begin in the field for the code, the only one."""
        form = super().get_form(form_class)
        form.fields[self.field].widget.attrs["autofocus"] = True
        return form

    def get_context_data(self, **kwargs):
        return super().get_context_data(email=self.pending.email, **kwargs)

    def submit(self, form):
        """Sign in with both factors, or show an error at the code."""
        tries = Attempt(CODE_TRIES, self.pending.id)
        try:
            tries.take()
        except Throttled:
            self._record_throttled()
            return self.start_again(_("Too many incorrect codes. Sign in again."))
        try:
            user = self.sign_in_with(form.cleaned_data[self.field])
        except TryLater:
            # The code was not checked.
            tries.undo()
            raise
        except InvalidOTP:
            tries.failed()
            form.add_error(self.field, self.wrong)
            return self.form_invalid(form)
        except AuthenticationFailed:
            tries.failed()
            return self.start_again(_("Sign in again to continue."))
        except DirectusError:
            tries.undo()
            raise
        tries.succeeded()
        return self.go_on(user, self.pending.next or self.get_default_redirect_url())

    def sign_in_with(self, code: str) -> User:
        """Return the user, or raise the reason of the refusal."""
        raise NotImplementedError

    def go_on(self, user, url):
        """Begin the session, and end the first step."""
        pending = self.pending
        response = self.welcome(user, pending.email, url, is_kept=pending.is_kept)
        sign_in_pending.end(self.request, response)
        return response

    def start_again(self, message):
        """Redirect to the first step."""
        # A browser without a first step gets no message, and no session for it.
        if sign_in_pending.was_started(self.request):
            messages.warning(self.request, message)
        response = redirect("accounts:login")
        sign_in_pending.end(self.request, response)
        return response

    def _record_throttled(self):
        audit.record(
            "sign_in.refused",
            self.request,
            email=self.pending.email,
            reason="Throttled",
        )
        figures.sign_in(self.kind, "throttled")


@method_decorator(sensitive_post_parameters("otp"), name="dispatch")
class LoginCodeView(SecondStepView):
    """Enter the one-time code."""

    form_class = CodeForm
    template_name = "accounts/sign_in_code.html"
    field = "otp"
    wrong = CODE_NOT_VALID

    def get_context_data(self, **kwargs):
        has_codes = recovery_codes.exist_for(self.pending.email)
        return super().get_context_data(has_recovery_codes=has_codes, **kwargs)

    def sign_in_with(self, code):
        """Sign in with password and code."""
        return self.sign_in(self.pending.email, self.pending.password, code)


class LogoutView(PublicMixin, NextPageMixin, DjangoLogoutView):
    """Sign out here and at Directus; by POST."""

    next_page = "accounts:login"

    def get_redirect_url(self):  # type: ignore[override]  # as in NextPageMixin
        """Return a page of this site, except this one."""
        url = super().get_redirect_url()
        return "" if url.partition("?")[0] == self.request.path else url

    def post(self, request, *args, **kwargs):
        """End the session, also during an outage of Directus."""
        was_in = request.user.is_authenticated
        row = request.session.row
        provider = row.provider if row else ""
        response = super().post(request, *args, **kwargs)
        if was_in:
            # For a visitor the message would create a session.
            messages.success(request, self._goodbye(provider))
        # Not "cache": clearing it is slow in browsers, and no page is in it.
        response["Clear-Site-Data"] = '"storage"'
        return response

    def _goodbye(self, provider: str) -> str:
        """Return the message, with a link to sign out of the provider, too."""
        url = settings.SSO_SIGN_OUT_URLS.get(provider) if provider else ""
        if not url:
            return _("You're signed out.")
        text = _(
            "You're signed out here. "
            '<a href="{address}">Sign out of {provider}, too</a>.'
        )
        label = sign_in_ways.label_of(provider)
        return format_html(text, address=url, provider=label)
