"""Say why a sign-in, or a re-authentication, with a provider failed."""

from urllib.parse import urlencode

from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.generic import View

from accounts.core import clients, sign_in_ways
from accounts.directus import AuthenticationFailed, InvalidProvider, ProviderUnavailable
from accounts.flows import sso
from accounts.throttling.limits import Throttled
from config import errors
from config.request import Request

from .mixins import NextPageMixin, PublicMixin

# The reasons that have a text in `sso_problem.html`, with their status.
PROBLEMS = {
    "cancelled": 200,
    "refused": 403,
    "expired": 400,
    "password": 403,
    "not-accepted": 403,
    "another-user": 403,
    "not-set-up": 503,
    "provider-away": 503,
    "away": 503,
    "too-many": 429,
}


def problem_page(
    request: Request,
    provider: str,
    reason: str,
    next_page: str = "",
    retry_after: int | None = None,
) -> HttpResponse:
    """Return the page that says why the sign-in failed, and leads back."""
    is_in = request.user.is_authenticated
    way_back = reverse("accounts:reauthentication" if is_in else "accounts:login")
    query = urlencode({"next": next_page}, safe="/") if next_page else ""
    status = PROBLEMS[reason]
    context = {
        "reason": reason,
        "label": sign_in_ways.label_of(provider),
        "way_back": f"{way_back}?{query}" if query else way_back,
        # The link of a sign-up lets its owner choose the provider instead.
        "has_links": clients.service_token() and clients.signup_mode() == "register",
        "retry_after": retry_after or errors.DEFAULT_RETRY_SECONDS,
    }
    response = render(request, "accounts/sso_problem.html", context, status=status)
    if status in {429, 503}:
        response["Retry-After"] = str(context["retry_after"])
    return response


class SsoProblemView(PublicMixin, NextPageMixin, View):
    """Say why a sign-in with a provider failed, without the provider's answer."""

    def get(self, request, provider, reason):
        """Show the page of a reason, for a provider that Directus names."""
        known = {each.name for each in sign_in_ways.sign_in_ways().providers}
        if reason not in PROBLEMS or (known and provider not in known):
            raise Http404
        if reason == "expired" and request.user.is_authenticated:
            # The answer came twice at once, and the other request has used it.
            return HttpResponseRedirect(
                self.get_redirect_url() or reverse("dashboard:home")
            )
        return problem_page(request, provider, reason, self.get_redirect_url())


def problem_url(provider: str, reason: str, next_page: str = "") -> str:
    """Return the address of the page with this reason."""
    url = reverse("accounts:sso_problem", args=[provider, reason])
    query = urlencode({"next": next_page}, safe="/")
    return f"{url}?{query}" if next_page else url


def problem_of(error: Exception, provider: str) -> str:
    """Return the reason that the page gives for an error."""
    found = sign_in_ways.find_provider(provider)
    if isinstance(error, InvalidProvider) and found and found.driver == "openid":
        return "password"
    if isinstance(error, AuthenticationFailed):
        return "not-accepted"
    for error_class, reason in (
        (sso.AnotherUser, "another-user"),
        (sso.NotSetUp, "not-set-up"),
        (ProviderUnavailable, "provider-away"),
        (Throttled, "too-many"),
    ):
        if isinstance(error, error_class):
            return reason
    return "away"
