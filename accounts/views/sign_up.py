"""Sign up."""

from django.conf import settings
from django.http import HttpResponseRedirect
from django.shortcuts import redirect
from django.urls import reverse_lazy
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters

from accounts.core import clients, sign_in_ways
from accounts.directus import NewUser
from accounts.flows import sign_up
from accounts.forms.sign_up import SignUpForm
from accounts.web import kept

from .floors import at_least
from .mixins import OnlyVisitorsMixin, PublicFormView, PublicPageView


@method_decorator(sensitive_post_parameters("password"), name="dispatch")
class SignUpView(OnlyVisitorsMixin, PublicFormView):
    """Create an account."""

    form_class = SignUpForm
    template_name = "accounts/sign_up.html"
    success_url = reverse_lazy("accounts:sign_up_done")

    def dispatch(self, request, *args, **kwargs):
        if clients.signup_mode() == "closed":
            return SignUpClosedView.as_view()(request)
        if not sign_in_ways.sign_in_ways().has_passwords:
            return redirect("accounts:login")
        return super().dispatch(request, *args, **kwargs)

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
        try:
            # Directus refuses some passwords at once, but only for unknown addresses;
            # accepted passwords take the time of hashing.
            with at_least(settings.SIGN_UP_FLOOR_SECONDS):
                sign_up.sign_up(self.request, NewUser(**form.cleaned_data))
        except sign_up.AddressTaken:
            form.add_error("email", _("This email address already has an account."))
            return self.form_invalid(form)
        except sign_up.NotAccepted:
            form.add_error(
                None, _("You can't sign up with this email address. Contact support.")
            )
            return self.form_invalid(form)
        return HttpResponseRedirect(self.success_url)


class SignUpDoneView(PublicPageView):
    """The page after the sign-up: check the mail, or sign in."""

    template_name = "accounts/sign_up_done.html"

    def get_context_data(self, **kwargs):
        confirms = clients.signup_mode() == "register"
        return super().get_context_data(confirms=confirms, **kwargs)


class SignUpClosedView(PublicPageView):
    """Sign-up is closed."""

    template_name = "accounts/sign_up_closed.html"
