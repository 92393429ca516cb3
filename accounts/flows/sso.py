"""Sign in, or re-authenticate, with a provider that Directus is set up for.

The browser meets this site and the provider; the site makes Directus' part of the way
(accounts.directus.sso). The site checks itself what Directus does not: that the browser
is the one that began, that the provider is the same all along, and where the provider
sends the browser back.
"""

import logging
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, urlencode, urlsplit

from django.conf import settings
from django.urls import reverse
from django.views.decorators.debug import sensitive_variables

from config.request import AuthenticatedRequest, Request

from .. import two_factor
from ..core import audit, clients, figures
from ..directus import (
    DirectusClient,
    DirectusError,
    DirectusUnavailable,
    DirectusUser,
    InvalidCredentials,
    InvalidOTP,
    SsoTokens,
    TryLater,
    UserSuspended,
)
from ..directus.sso import redirect_uri
from ..mirror.own_profile import read_as_site, read_own_profile
from ..mirror.users import mirror_user
from ..models import User
from ..sessions.tokens import revoke
from ..throttling.attempts import CodeAttempt
from ..throttling.limits import (
    ADDRESS_FAILURES,
    ADDRESS_SSO_STARTS,
    CODES_OF_ACCOUNT,
    Attempt,
    take_all,
    undo_all,
)
from ..web import client_address
from . import sso_attempts
from .sso_attempts import Waiting

logger = logging.getLogger(__name__)

# Ask the provider for a new sign-in, not for one that it remembers.
AGAIN = {"prompt": "login", "max_age": "0"}
# Browsers and Python must agree on the host: no user, no backslash.
_HOST = re.compile(r"([A-Za-z0-9_.-]+|\[[0-9A-Fa-f:.]+\])(:[0-9]{1,5})?")


class NotSetUp(Exception):
    """Directus, or a provider, is not set up as the site needs it."""


class NotSent(TryLater):
    """Directus was not asked; the answer may be used again."""


class AnotherUser(Exception):
    """The provider signed in another user than the one who re-authenticates."""


@dataclass(frozen=True)
class Answered:
    """A sign-in that waited, and the query that the provider answered with."""

    waiting: Waiting
    answer: Mapping[str, str] = field(repr=False)


@sensitive_variables("otp", "begun", "waiting")
def start(
    request: Request,
    provider: str,
    *,
    next: str = "",
    user: int = 0,
    otp: str = "",
    code_id: str = "",
    is_kept: bool = False,
) -> str:
    """Begin at Directus; return the address of the provider's page.

    Args:
        next: the page to show afterwards.
        user, otp, code_id, is_kept: as in `sso_attempts.Waiting`.

    Raises:
        Throttled: too many from this address.
        NotFound: Directus knows no such provider.
        NotSetUp: the provider would not send the browser back to this site.
        TryLater: Directus, or the provider, is away.
    """
    address = client_address.bucket(request.client_address)
    Attempt(ADDRESS_SSO_STARTS, address).take()
    client = clients.anonymous_client(request)
    begun = client.begin_sso(provider, site=settings.PUBLIC_URL, otp=otp)
    _check_page(provider, begun.url)
    _check_leads_back(provider, begun.url)
    waiting = Waiting(provider, begun.cookie, next, user, otp, code_id, is_kept)
    if not user:
        request.session.cycle_key()
    if request.session.row is None:
        # The waiting sign-in belongs to its row.
        request.session.create()
    sso_attempts.keep(request, begun.state, waiting)
    audit.record("sso.started", request, provider=provider)
    return _asking_again(begun.url) if user else begun.url


def _asking_again(url: str) -> str:
    """Return the provider's page, asked for a new sign-in.

    Directus' own values of these names go: a provider refuses a name that comes twice.
    """
    parts = urlsplit(url)
    kept = [pair for pair in parse_qsl(parts.query) if pair[0] not in AGAIN]
    return parts._replace(query=urlencode([*kept, *AGAIN.items()])).geturl()


def _check_page(provider: str, url: str) -> None:
    """Check that a browser of this site may be sent to an address.

    Where the site has https, the provider's page must have it, too.
    """
    parts = urlsplit(url)
    schemes = {"https"} if settings.HTTPS else {"http", "https"}
    is_plain = _HOST.fullmatch(parts.netloc) and not parts.fragment
    if parts.scheme in schemes and is_plain:
        return
    logger.error(
        "Sign-in with %s leads to no plain address, or away from https",
        provider,
        extra={"event": "sso.not_set_up", "provider": provider},
    )
    raise NotSetUp


def _check_leads_back(provider: str, url: str) -> None:
    """Check where the provider's page leads, before any browser is sent there."""
    path = reverse("accounts:sso_callback", args=[provider])
    addresses = {settings.PUBLIC_URL + path}
    if settings.SSO_PROXY_RULE:
        addresses.add(clients.directus_public_url() + path.removeprefix("/sso"))
    if redirect_uri(url) in addresses:
        return
    logger.error(
        "Sign-in with %s would not lead back to this site: Directus needs "
        "AUTH_ALLOWED_PUBLIC_URLS=%s/sso",
        provider,
        settings.PUBLIC_URL,
        extra={"event": "sso.not_set_up", "provider": provider},
    )
    raise NotSetUp


@sensitive_variables("answered", "tokens")
def sign_in(request: Request, answered: Answered) -> User:
    """Finish a sign-in at Directus, and mirror its user.

    Returns:
        The user, with tokens and provider for the session.

    Raises:
        InvalidOTP: the user has a second factor; the code is missing or wrong.
        InvalidProvider: the address belongs to an account with a password.
        AuthenticationFailed: Directus, or the site, does not accept the answer.
        NotSetUp: the site may not read which provider signs the user in.
        NotSent: the answer may be used again.
        TryLater: there is no result.
    """
    try:
        with _code_counted(request, answered.waiting):
            tokens = _exchange(request, answered)
        user = _mirrored(request, answered.waiting, tokens)
    except (DirectusError, TryLater, NotSetUp) as error:
        _record_refusal("sign_in", request, answered.waiting, error)
        raise
    figures.sign_in("provider", "done")
    user.directus_tokens = tokens.tokens
    user.sso_provider = answered.waiting.provider
    return user


@sensitive_variables("answered", "tokens")
def confirm(request: AuthenticatedRequest, answered: Answered) -> None:
    """Finish the re-authentication of the signed-in user.

    Raises:
        AnotherUser: another user has signed in at the provider.
        Others as `sign_in`.
    """
    try:
        with _code_counted(request, answered.waiting):
            tokens = _exchange(request, answered).tokens
        try:
            profile = read_own_profile(clients.client_for_tokens(tokens, request))
        finally:
            revoke(tokens, request)
        if profile.id != request.user.directus_id:
            raise AnotherUser
        _take_code(request.user, answered.waiting.otp)
    except (DirectusError, TryLater, AnotherUser) as error:
        _record_refusal("sso.confirmation", request, answered.waiting, error)
        raise
    request.session.confirm_password()
    provider = answered.waiting.provider
    audit.record("sso.confirmed", request, user=request.user, provider=provider)


@sensitive_variables("answered")
def _exchange(request: Request, answered: Answered) -> SsoTokens:
    waiting = answered.waiting
    try:
        return clients.anonymous_client(request).finish_sso(
            waiting.provider,
            site=settings.PUBLIC_URL,
            cookie=waiting.cookie,
            answer=answered.answer,
        )
    except DirectusUnavailable as error:
        if error.never_sent:
            raise NotSent from error
        raise


@sensitive_variables("tokens", "pair")
def _mirrored(request: Request, waiting: Waiting, tokens: SsoTokens) -> User:
    """Mirror the owner of the tokens; revoke the tokens if that fails."""
    pair = tokens.tokens
    try:
        client = clients.client_for_tokens(pair, request)
        profile = _profile(client, waiting.provider)
        user = mirror_user(profile)
        if not user.is_active:
            raise UserSuspended(401, "USER_SUSPENDED")
        _take_code(user, waiting.otp)
        two_factor.note_sign_in(
            user,
            client,
            waiting.otp,
            is_told=profile.has_two_factor is not None,
            is_demanded=tokens.must_use_two_factor,
        )
    except BaseException:
        revoke(pair, request)
        raise
    return user


def _profile(client: DirectusClient, provider: str) -> DirectusUser:
    """Return the complete profile of a client's user, whom this provider signs in.

    Raises:
        NotSetUp: it may not be read.
        InvalidCredentials: another provider, or a password, signs the user in.
    """
    profile = read_own_profile(client)
    if not (profile.is_complete and profile.provider):
        found = read_as_site(profile)
        if found is None or not found.provider:
            logger.error(
                "Neither users nor the service token may read `provider` and `status` "
                "of users: directus_setup grants it",
                extra={"event": "sso.not_set_up", "provider": provider},
            )
            raise NotSetUp
        profile = found
    if profile.provider != provider:
        logger.error("Directus user %s is of another provider", profile.id)
        raise InvalidCredentials(401, "ANOTHER_PROVIDER")
    return profile


@contextmanager
def _code_counted(request: Request, waiting: Waiting) -> Iterator[None]:
    """Count a one-time code before Directus checks it; a right one counts no more.

    A new sign-in brings a new question, so the question's own limit is not enough. Of
    a sign-in only Directus knows the account, and counts for it (auth_login_attempts).
    """
    counts: list[Attempt] = []
    if waiting.otp:
        address = client_address.bucket(request.client_address)
        counts.append(Attempt(ADDRESS_FAILURES, address))
    if waiting.otp and request.user.is_authenticated:
        account = audit.email_digest(request.user.account_key)
        counts.append(Attempt(CODES_OF_ACCOUNT, account))
    take_all(counts)
    try:
        yield
    except InvalidOTP:
        for attempt in counts:
            attempt.failed()
        raise
    except BaseException:
        undo_all(counts)
        raise
    undo_all(counts)


@sensitive_variables("otp")
def _take_code(user: User, otp: str) -> None:
    """Refuse a code that was used; Directus accepts it again for 30 seconds."""
    if otp:
        attempt = CodeAttempt(user.account_key, otp)
        attempt.begin()
        attempt.succeeded()


def _record_refusal(
    event: str, request: Request, waiting: Waiting, error: Exception
) -> None:
    wants_code = isinstance(error, InvalidOTP) and not waiting.otp
    what = "code_asked" if wants_code else "refused"
    if event == "sign_in":
        outcome = what if wants_code else figures.refusal_of(error)
        figures.sign_in("provider", outcome)
    reason = getattr(error, "code", type(error).__name__)
    audit.record(f"{event}.{what}", request, provider=waiting.provider, reason=reason)
