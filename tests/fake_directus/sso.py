"""/auth and /auth/login/<provider>: single sign-on, and a provider behind it.

Tests play the browser and the provider's page:

    directus.add_provider("exampleid", label="Example ID")
    location = ...                      # where the site sends the browser
    query = directus.approve(location, Person("ada@example.com"))
    client.get("/sso/auth/login/exampleid/callback", query)

`add_provider` returns a `FakeProvider`; its attributes may be changed at any time: for
example `provider.is_down = True` or `provider.allows_registration = False`. `approve`
gives a code for the authorization that an address (or a bare `state`) names; `decline`
gives the answer of a provider's "Cancel". `revoke` ends what a provider gave for
a user (only with `gives_refresh_token`). Users who exist before they sign in here:
`directus.add_user(email, None, provider="exampleid", external_identifier=person.sub)`.
`directus.state.allowed_public_urls` is AUTH_ALLOWED_PUBLIC_URLS.

The answers were measured at Directus 11.17.4, except those marked (read): they come
from its source. Version 10 (`state.has_policies = False`) answers errors as JSON.
"""

import base64
import hashlib
import secrets
from dataclasses import dataclass, field
from http.cookies import SimpleCookie
from urllib.parse import parse_qs, urlencode, urlsplit

from . import answers
from .answers import Answer, Refusal, data
from .asked import Asked, Caller
from .links import PUBLIC_URL
from .state import CUSTOMER, FakeProvider, FakeUser, Person, State
from .tokens import claims_of, is_one_time_code, make_jwt, read_jwt

START_SECONDS = 300
SESSION_SECONDS = 24 * 3600
PLAIN = {"Content-Type": "text/plain; charset=utf-8"}
REASONS = {"INTERNAL_SERVER_ERROR": "UNKNOWN_EXCEPTION"}
PAGE = "http://provider.test/authorize"


@dataclass(frozen=True)
class Grant:
    """What a code of a provider stands for."""

    provider: str
    person: Person = field(repr=False)
    challenge: str = field(repr=False)


def list_providers(state: State, asked: Asked, caller: Caller | None) -> Answer:
    """GET /auth: without labels and icons that are not set."""
    rows = [
        {"name": each.name, "driver": each.driver}
        | ({"label": each.label} if each.label else {})
        | ({"icon": each.icon} if each.icon else {})
        for each in state.providers.values()
    ]
    return data(rows, disableDefault=not state.password_sign_in)


def begin(state: State, asked: Asked, caller: Caller | None, name: str) -> Answer:
    """GET /auth/login/<provider>: 302 to the provider's page, with a cookie."""
    provider = _provider(state, name)
    redirect = asked.query.get("redirect", "/")
    if not redirect.startswith("/") or redirect.startswith("//"):
        reason = f'URL "{redirect}" can\'t be used to redirect after login'
        raise answers.invalid_payload(reason)
    verifier = secrets.token_urlsafe(32)
    claims = {
        "verifier": verifier,
        "redirect": redirect,
        "prompt": bool(asked.query.get("prompt")),
        "callbackUrl": f"{_public_url(state, asked)}/auth/login/{name}/callback",
    }
    if "otp" in asked.query:
        claims["otp"] = asked.query["otp"]
    token = make_jwt(state.now, START_SECONDS, **claims)
    cookie = f"{provider.driver}.{name}={token}; Path=/; HttpOnly; SameSite=Lax"
    if not provider.was_discovered:
        return _sent_to(_login_page("SERVICE_UNAVAILABLE"), cookie)
    challenge = challenge_of(verifier)
    state.authorizations[challenge] = name
    query = {
        "client_id": "directus",
        "scope": "openid profile email" if provider.driver == "openid" else "email",
        "response_type": "code",
        "redirect_uri": claims["callbackUrl"],
        "access_type": "offline",
        "code_challenge": challenge,
        "code_challenge_method": "S256",
        "state": challenge,
    } | ({"nonce": challenge} if provider.driver == "openid" else {})
    return _sent_to(f"{PAGE}?{urlencode(query)}", cookie)


def finish(state: State, asked: Asked, caller: Caller | None, name: str) -> Answer:
    """GET /auth/login/<provider>/callback: 302, with a session or with a reason."""
    provider = _provider(state, name)
    try:
        started = read_jwt(state.now, _cookie(asked, f"{provider.driver}.{name}"))
    except Refusal:
        if provider.driver == "openid" and state.has_policies:
            return _sent_to(_login_page("INVALID_CREDENTIALS"))
        raise answers.invalid_credentials() from None
    gone = f"{provider.driver}.{name}=; Path=/; Expires=Thu, 01 Jan 1970 00:00:00 GMT"
    redirect = started["redirect"]
    try:
        user = _sign_in(state, asked, provider, started)
    except Refusal as refusal:
        if refusal.code == "INVALID_TOKEN" and not started["prompt"]:
            return _sent_to(f"./?redirect={redirect}&prompt=true", gone)
        if not state.has_policies:
            raise
        reason = REASONS.get(refusal.code, refusal.code)
        return _sent_to(f"{redirect.partition('?')[0]}?reason={reason}", gone)
    cookie = _session_cookie(state, asked, provider, user)
    if claims_of(cookie.partition("=")[2].partition(";")[0]).get("enforce_tfa"):
        query = urlencode({"redirect": redirect, "provider": name})
        redirect = f"{PUBLIC_URL}/admin/tfa-setup?{query}"
    return _sent_to(redirect, gone, cookie)


def check_refresh(state: State, user: FakeUser) -> None:
    """Refuse to renew a session if the user's provider refuses, or is away.

    Directus asks it only if it gave a refresh token; the session stays in any case.
    """
    if user.provider == "default":
        return
    provider = state.providers.get(user.provider)
    if provider is None:
        # (read)
        raise Refusal(503, "INVALID_PROVIDER_CONFIG", "Invalid config.")
    if user.grant is None:
        return
    if provider.is_down:
        raise _failed()
    if provider.hangs:
        # (read) After 3.5 seconds; as if there were no such session.
        raise answers.invalid_credentials()
    if provider.refuses_client:
        # (read)
        raise _unusable(provider)
    if user.grant == "revoked":
        raise answers.invalid_token()


class Sso:
    """The verbs for single sign-on."""

    state: State

    def add_provider(
        self,
        name: str = "exampleid",
        *,
        label: str = "",
        driver: str = "openid",
        icon: str = "",
        role: str | None = CUSTOMER,
    ) -> FakeProvider:
        """Set Directus up for a provider; `role` of its new users is a name."""
        role_id = self.state.role_id(role)
        provider = FakeProvider(name, driver, label, icon, role=role_id)
        self.state.providers[name] = provider
        return provider

    def approve(self, location: str, person: Person) -> dict[str, str]:
        """Return the query with which the provider sends a person back."""
        challenge = _state_in(location)
        name = self.state.authorizations[challenge]
        code = secrets.token_urlsafe(32)
        self.state.codes[code] = Grant(name, person, challenge)
        return {"code": code, "state": challenge} | self._issuer(name)

    def decline(self, location: str, error: str = "access_denied") -> dict[str, str]:
        """Return the query with which the provider says that there is no code."""
        challenge = _state_in(location)
        issuer = self._issuer(self.state.authorizations[challenge])
        return {"error": error, "state": challenge} | issuer

    def revoke(self, user: FakeUser) -> None:
        """Let the provider refuse to renew what it gave for a user."""
        assert user.grant, "the provider gave no refresh token"
        user.grant = "revoked"

    def _issuer(self, name: str) -> dict[str, str]:
        provider = self.state.providers[name]
        return {"iss": provider.issuer} if provider.driver == "openid" else {}


def challenge_of(verifier: str) -> str:
    """Return the S256 challenge of a verifier."""
    digest = hashlib.sha256(verifier.encode()).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


# The start


def _provider(state: State, name: str) -> FakeProvider:
    if name not in state.providers:
        raise answers.no_route("/")
    return state.providers[name]


def _public_url(state: State, asked: Asked) -> str:
    """Return the address that belongs to the origin of a request."""
    scheme = asked.headers.get("X-Forwarded-Proto", "http")
    origin = f"{scheme}://{asked.headers.get('Host', '')}"
    for url in state.allowed_public_urls:
        parts = urlsplit(url)
        if origin == f"{parts.scheme}://{parts.netloc}":
            return url
    return PUBLIC_URL


def _login_page(reason: str) -> str:
    return f"{PUBLIC_URL}/admin/login?reason={reason}"


def _sent_to(url: str, *cookies: str) -> Answer:
    return Answer(
        302, f"Found. Redirecting to {url}", PLAIN | {"Location": url}, cookies
    )


def _state_in(location: str) -> str:
    return parse_qs(urlsplit(location).query).get("state", [location])[0]


# The callback


def _cookie(asked: Asked, name: str) -> str:
    found = SimpleCookie(asked.headers.get("Cookie", "")).get(name)
    return found.value if found else ""


def _sign_in(
    state: State, asked: Asked, provider: FakeProvider, started: dict[str, str]
) -> FakeUser:
    """Return the user for a provider's answer, or refuse it."""
    person = _person(state, asked, provider, started["verifier"])
    user = _known(state, person) or _registered(state, provider, person)
    user.grant = "alive" if provider.gives_refresh_token else user.grant
    if user.status != "active" or user.provider != provider.name:
        raise answers.invalid_credentials()
    state.count_attempt(user)
    otp = started.get("otp", "")
    if user.otp_secret and not is_one_time_code(otp, user.otp_secret, state.now):
        raise answers.invalid_otp()
    user.attempts = 0
    return user


def _person(
    state: State, asked: Asked, provider: FakeProvider, verifier: str
) -> Person:
    """Exchange the code at the provider."""
    code, challenge = asked.query.get("code"), asked.query.get("state")
    if not code or not challenge:
        raise answers.invalid_credentials()
    if provider.is_down:
        raise _failed()
    issuer = asked.query.get("iss")
    is_right = provider.driver != "openid" or issuer == provider.issuer
    if challenge != challenge_of(verifier) or not is_right:
        # Before the code is sent to the provider.
        raise answers.invalid_credentials()
    if provider.hangs:
        # (read) After 3.5 seconds.
        raise answers.invalid_credentials()
    if provider.refuses_client:
        raise _unusable(provider)
    grant = state.codes.pop(code, None)
    # Directus may know one provider under several names.
    expected = (provider.issuer, challenge)
    if grant is None or (_issuer_of(state, grant), grant.challenge) != expected:
        raise answers.invalid_token()
    return grant.person


def _issuer_of(state: State, grant: Grant) -> str:
    return state.providers[grant.provider].issuer


def _failed() -> Refusal:
    text = "An unexpected error occurred."
    return Refusal(500, "INTERNAL_SERVER_ERROR", text)


def _unusable(provider: FakeProvider) -> Refusal:
    reason = "Service returned unexpected response: client authentication failed"
    text = f'Service "{provider.driver}" is unavailable. {reason}.'
    facts = {"service": provider.driver, "reason": reason}
    return Refusal(503, "SERVICE_UNAVAILABLE", text, **facts)


def _known(state: State, person: Person) -> FakeUser | None:
    """Return the user with an identifier, whatever the case and the provider."""
    wanted = person.sub.lower()
    for user in state.users.values():
        if (user.external_identifier or "").lower() == wanted:
            return user
    return None


def _registered(state: State, provider: FakeProvider, person: Person) -> FakeUser:
    is_verified = person.email_verified or not provider.requires_verified_email
    # The driver for OAuth2 does not look at it (read).
    is_verified = is_verified or provider.driver != "openid"
    if not provider.allows_registration or not is_verified:
        raise answers.invalid_credentials()
    if person.email and state.find(person.email):
        raise Refusal(403, "INVALID_PROVIDER", "Invalid provider.")
    user = FakeUser(
        person.email,
        None,
        role=provider.role,
        first_name=person.first_name,
        last_name=person.last_name,
        provider=provider.name,
        external_identifier=person.sub,
    )
    state.users[user.id] = user
    return user


def _session_cookie(
    state: State, asked: Asked, provider: FakeProvider, user: FakeUser
) -> str:
    """Begin a session; it is in a JWT, or (MODE=cookie) it is the value itself."""
    tokens = state.start_session(user, asked.address, asked.user_agent, is_sign_in=True)
    refresh_token = str(tokens["refresh_token"])
    ends = "Path=/; HttpOnly; SameSite=Strict"
    if not provider.has_session_cookie:
        return f"directus_refresh_token={refresh_token}; {ends}"
    claims = claims_of(str(tokens["access_token"])) | {"session": refresh_token}
    token = make_jwt(state.now, SESSION_SECONDS, **claims)
    return f"directus_session_token={token}; {ends}"
