"""Accept an invitation that the site or Directus mailed."""

from django.shortcuts import redirect
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters

from accounts.core import audit
from accounts.directus import InvalidPayload
from accounts.flows import invitation, terms
from accounts.flows.mailed_links import Purpose
from accounts.forms.terms import FirstPasswordForm
from accounts.web import known_devices

from .done_pages import SIGN_IN, remember_address
from .mixins import LinkTokenMixin, PublicFormView, PublicPageView


@method_decorator(
    sensitive_post_parameters("new_password", "new_password_again"), name="dispatch"
)
class InvitationView(LinkTokenMixin, PublicFormView):
    """Choose the first password."""

    form_class = FirstPasswordForm
    template_name = "accounts/invitation.html"
    purpose = "invite"
    link_purpose = Purpose.INVITATION

    def get_form_kwargs(self):
        return super().get_form_kwargs() | {"user": self.link_owner}

    def get_context_data(self, **kwargs):
        return super().get_context_data(email=self.link_email, **kwargs)

    def submit(self, form):
        """Accept the invitation; after a refused password it stays valid."""
        password = form.cleaned_data["new_password"]
        try:
            email = invitation.accept(self.request, self.token, password)
        except InvalidPayload:
            form.add_error(
                "new_password",
                _("This password can't be used. Choose a different one."),
            )
            return self.form_invalid(form)
        except invitation.LinkInvalid:
            return self.link_invalid()
        except invitation.NoRoom:
            return self.render_no_room()
        except invitation.Unsure:
            # The token is kept: if nothing was changed, it is still valid.
            self._keep_terms(form, self.link_email)
            return redirect("accounts:invitation_unsure")
        self.token_is_spent()
        self._keep_terms(form, email)
        response = redirect("accounts:invitation_done")
        known_devices.remember(self.request, response, audit.email_digest(email))
        remember_address(response, SIGN_IN, email)
        return response

    def _keep_terms(self, form: FirstPasswordForm, email: str) -> None:
        if form.accepts_terms:
            terms.accept(email)

    def render_no_room(self):
        """Say that the licence allows no more users; the invitation stays valid."""
        return self.response_class(
            request=self.request,
            template=["accounts/invitation_no_room.html"],
            context={"view": self},
            using=self.template_engine,
            status=503,
        )


class InvitationDoneView(PublicPageView):
    """The account is active; sign in."""

    template_name = "accounts/invitation_done.html"


class InvitationUnsureView(PublicPageView):
    """It is unknown whether the password was set."""

    template_name = "accounts/invitation_unsure.html"
