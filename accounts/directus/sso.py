"""Single sign-on: the hops between the site and Directus; the browser makes the others.

The browser meets only the site and the provider. The site asks Directus to begin, keeps
Directus' cookie, and brings the provider's answer back with it. Directus answers with a
redirect to its own app; the tokens, and the reason of a refusal, are in its headers.
"""

import re
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

from .answers import Answer, as_list, as_object
from .calls import Call, Repeat
from .exceptions import (
    AuthenticationFailed,
    CallFailed,
    DirectusAPIError,
    DirectusError,
    DirectusUnavailable,
    InvalidCredentials,
    InvalidOTP,
    InvalidProvider,
    NotFound,
    ProviderUnavailable,
)
from .sessions import SessionClient
from .tokens import TokenPair, claims_of

# Those of other drivers take passwords, or work in another way.
DRIVERS = ("openid", "oauth2")
# What Directus and a path of this client allow in a name.
PROVIDER_NAME = re.compile(r"[A-Za-z0-9_-]{1,128}")
_ADDRESS = re.compile(r"https?://[^/?#\\][\x21-\x7e]{0,8191}", re.ASCII)
# The challenge or verifier of PKCE.
_STATE = re.compile(r"[A-Za-z0-9_-]{32,128}")
# The name of a driver and of a provider, and a JWT.
_COOKIE = re.compile(r"(openid|oauth2)\.[A-Za-z0-9_-]{1,128}=[A-Za-z0-9._-]{1,8192}")
_REFRESH_TOKEN = re.compile(r"[A-Za-z0-9_-]{64}")
# Cookies of load balancers look like this.
_DIGEST = re.compile(r"[0-9a-f]{64}")
_CODE = re.compile(r"[A-Z][A-Z0-9_]{0,63}")
_ANSWER = re.compile(r"[\x20-\x7e]{1,4096}")
_ANSWERS = ("code", "state", "iss")
# These say nothing about the user.
_TROUBLES = {
    "",
    "INTERNAL_SERVER_ERROR",
    "INVALID_PROVIDER_CONFIG",
    "ROUTE_NOT_FOUND",
    "SERVICE_UNAVAILABLE",
    "UNKNOWN_EXCEPTION",
}


@dataclass(frozen=True)
class Provider:
    """A provider that Directus is set up for."""

    name: str
    driver: str
    label: str
    icon: str = ""


@dataclass(frozen=True)
class SignInWays:
    """The ways to sign in that Directus offers."""

    providers: tuple[Provider, ...] = ()
    has_passwords: bool = True


@dataclass(frozen=True)
class SsoStart:
    """A sign-in that has begun at Directus.

    Args:
        url: the page of the provider.
        state: the value that the provider sends back.
        cookie: Directus' cookie, as a Cookie header; it belongs to `state`.
    """

    url: str = field(repr=False)
    state: str = field(repr=False)
    cookie: str = field(repr=False)


@dataclass(frozen=True)
class SsoTokens:
    """The tokens of a sign-in, and whether Directus demands a second factor."""

    tokens: TokenPair = field(repr=False)
    must_use_two_factor: bool = False


class SsoClient(SessionClient):
    """The part of DirectusClient for single sign-on."""

    def sign_in_ways(self, *, timeout: float | None = None) -> SignInWays:
        """Return the providers that Directus names, and whether passwords are used.

        Args:
            timeout: seconds.
        """
        call = Call("GET", "/auth", repeat=Repeat.ALWAYS, timeout=timeout)
        answer = self._answered(call)
        rows = as_list(answer.data, str(call))
        has_passwords = not as_object(answer.payload).get("disableDefault")
        return SignInWays(tuple(_providers(rows)), has_passwords=has_passwords)

    def begin_sso(self, provider: str, *, site: str, otp: str = "") -> SsoStart:
        """Begin to sign in with a provider.

        Args:
            site: the site's public address; Directus puts it before the path to which
                the provider sends the browser (AUTH_ALLOWED_PUBLIC_URLS).
            otp: the one-time code, for a user with a second factor in Directus.

        Raises:
            NotFound: Directus knows no such provider.
            ProviderUnavailable: Directus could not reach the provider so far.
        """
        call = Call(
            "GET",
            f"/auth/login/{_checked(provider)}",
            params={"redirect": "/"} | ({"otp": otp} if otp else {}),
            headers=_seen_from(site),
            expected=frozenset({302}),
            repeat=Repeat.ALWAYS,
            asks_provider=True,
            cookies=True,
        )
        answer = self._answered(call)
        url = answer.location
        state, cookie = _only(url, "state"), _kept(answer.cookies, provider)
        if not state and _reason(url):
            raise ProviderUnavailable(f"{call} is refused")
        if not (_ADDRESS.fullmatch(url) and _STATE.fullmatch(state) and cookie):
            raise DirectusUnavailable(f"{call}: no address, no state or no cookie")
        return SsoStart(url, state, cookie)

    def finish_sso(
        self, provider: str, *, site: str, cookie: str, answer: Mapping[str, str]
    ) -> SsoTokens:
        """Exchange the provider's answer for tokens. A code must never be sent twice.

        Args:
            site: as for begin_sso.
            cookie: the cookie of the SsoStart with the same state.
            answer: the query with which the provider sent the browser back; only code,
                state and iss are used.

        Raises:
            InvalidOTP: the user has a second factor; the code of the provider is spent.
            InvalidProvider: the address belongs to an account with a password.
            InvalidCredentials: the answer or the user is not accepted; Directus does
                not say why.
            ProviderUnavailable: Directus could not reach the provider, or does not
                know it any more.
        """
        call = Call(
            "GET",
            f"/auth/login/{_checked(provider)}/callback",
            params=_sendable(answer),
            headers=_seen_from(site) | {"Cookie": _checked_cookie(cookie)},
            expected=frozenset({302}),
            repeat=Repeat.NEVER,
            slow=True,
            asks_provider=True,
            cookies=True,
        )
        found = self._finished(call)
        code = _refusal_in(found.location)
        refresh_token, must_use_two_factor = _session_in(found.cookies)
        if code or not refresh_token:
            raise _refusal(code, call)
        return SsoTokens(self._swapped(refresh_token), must_use_two_factor)

    def _answered(self, call: Call) -> Answer:
        try:
            return self._send(call)
        except NotFound:
            raise
        except DirectusAPIError as error:
            raise DirectusUnavailable(f"{call} answered {error}") from None

    def _finished(self, call: Call) -> Answer:
        try:
            return self._send(call)
        except CallFailed as error:
            raise ProviderUnavailable(str(error)) from None
        except DirectusAPIError as error:
            # Version 10 has no reasons in addresses.
            raise _refusal(error.code, call) from None

    def _swapped(self, refresh_token: str) -> TokenPair:
        """Return tokens for the session that Directus has begun, or end it."""
        try:
            return self.refresh(refresh_token)
        except Exception as error:
            # After any error: the session is lost otherwise.
            with suppress(DirectusError):
                self.logout(refresh_token)
            if isinstance(error, AuthenticationFailed):
                raise InvalidCredentials(error.status, error.code) from None
            if isinstance(error, DirectusUnavailable):
                # Even if this call was not sent, the code was.
                error.never_sent = False
            raise


def redirect_uri(url: str) -> str:
    """Return where a provider's page sends the browser back to; empty if unclear."""
    return _only(url, "redirect_uri")


# The list


def _providers(rows: Iterable[Any]) -> Iterable[Provider]:
    for row in rows:
        facts = row if isinstance(row, dict) else {}
        name, driver = _text(facts.get("name")), _text(facts.get("driver"))
        if PROVIDER_NAME.fullmatch(name) and driver in DRIVERS:
            label = _text(facts.get("label")) or name
            yield Provider(name, driver, label, _text(facts.get("icon")))


def _text(value: Any) -> str:
    return value[:128].strip() if isinstance(value, str) else ""


# Both hops


def _checked(provider: str) -> str:
    """Return the name of a provider. Raises NotFound for one that cannot exist."""
    if not PROVIDER_NAME.fullmatch(provider):
        raise NotFound(404, "ROUTE_NOT_FOUND")
    return provider


def _seen_from(site: str) -> dict[str, str]:
    """Return the headers that tell Directus the public address of the site."""
    parts = urlsplit(site)
    return {"Host": parts.netloc, "X-Forwarded-Proto": parts.scheme}


def _only(url: str, name: str) -> str:
    """Return a value of a query, if it is there once."""
    try:
        query = parse_qs(urlsplit(url).query, keep_blank_values=True)
    except ValueError:
        return ""
    values = query.get(name, [])
    return values[0] if len(values) == 1 else ""


def _reason(location: str) -> str:
    reason = _only(location, "reason")
    return reason if _CODE.fullmatch(reason) else ""


def _pairs(cookies: Iterable[str]) -> Iterable[tuple[str, str]]:
    for line in cookies:
        name, _, value = line.partition(";")[0].partition("=")
        yield name.strip(), value.strip()


# The start


def _kept(cookies: Iterable[str], provider: str) -> str:
    """Return Directus' own cookie of this sign-in, as a Cookie header."""
    names = [f"{driver}.{provider}" for driver in DRIVERS]
    # The last one counts, as in a browser.
    found = [f"{name}={value}" for name, value in _pairs(cookies) if name in names][-1:]
    return found[0] if found and _COOKIE.fullmatch(found[0]) else ""


# The end


def _checked_cookie(cookie: str) -> str:
    """Return a cookie. Raises InvalidCredentials for one that Directus did not set."""
    if not _COOKIE.fullmatch(cookie):
        raise InvalidCredentials(401, "INVALID_CREDENTIALS")
    return cookie


def _sendable(answer: Mapping[str, str]) -> dict[str, str]:
    """Return the values to pass on. Raises InvalidCredentials without code or state."""
    values = {name: answer[name] for name in _ANSWERS if name in answer}
    are_sound = all(_ANSWER.fullmatch(value) for value in values.values())
    if not are_sound or not values.keys() >= {"code", "state"}:
        raise InvalidCredentials(401, "INVALID_CREDENTIALS")
    return values


def _session_in(cookies: Iterable[str]) -> tuple[str, bool]:
    """Return the refresh token, and whether a second factor is demanded.

    The names of these cookies can be configured, so their values decide: a session
    token is a JWT with the claim `session`, a refresh token is opaque.
    """
    values = [value for _, value in _pairs(cookies)]
    for claims in map(claims_of, values):
        session = claims.get("session")
        is_token = isinstance(session, str) and _REFRESH_TOKEN.fullmatch(session)
        if is_token and claims.get("iss") == "directus":
            return str(session), claims.get("enforce_tfa") is True
    for value in values:
        if _REFRESH_TOKEN.fullmatch(value) and not _DIGEST.fullmatch(value):
            return value, False
    return "", False


def _refusal_in(location: str) -> str:
    """Return the code of a refusal; empty without one."""
    if _only(location, "prompt"):
        # Directus would start again: the code is used up.
        return "INVALID_TOKEN"
    return _reason(location)


def _refusal(code: str, call: Call) -> DirectusError:
    if code in _TROUBLES:
        return ProviderUnavailable(f"{call} is refused")
    if code == "INVALID_OTP":
        return InvalidOTP(401, code)
    if code == "INVALID_PROVIDER":
        return InvalidProvider(403, code)
    return InvalidCredentials(401, code)
