"""The page after a form with an email address: it names the address, and sends again.

The page is the same whether the address has an account. The address is in a sealed
cookie, so that a visitor makes no row.
"""

from django.contrib import messages
from django.contrib.messages.storage.base import Message
from django.http import HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext as _

from accounts.forms.fields import SiteForm
from accounts.web.sealed_cookie import SealedCookie
from config.request import Request

from .mixins import PublicFormView

ADDRESS_SECONDS = 900


# The purpose of an address that the sign-in page fills in.
SIGN_IN = "sign-in"


def remember_address(response: HttpResponse, purpose: str, email: str) -> None:
    """Keep the address of a form for the page after it.

    Args:
        purpose: of the page: see SentView, or SIGN_IN.
    """
    _cookie(purpose).keep(response, email)


def address_to_sign_in(request: Request) -> str:
    """Return the address that this browser has just confirmed, or an empty string."""
    return _cookie(SIGN_IN).read(request)


class SentView(PublicFormView):
    """Says where a mail went, if anywhere; POST sends it again.

    Subclasses define `send_again(email)`. The template shows `email`, which is empty
    without the cookie, and `trouble`.

    Attributes:
        purpose: names the cookie.
        form_page: name of the page to return to without an address.
    """

    form_class = SiteForm
    purpose: str
    form_page: str

    @property
    def email(self) -> str:
        """The address of the form that this browser sent last, or an empty string."""
        return _cookie(self.purpose).read(self.request)

    def get_context_data(self, **kwargs):
        if "again" in self.request.GET:
            text = _("Sent again. Use the link in the newest email.")
            # Not kept in the session, which would make a row.
            kwargs["messages"] = [Message(messages.SUCCESS, text)]
        return super().get_context_data(email=self.email, **kwargs)

    def submit(self, form):
        """Send the mail again; the answer is the same for every address."""
        email = self.email
        if not email:
            return HttpResponseRedirect(reverse(self.form_page))
        self.send_again(email)
        return HttpResponseRedirect(f"{self.request.path}?again")

    def send_again(self, email: str) -> None:
        """Send the mail again. Raises TryLater if none was sent."""
        raise NotImplementedError


def _cookie(purpose: str) -> SealedCookie:
    return SealedCookie(f"sent-{purpose}", ADDRESS_SECONDS)
