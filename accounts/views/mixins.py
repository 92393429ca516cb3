"""Mixins of the views."""

import logging

from django import forms
from django.contrib.auth import get_user_model
from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.views import RedirectURLMixin
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect
from django.utils.functional import cached_property
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.generic import FormView, TemplateView, View

from accounts.directus import DirectusAPIError, DirectusUnavailable, TryLater
from accounts.flows import mailed_links
from accounts.throttling import spent_links
from accounts.throttling.mailboxes import MailboxFull
from accounts.web.links import token_email, token_in
from accounts.web.next_page import local_page
from accounts.web.sealed_cookie import SealedCookie
from config.request import Request

logger = logging.getLogger(__name__)

DEFAULT_RETRY_SECONDS = 10
# Tokens of Directus are shorter. All sealed tokens of a browser together must fit into
# one header, whose size servers limit.
LONGEST_TOKEN = 1000
LINK_SECONDS = 3600


class PublicMixin(View):
    """A public page, which no cache stores."""

    @classmethod
    def as_view(cls, **initkwargs):
        """Mark the view itself: subclasses may have a dispatch of their own."""
        return never_cache(login_not_required(super().as_view(**initkwargs)))


class SiteFormView(FormView):
    """A form. Trouble upstream shows it again with what was typed.

    Subclasses define `submit(form)`, which returns the response and may raise TryLater.
    """

    request: Request
    # If re-validation fails on POST, re-render the form instead of the 503 page. For
    # views that act only in `submit`.
    shows_trouble = False

    def form_valid(self, form):
        """Submit, or say what is wrong and when to try again."""
        try:
            if self.request.trouble:
                raise self.request.trouble
            return self.submit(form)
        except MailboxFull as error:
            title, text = _("Too many emails to this address"), _mails_again(error)
            return self.trouble(form, 429, title, error.retry_after, text)
        except DirectusUnavailable as error:
            title = (
                _("We couldn't complete that") if error.timed_out else self.away_title()
            )
            return self.trouble(form, 503, title, error.retry_after)
        except TryLater as error:
            return self.trouble(form, 429, _("Too many attempts"), error.retry_after)
        except DirectusAPIError as error:
            # A refused service token or an unexpected answer.
            logger.error("Directus does not do what a form is for: %s", error)
            return self.trouble(form, 503, self.away_title(), None)

    def submit(self, form):
        """Do what the form is for."""
        raise NotImplementedError

    def throttled_hint(self) -> str:
        """Return further advice after too many attempts, as HTML."""
        return ""

    def away_title(self) -> str:
        """Return the heading of an outage on this page."""
        return _("This isn't available right now")

    def trouble(
        self,
        form: forms.Form,
        status: int,
        title: str,
        retry_after: int | None,
        text: str = "",
    ) -> HttpResponse:
        """Show the form again; passwords and codes are never filled in."""
        seconds = retry_after or DEFAULT_RETRY_SECONDS
        hint = self.throttled_hint() if status == 429 else ""
        trouble = {
            "title": title,
            "text": text or format_html("{} {}", _try_again(seconds), hint),
            "retry_after": seconds,
            "request_id": self.request.request_id,
        }
        context = self.get_context_data(form=form, trouble=trouble)
        response = self.render_to_response(context, status=status)
        response["Retry-After"] = str(seconds)
        return response


def _try_again(seconds: int) -> str:
    if seconds < 120:
        return ngettext(
            "Your entries are still here; retype passwords and codes. Try again in "
            "%(count)d second.",
            "Your entries are still here; retype passwords and codes. Try again in "
            "%(count)d seconds.",
            seconds,
        ) % {"count": seconds}
    minutes = -(-seconds // 60)
    return ngettext(
        "Your entries are still here; retype passwords and codes. Try again in "
        "%(count)d minute.",
        "Your entries are still here; retype passwords and codes. Try again in "
        "%(count)d minutes.",
        minutes,
    ) % {"count": minutes}


def _mails_again(error: MailboxFull) -> str:
    """Return the same text for known and unknown addresses."""
    minutes = -(-error.retry_after // 60)
    if minutes <= 60:
        when = ngettext(
            "You can request another one in %(count)d minute.",
            "You can request another one in %(count)d minutes.",
            minutes,
        ) % {"count": minutes}
    else:
        hours = -(-minutes // 60)
        when = ngettext(
            "You can request another one in %(count)d hour.",
            "You can request another one in %(count)d hours.",
            hours,
        ) % {"count": hours}
    seen = _(
        "Several emails to this address have been requested already. Check the inbox "
        "and the spam folder, and use the link in the newest email."
    )
    return f"{seen} {when}"


class PublicFormView(PublicMixin, SiteFormView):
    """A public form."""


class OnlyVisitorsMixin(View):
    """Redirect signed-in users to the dashboard."""

    def dispatch(self, request, *args, **kwargs):
        if request.user.is_authenticated:
            return redirect("dashboard:home")
        return super().dispatch(request, *args, **kwargs)


class NextPageMixin(RedirectURLMixin):
    """Redirects to the page in `next`, if it is a page of this site."""

    # Django 5.2 passes no request, unlike later versions and the stubs.
    def get_redirect_url(self):  # type: ignore[override]
        """Return the path in `next` if it is local, or an empty string."""
        return local_page(super().get_redirect_url())


class PublicPageView(PublicMixin, TemplateView):
    """A public page."""


class LinkTokenMixin(FormView):
    """Move the token of a mailed link from the address into a sealed cookie.

    Not into the session: the database would store the token, and a row for each click.
    """

    request: Request
    # The kind of link: names the cookie, and chooses the text of `link_invalid`.
    purpose: str
    # The kind of the site's own links; a mailed_links.Purpose.
    link_purpose: str
    # Whether the token is spent or useless.
    is_token_over = False

    def dispatch(self, request, *args, **kwargs):
        response = super().dispatch(request, *args, **kwargs)
        if self.is_token_over:
            self._cookie.delete(request, response)
        return response

    def get(self, request, *args, **kwargs):
        """Take the token out of the address, then show the page without it."""
        token = token_in(request.META["QUERY_STRING"])
        if token:
            response = HttpResponseRedirect(request.path)
            self._cookie.keep(response, token[:LONGEST_TOKEN])
            response["Referrer-Policy"] = "no-referrer"
            return response
        if token is not None or not self.token or self.is_link_over():
            return self.link_invalid()
        # Not `no-referrer` here: the form's POST would say `Origin: null`, which
        # the CSRF check refuses.
        return super().get(request, *args, **kwargs)

    def post(self, request, *args, **kwargs):
        """Refuse a form without a token in this browser."""
        if not self.token:
            return self.link_invalid()
        return super().post(request, *args, **kwargs)

    @cached_property
    def token(self) -> str:
        """The token of the link that this browser opened last, or an empty string."""
        return self._cookie.read(self.request)

    @property
    def _cookie(self) -> SealedCookie:
        return SealedCookie(f"link-{self.purpose}", LINK_SECONDS)

    @property
    def link_owner(self):
        """An unsaved user with the unverified address in the link.

        No row of a user is read: forged tokens of Directus would reveal its data.
        """
        return get_user_model()(email=self.link_email)

    @property
    def link_email(self) -> str:
        """The address of a valid link of the site; of Directus', the unverified one."""
        if not mailed_links.is_own(self.token):
            return token_email(self.token)
        link = mailed_links.find(self.link_purpose, self.token)
        return link.email if link else ""

    def is_link_over(self) -> bool:
        """Return whether the form could only fail, as far as the site knows."""
        if mailed_links.is_own(self.token):
            return mailed_links.find(self.link_purpose, self.token) is None
        return spent_links.is_over(self.token)

    def token_is_spent(self) -> None:
        """Drop the token, and note for other browsers that it is spent."""
        if not mailed_links.is_own(self.token):
            spent_links.note_spent(self.token)
        self.drop_token()

    def drop_token(self) -> None:
        """Drop the token: it is spent or useless."""
        self.is_token_over = True

    def link_invalid(self):
        """Show the page about an invalid link, and how to get a new one."""
        self.drop_token()
        return self.response_class(
            request=self.request,
            template=["accounts/link_invalid.html"],
            context={"view": self, "purpose": self.purpose},
            using=self.template_engine,
            status=400,
        )
