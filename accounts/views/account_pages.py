"""Base views of the account pages."""

from django.contrib import messages
from django.http import HttpResponseRedirect
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.generic import TemplateView, View

from config.request import AuthenticatedRequest

from .mixins import SiteFormView


class AccountMixin(View):
    """A page about the signed-in user's account, which no cache stores.

    A local user has no account in Directus, and none of these pages.
    """

    request: AuthenticatedRequest

    @classmethod
    def as_view(cls, **initkwargs):
        """Mark the view itself: subclasses may have a dispatch of their own."""
        return never_cache(super().as_view(**initkwargs))

    def dispatch(self, request, *args, **kwargs):
        if not request.user.is_mirrored:
            text = _("This is a local administrator account. It has no account pages.")
            messages.warning(request, text)
            return redirect("dashboard:home")
        return super().dispatch(request, *args, **kwargs)


class AccountPageView(AccountMixin, TemplateView):
    """An account page without a form of its own."""

    request: AuthenticatedRequest


class AccountFormView(AccountMixin, SiteFormView):
    """An account page with a form, which does nothing but in `submit`."""

    shows_trouble = True

    request: AuthenticatedRequest


class NotForProvidersMixin(View):
    """A page about what a single sign-on provider keeps for its users.

    They get a page that says so, whatever they send. It precedes AccountMixin, and
    mixins that ask for a password.
    """

    # The template of that page.
    template_for_providers: str

    def dispatch(self, request, *args, **kwargs):
        if request.user.has_provider:
            return TemplateResponse(request, self.template_for_providers)
        return super().dispatch(request, *args, **kwargs)


class ButtonView(AccountMixin, View):
    """A button on an account page. A GET redirects to the page with the button.

    That happens after a sign-in, if the session ended before the button was pressed.
    """

    # The URL name of the page with the button.
    page: str

    def get(self, request):
        """Show the page with the button."""
        return HttpResponseRedirect(reverse(self.page))
