"""The providers of single sign-on, and the browsers that people take to them."""

import secrets
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, urlencode, urljoin, urlsplit

import requests

from accounts.directus import TokenPair
from accounts.directus.sso import SsoStart, SsoTokens
from local.provider import LABEL, PROVIDER
from tests import fake_directus
from tests.oauth2_provider import CANCEL
from tests.stack import CLOSED, HUB

from .fake_world import FakeWorld
from .real_world import RealWorld
from .worlds import World, new_email

DRIVERS = {PROVIDER: "openid", HUB: "oauth2"}


@dataclass(frozen=True)
class Stranger:
    """A person whom a provider knows by a number."""

    sub: str
    email: str | None
    is_verified: bool = True
    has_refresh_token: bool = False


def new_stranger(email: str | None = "", **values: bool) -> Stranger:
    """Return a person who never was at the site; None for the address: has none."""
    number = str(10**9 + secrets.randbelow(10**9))
    return Stranger(number, new_email("sso") if email == "" else email, **values)


class Providers:
    """What tests do to providers, and how people sign in with them."""

    def __init__(self, world: Any) -> None:
        self.world: World = world

    def begin(self, provider: str, *, site: str = "", otp: str = "") -> SsoStart:
        """Begin as the site does."""
        site = site or self.world.site_url
        return self.world.anonymous().begin_sso(provider, site=site, otp=otp)

    def finish(
        self, provider: str, start: SsoStart, answer: dict[str, str], cookie: str = ""
    ) -> SsoTokens:
        """Bring a provider's answer to Directus."""
        return self.world.anonymous().finish_sso(
            provider,
            site=self.world.site_url,
            cookie=cookie or start.cookie,
            answer=answer,
        )

    def sign_in(self, provider: str, stranger: Stranger, otp: str = "") -> SsoTokens:
        """Go the whole way."""
        start = self.begin(provider, otp=otp)
        return self.finish(provider, start, self.approve(start.url, stranger))

    # Of each world

    def approve(self, url: str, stranger: Stranger) -> dict[str, str]:
        """Return the answer of a provider when a person agrees."""
        raise NotImplementedError

    def cancel(self, url: str) -> dict[str, str]:
        """Return the answer of a provider when a person presses Cancel."""
        raise NotImplementedError

    def add_user(self, provider: str, stranger: Stranger) -> None:
        """Let a provider's user be in Directus before the first sign-in."""
        raise NotImplementedError

    def user(self, stranger: Stranger) -> tuple[str | None, str, str]:
        """Return address, provider and identifier of a user as Directus has them."""
        raise NotImplementedError

    def stop(self, provider: str) -> None:
        """Let Directus not reach a provider, for this test."""
        raise NotImplementedError

    def never_reached(self, provider: str) -> None:
        """Stop a provider that Directus could not reach since its start."""
        raise NotImplementedError

    def start(self, provider: str) -> None:
        """Let a stopped provider serve again."""
        raise NotImplementedError

    def revoke(self, provider: str, stranger: Stranger) -> None:
        """End what a provider has promised for a person."""
        raise NotImplementedError


class FakeProviders(Providers):
    """Providers of the Directus in memory."""

    world: FakeWorld

    def __init__(self, world: FakeWorld) -> None:
        super().__init__(world)
        add = world.directus.add_provider
        self._rows = {
            PROVIDER: add(PROVIDER, label=LABEL, icon="key"),
            HUB: add(HUB, driver="oauth2", label="Example Hub"),
            CLOSED: add(CLOSED, label="Closed ID", icon="key"),
        }
        self._rows[CLOSED].allows_registration = False
        self._rows[HUB].issuer = "http://hub.test"

    def approve(self, url: str, stranger: Stranger) -> dict[str, str]:
        for row in self._rows.values():
            row.gives_refresh_token = stranger.has_refresh_token
        person = fake_directus.Person(
            stranger.email, email_verified=stranger.is_verified, sub=stranger.sub
        )
        return self.world.directus.approve(url, person)

    def cancel(self, url: str) -> dict[str, str]:
        return self.world.directus.decline(url)

    def add_user(self, provider: str, stranger: Stranger) -> None:
        self.world.directus.add_user(
            stranger.email,
            None,
            provider=provider,
            external_identifier=stranger.sub,
        )

    def user(self, stranger: Stranger) -> tuple[str | None, str, str]:
        found = self._user(stranger)
        return found.email, found.provider, found.external_identifier

    def _user(self, stranger: Stranger) -> Any:
        users = self.world.directus.state.users.values()
        return next(u for u in users if u.external_identifier == stranger.sub)

    def stop(self, provider: str) -> None:
        self._rows[provider].is_down = True

    def never_reached(self, provider: str) -> None:
        self._rows[provider].is_down = True
        self._rows[provider].was_discovered = False

    def start(self, provider: str) -> None:
        self._rows[provider].is_down = False
        self._rows[provider].was_discovered = True

    def refuse_client(self, provider: str) -> None:
        self._rows[provider].refuses_client = True

    def revoke(self, provider: str, stranger: Stranger) -> None:
        self.world.directus.revoke(self._user(stranger))


class RealProviders(Providers):
    """Servers of their own, met by plain HTTP."""

    world: RealWorld

    def __init__(self, world: RealWorld) -> None:
        super().__init__(world)
        self._servers = {
            PROVIDER: world.stack.provider,
            CLOSED: world.stack.provider,
            HUB: world.stack.hub,
        }

    def approve(self, url: str, stranger: Stranger) -> dict[str, str]:
        if self._is_hub(url):
            hub = self.world.stack.hub
            hub.people[stranger.sub] = {
                "id": int(stranger.sub),
                "name": "Octo",
                "email": stranger.email,
            }
            if stranger.has_refresh_token:
                hub.with_refresh_token.add(stranger.sub)
            return self._at_hub(url, stranger.sub)
        claims = {
            "given_name": "Erika",
            "family_name": "Example",
            "email_verified": stranger.is_verified,
            "has_refresh_token": stranger.has_refresh_token,
        }
        if stranger.email:
            claims["email"] = stranger.email
        self.world.stack.provider.add_person(stranger.sub, **claims)
        return choose(url, sub=stranger.sub)

    def sign_in_known(self, sub: str) -> TokenPair:
        """Sign in a person whom Example ID knows already, past the site."""
        start = self.begin(PROVIDER)
        return self.finish(PROVIDER, start, choose(start.url, sub=sub)).tokens

    def cancel(self, url: str) -> dict[str, str]:
        return (
            self._at_hub(url, CANCEL) if self._is_hub(url) else choose(url, cancel="1")
        )

    def add_user(self, provider: str, stranger: Stranger) -> None:
        self.world.admin.create_user(
            stranger.email,
            None,
            role=self.world.customer_role,
            provider=provider,
            external_identifier=stranger.sub,
        )

    def user(self, stranger: Stranger) -> tuple[str | None, str, str]:
        fields = "email,provider,external_identifier"
        (row,) = self.world.admin.call(
            "GET",
            f"/users?fields={fields}&filter[external_identifier][_eq]={stranger.sub}",
        )
        return row["email"], row["provider"], row["external_identifier"]

    def stop(self, provider: str) -> None:
        self._servers[provider].stop()

    def never_reached(self, provider: str) -> None:
        self.stop(provider)
        self.world.stack.restart_directus()

    def start(self, provider: str) -> None:
        self._servers[provider].start()
        if provider != HUB:
            self._servers[provider].wait()

    def refuse_client(self, provider: str) -> None:
        assert provider == HUB
        self.world.stack.hub.refuses_client = True

    def revoke(self, provider: str, stranger: Stranger) -> None:
        if provider == HUB:
            self.world.stack.hub.tokens.clear()
        else:
            # Its promises are in memory.
            self.stop(provider)
            self.start(provider)

    def _is_hub(self, url: str) -> bool:
        return url.startswith(f"{self.world.stack.hub.url}/")

    def _at_hub(self, url: str, person: str) -> dict[str, str]:
        page = f"{url}&{urlencode({'person': person})}"
        answer = requests.get(page, allow_redirects=False, timeout=10)
        return query_of(answer.headers["Location"])


def choose(url: str, **form: str) -> dict[str, str]:
    """Open a page of Example ID, press a button, and return what it answers."""
    origin = urlsplit(url)._replace(path="", query="").geturl()
    with requests.Session() as browser:
        page = browser.get(url, timeout=10)
        assert page.status_code == 200, page.text
        answer = browser.post(page.url, form, allow_redirects=False, timeout=10)
        while (to := urljoin(answer.url, answer.headers["Location"])).startswith(
            origin
        ):
            answer = browser.get(to, allow_redirects=False, timeout=10)
    return query_of(to)


def query_of(url: str) -> dict[str, str]:
    """Return the query of an address."""
    return dict(parse_qsl(urlsplit(url).query))


def providers_of(world: FakeWorld | RealWorld) -> FakeProviders | RealProviders:
    """Return the providers of a world."""
    if isinstance(world, FakeWorld):
        return FakeProviders(world)
    return RealProviders(world)
