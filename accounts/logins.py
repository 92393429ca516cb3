"""One counted sign-in at Directus, for whatever reason a password is checked."""

import logging
import unicodedata

from django.db import DatabaseError
from django.views.decorators.debug import sensitive_variables

from . import break_glass, clients
from .attempts import SignInAttempt
from .directus import (
    DirectusAPIError,
    DirectusClient,
    DirectusError,
    DirectusUnavailable,
    DirectusUser,
    InvalidCredentials,
    InvalidOTP,
    RateLimited,
    TokenPair,
    spellings,
)
from .throttling import Throttled

logger = logging.getLogger(__name__)


@sensitive_variables("password", "otp", "tokens")
def login(
    request, email: str, password: str, otp: str = "", *, own_code: bool = False
) -> TokenPair:
    """Exchange credentials for tokens, within the limits of `accounts.attempts`.

    The password is tried as this site sets passwords, in composed letters (NFC), and
    then as it was typed where that differs: other pages of Directus set those.

    Args:
        own_code: this site computed the code, so nobody guesses it or uses it twice.

    Raises:
        Throttled: there were too many attempts.
        InvalidOTP: the password is right; the code is missing, wrong or used.
        InvalidCredentials: wrong.
        DirectusUnavailable: Directus did not say.
    """
    attempt = SignInAttempt(request, email, "" if own_code else otp)
    attempt.begin()
    try:
        if break_glass.keeps(email, password):
            raise InvalidCredentials(401, "LOCAL_USER")
        tokens = _login(request, attempt, email, password, otp)
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
    try:
        attempt.succeeded()
    except DatabaseError:
        revoke(request, tokens)
        raise
    return tokens


@sensitive_variables("password", "otp", "typed")
def _login(
    request, attempt: SignInAttempt, email: str, password: str, otp: str
) -> TokenPair:
    """Try what was typed in the one spelling, then in the others.

    Directus counts each password that it is given for an account. Of the spellings of
    an address an account has one, so that those count as one.
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
    request, password: str, otp: str = "", *, own_code: bool = False
) -> TokenPair:
    """Check the password of whoever is signed in, by a sign-in at Directus.

    Args:
        otp: the one-time code, needed when a second factor is on.
        own_code: as `login`.

    Returns:
        Tokens of their own, which the caller revokes or keeps.

    Raises:
        As `login`.
    """
    email = request.user.email
    tokens = login(request, email, password, otp, own_code=own_code)
    try:
        profile = own_profile(clients.client_for_tokens(tokens, request))
        if profile.id != request.user.directus_id:
            # The address has passed to somebody else, whose password this is.
            raise InvalidCredentials(401, "ANOTHER_USER")
    except DirectusError:
        revoke(request, tokens)
        raise
    return tokens


def own_profile(client: DirectusClient) -> DirectusUser:
    """Return what a client's user may read of the own profile.

    Raises:
        DirectusUnavailable, RateLimited: it cannot be read now. A refusal is no
            answer either: the user has just signed in, or the tokens are good.
    """
    try:
        return client.get_current_user()
    except RateLimited:
        raise
    except DirectusAPIError as error:
        logger.error("A signed-in user's profile cannot be read: %s", error)
        raise DirectusUnavailable(f"the profile answered {error}") from error


@sensitive_variables("password", "otp")
def login_again(request, password: str, otp: str = "") -> TokenPair:
    """Sign in with a password that was set just now by who proved the old one.

    Not counted: the code is the one just spent, which Directus takes again while it
    shows, and nothing that could be guessed is asked.

    Raises:
        DirectusError: no tokens.
    """
    client = clients.anonymous_client(request)
    return client.login(email=request.user.email, password=password, otp=otp)


@sensitive_variables("tokens")
def revoke(request, tokens: TokenPair) -> None:
    """End the session of tokens that nobody will use; best effort."""
    try:
        clients.anonymous_client(request).logout(tokens.refresh_token)
    except DirectusError as error:
        logger.warning("Tokens that nobody uses stay alive: %s", error)
