"""Prepare requests for views, and turn errors into pages."""

import logging
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.contrib.auth import middleware as auth_middleware
from django.http import HttpResponse, UnreadablePostError
from django.shortcuts import redirect
from django.utils import timezone, translation
from django.utils.cache import patch_vary_headers
from django.utils.functional import SimpleLazyObject

from config import errors
from config.outages import is_database_away
from config.request import Request

from . import two_factor
from .core import audit, clients, sign_in_ways
from .core.service_token import log_refusal
from .directus import (
    PASSWORD_PROVIDER,
    AuthenticationFailed,
    DirectusAPIError,
    DirectusUnavailable,
    GrantRevoked,
    SessionExpired,
    TryLater,
    time_budget,
)
from .mirror import revalidation
from .sessions import current
from .web import client_address, languages, session_notice, time_zones
from .web.next_page import by_way_of

logger = logging.getLogger(__name__)


class LanguageMiddleware:
    """Activate the browser's language until the user's own is known.

    It is outside of everything that renders a page, including error pages. At the end
    of the request it resets the language, because the thread serves other users next.
    """

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        with translation.override(languages.of_request(request)):
            response = self.get_response(request)
            # Static files have no language, and caches keep them.
            if "public" not in response.headers.get("Cache-Control", ""):
                patch_vary_headers(response, ("Accept-Language",))
                response.headers.setdefault(
                    "Content-Language", translation.get_language()
                )
        return response


# Pages for a user who must set up two-step verification first, beside public pages.
WITHOUT_SECOND_FACTOR = {
    "accounts:reauthentication",
    "accounts:sso_reauthentication",
    # On every page.
    "accounts:picture",
    "accounts:two_factor",
    "accounts:two_factor_set_up",
}


class ClientAddressMiddleware:
    """Set `request.client_address`; drop forwarding headers of untrusted peers."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        meta = request.META
        proxies = settings.TRUSTED_PROXIES
        remote = meta.get("REMOTE_ADDR", "")
        request.client_address = client_address.client_address(
            remote, meta.get("HTTP_X_FORWARDED_FOR", ""), proxies
        )
        if not client_address.is_listed(remote, proxies):
            meta.pop("HTTP_X_FORWARDED_PROTO", None)
        return self.get_response(request)


class DirectusMiddleware:
    """Set `request.directus`, re-validate the session, turn errors into pages."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        request.directus = SimpleLazyObject(lambda: clients.client_for_session(request))
        request.directus_is_away = False
        request.trouble = None
        # Reset the language and the time zone at the end of the request.
        with timezone.override(None), time_budget(clients.request_seconds()):
            response = self.get_response(request)
        session_notice.pass_on(request, response)
        return response

    def process_view(self, request, view_func, view_args, view_kwargs):
        """Re-validate the user before a protected view."""
        try:
            if not getattr(view_func, "for_machines", False):
                languages.follow_profile(request.user)
            needs_sign_in = getattr(view_func, "login_required", True)
            session_notice.look(request, needs_sign_in)
            if needs_sign_in:
                revalidation.revalidate(request)
                # The profile may have another language now.
                languages.follow_profile(request.user)
                time_zones.follow_profile(request.user)
                return _demand_second_factor(request)
        except TryLater as error:
            if not _shows_trouble(request, view_func):
                return self.process_exception(request, error)
            request.trouble = error
        except Exception as error:
            response = self.process_exception(request, error)
            if response is None:
                raise
            return response

    def process_exception(self, request, error):
        """Turn errors that views do not handle into pages."""
        if isinstance(error, SessionExpired):
            return self._sign_out(request, error)
        if isinstance(error, DirectusUnavailable):
            return errors.unavailable(request, error.retry_after, error)
        if isinstance(error, TryLater):
            return errors.too_many_requests(request, error.retry_after)
        if isinstance(error, AuthenticationFailed):
            # Refused tokens of a user are renewed, or end the session, so this was the
            # service token.
            log_refusal(error)
            return errors.unavailable(request)
        if isinstance(error, DirectusAPIError):
            logger.error("Directus gave an unexpected answer: %s", error)
            return errors.unavailable(request)
        if is_database_away(error):
            return errors.unavailable(request, cause=error)
        if isinstance(error, UnreadablePostError):
            # The browser closed the connection while it sent.
            return errors.bad_request(request)
        return None

    def _sign_out(self, request, error):
        audit.record(
            "session.ended", request, user=request.user, reason=type(error).__name__
        )
        provider = ""
        if isinstance(error, GrantRevoked):
            provider = _provider_of(request)
            # The session at Directus is still there.
            current.revoke_tokens(request)
        current.leave(request)
        if session_notice.is_part_of_a_page(request):
            request.ended_session = session_notice.READ
            return HttpResponse(status=401)
        wrote = request.method not in session_notice.SAFE_METHODS
        if provider:
            session_notice.say_provider_ended_it(request, provider, wrote=wrote)
        else:
            session_notice.say(request, wrote=wrote)
        return by_way_of(settings.LOGIN_URL, request.get_full_path())


class AuthenticationMiddleware(auth_middleware.AuthenticationMiddleware):
    """Set `request.user` without a query of its own: it came with the session's row."""

    def process_request(self, request):
        super().process_request(request)
        request.user = SimpleLazyObject(lambda: current.user_of(request))


class LoginRequiredMiddleware(auth_middleware.LoginRequiredMiddleware):
    """Redirect visitors to the sign-in page, unless a view is public."""

    def process_view(self, request, view_func, view_args, view_kwargs):
        # Django reads the session first, which files for all browsers do not need.
        if not getattr(view_func, "login_required", True):
            return None
        return super().process_view(request, view_func, view_args, view_kwargs)

    def handle_no_permission(self, request, view_func):
        if session_notice.is_part_of_a_page(request):
            return HttpResponse(status=401)
        return by_way_of(settings.LOGIN_URL, request.get_full_path())


def _provider_of(request: Request) -> str:
    """Return the label of the provider that the session began with."""
    row = request.session.row
    name = (row.provider if row else "") or getattr(request.user, "provider", "")
    return "" if name == PASSWORD_PROVIDER else sign_in_ways.label_of(name)


def _shows_trouble(request: Request, view_func: Callable[..., Any]) -> bool:
    """Return whether a view shows the form again in an outage."""
    view_class = getattr(view_func, "view_class", None)
    return request.method == "POST" and getattr(view_class, "shows_trouble", False)


def _demand_second_factor(request):
    """Redirect a user who must set up two-step verification to that page."""
    user = request.user
    if not user.is_authenticated or not two_factor.is_missing(user):
        return None
    if request.resolver_match.view_name in WITHOUT_SECOND_FACTOR:
        return None
    return redirect("accounts:two_factor")
