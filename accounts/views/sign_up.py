"""Sign up."""

from csp.decorators import csp_update
from django.conf import settings
from django.http import HttpResponseRedirect
from django.shortcuts import redirect
from django.urls import reverse_lazy
from django.utils.decorators import method_decorator
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters

from accounts.core import clients, mails, sign_in_ways
from accounts.directus import TryLater
from accounts.flows import sign_up, terms
from accounts.forms.custom_fields import custom_field
from accounts.forms.sign_up import sign_up_form
from accounts.profile import fields as profile_fields
from accounts.web import kept

from .done_pages import SentView, remember_address
from .floors import at_least
from .mixins import OnlyVisitorsMixin, PublicFormView, PublicPageView


@method_decorator(sensitive_post_parameters("password"), name="dispatch")
class SignUpView(OnlyVisitorsMixin, PublicFormView):
    """Create an account."""

    template_name = "accounts/sign_up.html"
    success_url = reverse_lazy("accounts:sign_up_done")

    def dispatch(self, request, *args, **kwargs):
        if clients.signup_mode() == "closed":
            return SignUpClosedView.as_view()(request)
        if not sign_in_ways.sign_in_ways().has_passwords:
            return redirect("accounts:login")
        allow = csp_update(sign_up_form().content_security)
        return allow(super().dispatch)(request, *args, **kwargs)

    def post(self, request, *args, **kwargs):
        """Sign up; a program gets the same answer for nothing."""
        form = self.get_form()
        is_sent = form.is_valid() or form.is_from_program
        return self.form_valid(form) if is_sent else self.form_invalid(form)

    def get_form_class(self):
        """Return the form that the operator has chosen."""
        return sign_up_form()

    def get_form_kwargs(self):
        return super().get_form_kwargs() | {"custom_fields": self._custom_fields}

    @cached_property
    def _custom_fields(self):
        """The fields that the operator added; none in an outage, if a form was sent."""
        try:
            described = profile_fields.describe_for_sign_up()
        except TryLater as error:
            if self.request.method != "POST":
                raise
            self.request.trouble = error
            return []
        return list(filter(None, map(custom_field, described)))

    def get_context_data(self, **kwargs):
        ways = sign_in_ways.sign_in_ways()
        # For the buttons of providers, which sign in at once.
        remember = kept.was_chosen(self.request)
        return super().get_context_data(ways=ways, remember=remember, **kwargs)

    def away_title(self):
        """Return the heading of an outage on this page."""
        return _("Sign-up isn't available right now")

    def submit(self, form):
        """Sign up; the answer is the same for known and unknown addresses."""
        if form.is_from_program:
            return self._answer_program(form)
        user = form.new_user()
        try:
            # Directus refuses some passwords at once, but only for unknown addresses;
            # accepted passwords take the time of hashing.
            with at_least(settings.SIGN_UP_FLOOR_SECONDS):
                sign_up.sign_up(self.request, user)
        except sign_up.AddressTaken:
            form.add_error("email", _("This email address already has an account."))
            return self.form_invalid(form)
        except sign_up.NotAccepted as error:
            form.refuse(error.field)
            return self.form_invalid(form)
        if form.accepts_terms:
            terms.accept(user.email)
        return self._done(user.email)

    def _answer_program(self, form):
        with at_least(settings.SIGN_UP_FLOOR_SECONDS):
            sign_up.refuse_program(self.request)
        return self._done(form.cleaned_data.get("email", ""))

    def _done(self, email):
        response = HttpResponseRedirect(self.success_url)
        if _sends_again():
            remember_address(response, SignUpDoneView.purpose, email)
        return response


class SignUpDoneView(SentView):
    """The page after the sign-up: check the mail, have it sent again, or sign in."""

    template_name = "accounts/sign_up_done.html"
    purpose = "sign-up"
    form_page = "accounts:sign_up"

    def get_context_data(self, **kwargs):
        confirms = clients.signup_mode() == "register"
        return super().get_context_data(confirms=confirms, **kwargs)

    def send_again(self, email):
        """Mail another link; no further sign-up is counted."""
        with at_least(settings.SIGN_UP_FLOOR_SECONDS):
            sign_up.send_again(self.request, email)


def _sends_again() -> bool:
    return clients.signup_mode() == "register" and mails.is_from_site()


class SignUpClosedView(PublicPageView):
    """Sign-up is closed."""

    template_name = "accounts/sign_up_closed.html"
