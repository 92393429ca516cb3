"""A sign-in at Directus, and every other check of a password there.

*profile* is the record in Directus, *user* the local row.
"""

import unicodedata
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace

from django.db import DatabaseError, transaction
from django.urls import reverse
from django.views.decorators.debug import sensitive_variables

from config.request import AuthenticatedRequest, Request

from .. import two_factor
from ..core import audit, clients, figures, mails
from ..directus import (
    DirectusError,
    DirectusUser,
    InvalidCredentials,
    InvalidOTP,
    TokenPair,
    TryLater,
    UserSuspended,
    spellings,
)
from ..mirror.own_profile import read_own_profile, read_profile
from ..mirror.policies import with_policies
from ..mirror.users import as_known, locked_user, mirror_sign_in
from ..models import User
from ..passwords import local
from ..sessions.tokens import revoke
from ..throttling.attempts import SignInAttempt
from ..throttling.limits import Throttled
from ..web import known_devices
from . import sign_up


@sensitive_variables("password", "otp", "tokens")
def sign_in(
    request: Request,
    email: str,
    password: str,
    otp: str = "",
    *,
    own_code: bool = False,
) -> User:
    """Check the credentials at Directus and mirror their owner.

    Returns:
        The user, whose `directus_tokens` are stored once a session belongs to the user
        (accounts.sessions.receivers).

    Raises:
        UserSuspended: Directus gives tokens even with the last allowed attempt.
        Others as `login`.
    """
    with_code = "recovery_code" if own_code else "code"
    kind = with_code if otp else "password"
    try:
        attempt = SignInAttempt(request, email, "" if own_code else otp)
        tokens = _counted_login(request, attempt, email, password, otp)
        user, tokens = _mirrored(request, attempt, tokens, email, otp)
        if not user.is_active:
            revoke(tokens, request)
            raise UserSuspended(401, "USER_SUSPENDED")
    except (DirectusError, TryLater) as error:
        wants_code = isinstance(error, InvalidOTP) and not otp
        event = "sign_in.code_asked" if wants_code else "sign_in.refused"
        reason = getattr(error, "code", type(error).__name__)
        audit.record(event, request, email=email, reason=reason)
        outcome = "code_asked" if wants_code else figures.refusal_of(error)
        figures.sign_in(kind, outcome)
        raise
    figures.sign_in(kind, "done")
    user.directus_tokens = tokens
    return user


@sensitive_variables("tokens", "otp", "renewed")
def _mirrored(
    request: Request,
    attempt: SignInAttempt,
    tokens: TokenPair,
    email: str,
    otp: str,
) -> tuple[User, TokenPair]:
    """Mirror the owner of the tokens; revoke the tokens if that fails.

    Args:
        attempt: it is settled: the password is right, whatever follows.

    Returns:
        The user, and the tokens: new ones if the old ones had to be spent.
    """
    renewed = tokens

    def prove():
        nonlocal renewed
        renewed = clients.anonymous_client(request).refresh(renewed.refresh_token)

    try:
        client = clients.client_for_tokens(tokens, request)
        with _succeeding(attempt):
            profile = read_profile(client, prove)
            if not profile.is_complete:
                # Directus has just accepted this address, and no token may read more.
                profile = replace(as_known(profile), email=email, status="active")
            (profile,) = with_policies([profile])
        user = _store(attempt, profile, email)
        is_told = profile.has_two_factor is not None
        two_factor.note_sign_in(
            user,
            client,
            otp,
            is_told=is_told,
            is_demanded=tokens.demands_second_factor,
        )
    except (DirectusError, DatabaseError):
        revoke(renewed, request)
        raise
    return user, renewed


@contextmanager
def _succeeding(attempt: SignInAttempt) -> Iterator[None]:
    """Settle an attempt whose password was right, if the block fails."""
    try:
        yield
    except BaseException:
        with suppress(DatabaseError):
            attempt.succeeded()
        raise


def _store(attempt: SignInAttempt, profile: DirectusUser, email: str) -> User:
    """Mirror the user and settle the attempt, in one transaction.

    Raises:
        InvalidCredentials: it is a first sign-in, and a stranger may know the password.
    """
    user = None
    with _succeeding(attempt), transaction.atomic():
        row = locked_user(profile.id)
        is_first = row is None or row.last_login is None
        if not (is_first and sign_up.password_is_unsafe(email)):
            user = mirror_sign_in(profile, row)
        attempt.succeeded()
    if user is None:
        raise InvalidCredentials(401, "PASSWORD_UNSAFE")
    return user


@sensitive_variables("password", "otp", "tokens")
def login(
    request: Request,
    email: str,
    password: str,
    otp: str = "",
    *,
    own_code: bool = False,
) -> TokenPair:
    """Exchange credentials for tokens, within the limits of `throttling.attempts`.

    The password is tried in composed letters (NFC), as this site sets passwords, and
    then as typed if that differs: Directus' own pages set those. Every check of a
    password counts.

    Args:
        own_code: the site computed the code, so it is neither guessed nor used twice.

    Raises:
        Throttled: there were too many attempts.
        InvalidOTP: the password is right; the code is missing, wrong or used.
        InvalidCredentials: the credentials are wrong.
        TryLater: Directus did not answer.
    """
    attempt = SignInAttempt(request, email, "" if own_code else otp)
    tokens = _counted_login(request, attempt, email, password, otp)
    try:
        attempt.succeeded()
    except DatabaseError:
        revoke(tokens, request)
        raise
    return tokens


@sensitive_variables("password", "otp")
def _counted_login(
    request: Request, attempt: SignInAttempt, email: str, password: str, otp: str
) -> TokenPair:
    """Count the attempt and request tokens; settle it if there are none."""
    attempt.begin()
    try:
        if local.keeps(email, password):
            raise InvalidCredentials(401, "LOCAL_USER")
        return _try_spellings(request, attempt, email, password, otp)
    except Throttled:
        raise
    except InvalidOTP:
        attempt.refused_code()
        raise
    except InvalidCredentials:
        attempt.failed()
        raise
    except BaseException:
        attempt.undo()
        raise


@sensitive_variables("password", "otp", "typed")
def _try_spellings(
    request: Request, attempt: SignInAttempt, email: str, password: str, otp: str
) -> TokenPair:
    """Try the typed values in the usual spelling, then in the others.

    Directus counts each password for an account. An account has one spelling of its
    address, so attempts with other spellings do not count.
    """
    client = clients.anonymous_client(request)
    composed = unicodedata.normalize("NFC", password)
    for typed in dict.fromkeys([composed, password]):
        if typed != composed:
            attempt.again()
        for address in spellings(email):
            try:
                return client.login(email=address, password=typed, otp=otp)
            except InvalidCredentials as error:
                refusal = error
    raise refusal


@sensitive_variables("password", "otp", "tokens")
def prove_password(
    request: AuthenticatedRequest,
    password: str,
    otp: str = "",
    *,
    own_code: bool = False,
) -> TokenPair:
    """Check the password of the signed-in user, by a sign-in at Directus.

    Args:
        otp: the one-time code, needed when a second factor is on.
        own_code: as in `login`.

    Returns:
        Tokens of their own, which the caller revokes or keeps.

    Raises:
        As `login`.
    """
    email = request.user.email
    tokens = login(request, email, password, otp, own_code=own_code)
    try:
        profile = read_own_profile(clients.client_for_tokens(tokens, request))
        if profile.id != request.user.directus_id:
            # The address has passed to another user, and this is their password.
            raise InvalidCredentials(401, "ANOTHER_USER")
    except DirectusError:
        revoke(tokens, request)
        raise
    audit.record("password.confirmed", request, user=request.user)
    return tokens


@sensitive_variables("password", "otp")
def login_again(
    request: AuthenticatedRequest, password: str, otp: str = ""
) -> TokenPair:
    """Sign in with a password that the signed-in user has just set.

    Not counted, because nothing can be guessed: the code was accepted before, and
    Directus accepts it again within its half minute.

    Raises:
        DirectusError: no tokens.
    """
    client = clients.anonymous_client(request)
    return client.login(email=request.user.email, password=password, otp=otp)


def mail_of_new_device(request: Request, user: User) -> Callable[[], None]:
    """Write the mail about a sign-in with a browser that did not know the user.

    Returns:
        A function that stores the mail, if there is one: it takes less time than to
        write the mail, so that a transaction is short.
    """
    if known_devices.knows_user(request, user):
        return lambda: None
    path = reverse("accounts:sessions")
    store = mails.written("new_device", user, request, sessions_path=path)

    def tell() -> None:
        audit.record("sign_in.new_device", request, user=user)
        store()

    return tell
