"""Single sign-on: the hops between the site and Directus; the browser makes the others.

The browser meets only the site and the provider. The site asks Directus to begin, keeps
Directus' cookie, and brings the provider's answer back with it. Directus answers with a
redirect to its own app; the tokens, and the reason of a refusal, are in its headers.
"""

import base64
import binascii
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

from .answers import as_object
from .calls import Call, Repeat
from .exceptions import (
    AuthenticationFailed,
    DirectusAPIError,
    DirectusUnavailable,
    InvalidCredentials,
    InvalidOTP,
    InvalidProvider,
    NotFound,
    ProviderUnavailable,
)
from .plain import PlainClient
from .tokens import TokenPair

# What Directus and a path of this client allow in a name.
PROVIDER_NAME = re.compile(r"[A-Za-z0-9_-]{1,128}")
# Directus signs `state` with a digest of 32 bytes or more.
LEAST_STATE = 32
LONGEST_COOKIE = 8192
_OPAQUE = re.compile(r"[A-Za-z0-9_-]{64}")
_ANSWERS = ("code", "state", "iss")


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


class SsoClient(PlainClient):
    """The part of DirectusClient for single sign-on."""

    def sign_in_ways(self, *, timeout: float | None = None) -> SignInWays:
        """Return the providers that Directus names, and whether passwords are used.

        Args:
            timeout: seconds.
        """
        call = Call("GET", "/auth", repeat=Repeat.ALWAYS, timeout=timeout)
        answer = self._send(call)
        rows = answer.data
        if not isinstance(rows, list):
            raise DirectusUnavailable(f"{call}: not a list")
        off = as_object(answer.payload).get("disableDefault") is True
        return SignInWays(tuple(_providers(rows)), has_passwords=not off)

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
        params = {"redirect": "/"} | ({"otp": otp} if otp else {})
        call = Call(
            "GET",
            f"/auth/login/{_checked(provider)}",
            params=params,
            headers=_seen_from(site),
            expected=frozenset({302}),
            repeat=Repeat.ALWAYS,
            cookies=True,
        )
        answer = self._send(call)
        if _reason(answer.location):
            raise ProviderUnavailable(f"{call} is refused")
        state = _only(answer.location, "state")
        cookie = _kept(answer.cookies, provider)
        if len(state) < LEAST_STATE or not cookie:
            raise DirectusUnavailable(f"{call}: no state or no cookie")
        return SsoStart(answer.location, state, cookie)

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
            ProviderUnavailable: Directus could not reach the provider.
        """
        call = Call(
            "GET",
            f"/auth/login/{_checked(provider)}/callback",
            params={name: answer[name] for name in _ANSWERS if name in answer},
            headers=_seen_from(site) | {"Cookie": cookie},
            expected=frozenset({302}),
            repeat=Repeat.NEVER,
            slow=True,
            cookies=True,
        )
        try:
            found = self._send(call)
        except DirectusAPIError as error:
            raise _refusal(error.code, call) from None
        refresh_token, must_use_two_factor = _session_in(found.cookies)
        if not refresh_token:
            raise _refusal(_reason(found.location) or "INVALID_CREDENTIALS", call)
        body = {"refresh_token": refresh_token, "mode": "json"}
        try:
            payload = self._ask(Call("POST", "/auth/refresh", body=body))
        except AuthenticationFailed as error:
            raise InvalidCredentials(error.status, error.code) from None
        except DirectusUnavailable as error:
            if not error.never_sent:
                raise
            # This call was not sent, but the code was.
            raise DirectusUnavailable(f"{call}: no tokens") from None
        return SsoTokens(TokenPair.from_payload(payload), must_use_two_factor)


def redirect_uri(url: str) -> str:
    """Return where a provider's page sends the browser back to; empty if unclear."""
    return _only(url, "redirect_uri")


def _providers(rows: Iterable[Any]) -> Iterable[Provider]:
    for row in rows:
        name = row.get("name") if isinstance(row, dict) else None
        if isinstance(name, str) and PROVIDER_NAME.fullmatch(name):
            yield Provider(
                name=name,
                driver=_text(row.get("driver")),
                label=_text(row.get("label")) or name,
                icon=_text(row.get("icon")),
            )


def _text(value: Any) -> str:
    return value[:128] if isinstance(value, str) else ""


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
    values = parse_qs(urlsplit(url).query).get(name, [])
    return values[0] if len(values) == 1 else ""


def _reason(location: str) -> str:
    return _only(location, "reason")


def _kept(cookies: Iterable[str], provider: str) -> str:
    """Return Directus' own cookie of this sign-in, as a Cookie header."""
    for name in (f"openid.{provider}", f"oauth2.{provider}"):
        value = _value(cookies, name)
        if value and len(value) <= LONGEST_COOKIE:
            return f"{name}={value}"
    return ""


def _value(cookies: Iterable[str], name: str) -> str:
    found = [value for each, value in _pairs(cookies) if each == name]
    return found[-1] if found else ""


def _pairs(cookies: Iterable[str]) -> Iterable[tuple[str, str]]:
    for line in cookies:
        name, _, value = line.partition(";")[0].partition("=")
        yield name.strip(), value.strip()


def _session_in(cookies: Iterable[str]) -> tuple[str, bool]:
    """Return the refresh token, and whether a second factor is demanded.

    The names of these cookies can be configured, so their values decide: a session
    token is a JWT with the claim `session`, a refresh token is opaque.
    """
    for _, value in _pairs(cookies):
        claims = _claims(value)
        session = claims.get("session")
        if isinstance(session, str) and session:
            return session, claims.get("enforce_tfa") is True
        if _OPAQUE.fullmatch(value):
            return value, False
    return "", False


def _claims(token: str) -> dict[str, Any]:
    """Return the claims of a JWT that Directus has just sent; {} for other texts."""
    parts = token.split(".")
    if len(parts) != 3:
        return {}
    try:
        claims = json.loads(base64.urlsafe_b64decode(parts[1] + "=="))
    except (binascii.Error, ValueError):
        return {}
    return claims if isinstance(claims, dict) else {}


def _refusal(code: str, call: Call) -> Exception:
    if code == "INVALID_OTP":
        return InvalidOTP(401, code)
    if code == "INVALID_PROVIDER":
        return InvalidProvider(403, code)
    if code == "INVALID_CREDENTIALS":
        return InvalidCredentials(401, code)
    return ProviderUnavailable(f"{call} is refused")
