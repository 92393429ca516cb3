"""The lines in Directus' environment that set up a single sign-on provider.

Directus reads providers from its environment alone, so that the site can only print
them.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

# Directus writes it in capitals into the names of variables.
PROVIDER_NAME = re.compile(r"[a-z][a-z0-9_]{0,31}")
# Directus' own name of the sign-in with a password, and a page of the site: /sso/code/.
RESERVED = ("default", "code")
# Where the site receives providers' answers; Directus adds the rest.
PATH = "/sso"
YOURS = "…"

NGINX_RULE = "location = {path} {{ return 302 {target}$is_args$args; }}"
CADDY_RULE = "redir {path} {target}?{{query}} 302"


@dataclass(frozen=True)
class Kind:
    """A kind of provider.

    Attributes:
        label: the name on the button; empty: the operator's.
        values: variables after `AUTH_<PROVIDER>_`.
        notes: what to know about it.
    """

    driver: str
    values: dict[str, str]
    notes: tuple[str, ...] = ()
    label: str = ""
    icon: str = "key"

    @property
    def is_openid(self) -> bool:
        """Whether Directus reads the addresses of the provider itself."""
        return self.driver == "openid"


DISCOVERY = ".well-known/openid-configuration"
# Without it Directus ends when it cannot reach the provider at its start.
DISCOVERED = {"ISSUER_DISCOVERY_MUST_SUCCEED": "false"}
VERIFIED = {"REQUIRE_VERIFIED_EMAIL": "true"}

KINDS: dict[str, Kind] = {
    "openid": Kind(
        "openid",
        {"ISSUER_URL": f"https://id.example.com/{DISCOVERY}"} | DISCOVERED | VERIFIED,
    ),
    "oauth2": Kind(
        "oauth2",
        {
            "AUTHORIZE_URL": "https://id.example.com/authorize",
            "ACCESS_URL": "https://id.example.com/token",
            "PROFILE_URL": "https://id.example.com/profile",
            "SCOPE": "email",
            # Without it, Directus takes the address for the user's identity.
            "IDENTIFIER_KEY": "id",
        },
        (
            "IDENTIFIER_KEY names the key of a number or id in the profile that never "
            "changes and is never given to another person.",
            "With this driver Directus does not ask whether an address is verified: "
            "use only a provider that verifies addresses itself.",
        ),
    ),
    "google": Kind(
        "openid",
        {
            "ISSUER_URL": f"https://accounts.google.com/{DISCOVERY}",
            # Directus asks for `offline`, and Google answers with a refresh token.
            "PARAMS": 'json:{"access_type":"online"}',
        }
        | DISCOVERED
        | VERIFIED,
        label="Google",
        icon="google",
    ),
    "microsoft": Kind(
        "openid",
        {"ISSUER_URL": f"https://login.microsoftonline.com/{YOURS}/v2.0/{DISCOVERY}"}
        | DISCOVERED,
        (
            "The … in ISSUER_URL is the id of your own tenant. Never use common, "
            "organizations or consumers: other tenants may claim any address.",
            "Microsoft never says that an address is verified, so "
            "REQUIRE_VERIFIED_EMAIL would refuse every new user. Your tenant's "
            "administrators answer for the addresses instead.",
            "Add the optional claim email to the ID token of the app registration.",
        ),
        label="Microsoft",
        icon="microsoft",
    ),
    "github": Kind(
        "oauth2",
        {
            "AUTHORIZE_URL": "https://github.com/login/oauth/authorize",
            "ACCESS_URL": "https://github.com/login/oauth/access_token",
            "PROFILE_URL": "https://api.github.com/user",
            "SCOPE": "read:user",
            "IDENTIFIER_KEY": "id",
            "FIRST_NAME_KEY": "name",
        },
        (
            "Register an OAuth app, not a GitHub App, whose tokens expire.",
            "GitHub sends only a public address, which it has verified. Other users "
            "have none here.",
        ),
        label="GitHub",
        icon="github",
    ),
    "keycloak": Kind(
        "openid",
        {"ISSUER_URL": f"https://{YOURS}/realms/{YOURS}/{DISCOVERY}"}
        | DISCOVERED
        | VERIFIED,
        (
            "The … in ISSUER_URL are the host and the realm. Before Keycloak 17 the "
            "path began with /auth.",
        ),
        icon="key",
    ),
}


def kind_of(provider: str) -> str:
    """Return the kind with this name, else `openid`."""
    return provider if provider in KINDS else "openid"


@dataclass(frozen=True)
class Proxy:
    """The rules at Directus' public host for versions that cannot name the site."""

    nginx: str
    caddy: str


@dataclass(frozen=True)
class SsoPlan:
    """What an operator enters at the provider, in Directus and at its proxy."""

    redirect_address: str
    lines: dict[str, str]
    notes: list[str] = field(default_factory=list)
    proxy: Proxy | None = None


def callback_path(provider: str) -> str:
    """Return the path to which Directus lets a provider send the browser back."""
    return f"/auth/login/{provider}/callback"


def callback_address(site_url: str, provider: str) -> str:
    """Return where the site receives a provider's answers."""
    return f"{site_url}{PATH}{callback_path(provider)}"


def proxy_rules(site_url: str, provider: str) -> Proxy:
    """Return the rules that pass a provider's answers on from Directus to the site."""
    values = {
        "path": callback_path(provider),
        "target": callback_address(site_url, provider),
    }
    return Proxy(NGINX_RULE.format(**values), CADDY_RULE.format(**values))


def sso_plan(
    provider: str,
    kind: Kind,
    *,
    site_url: str,
    directus_url: str,
    customer_role: str,
    others: Iterable[str] = (),
    takes_site: bool = True,
    django_address: str = "127.0.0.1",
) -> SsoPlan:
    """Return what sets a provider up.

    Args:
        provider: its name in Directus.
        site_url: PUBLIC_URL.
        directus_url: the address at which browsers reach Directus.
        customer_role: the id of the customers' role; empty if unknown.
        others: the providers that Directus has.
        takes_site: whether Directus can send browsers to another address than its own.
        django_address: the address or network from which the site calls Directus.
    """
    names = list(dict.fromkeys([*others, provider]))
    lines = {"AUTH_PROVIDERS": ",".join(names)}
    if takes_site:
        lines["AUTH_ALLOWED_PUBLIC_URLS"] = f"{site_url}{PATH}"
    lines["IP_TRUST_PROXY"] = django_address
    lines |= _own_lines(provider, kind, customer_role)
    notes = list(kind.notes)
    if takes_site:
        return SsoPlan(callback_address(site_url, provider), lines, notes)
    at_directus = f"{directus_url}{callback_path(provider)}"
    return SsoPlan(at_directus, lines, notes, proxy_rules(site_url, provider))


def _own_lines(provider: str, kind: Kind, customer_role: str) -> dict[str, str]:
    """Return the variables of one provider."""
    values = {
        "DRIVER": kind.driver,
        "CLIENT_ID": YOURS,
        "CLIENT_SECRET": YOURS,
        **kind.values,
        "ALLOW_PUBLIC_REGISTRATION": "true",
        "DEFAULT_ROLE_ID": customer_role or YOURS,
        "LABEL": kind.label or provider.replace("_", " ").title(),
        "ICON": kind.icon,
    }
    prefix = f"AUTH_{provider.upper()}_"
    return {f"{prefix}{name}": value for name, value in values.items()}
