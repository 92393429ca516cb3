"""Example ID: a real OpenID provider, with people made up, for single sign-on."""

import json
import os
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from accounts.directus.ids import DEFAULT_CUSTOMER_ROLE, customer_role_id
from accounts.operations.provisioning.sso import callback_address

from .directus import PASSED_ON
from .node import default_node, provider_tree
from .paths import ROOT
from .ports import HOST, Ports
from .processes import Process
from .server import Server
from .state import State, write_private

PROVIDER = "exampleid"
LABEL = "Example ID"
CLIENT_ID = "directus"
CUSTOMER_ROLE = customer_role_id(DEFAULT_CUSTOMER_ROLE)
STAFF = "mary"
PEOPLE: Mapping[str, Mapping[str, Any]] = {
    "erika": {
        "given_name": "Erika",
        "family_name": "Neumann",
        "email": "erika@example.org",
        "email_verified": True,
        "about": "New: gets an account at the first sign-in",
    },
    STAFF: {
        "given_name": "Mary",
        "family_name": "Staff",
        "email": "mary@example.org",
        "email_verified": True,
        "about": "Staff: an administrator of Directus",
    },
    "ada": {
        "given_name": "Ada",
        "family_name": "Example",
        "email": "ada@example.com",
        "email_verified": True,
        "about": "The address has an account with a password",
    },
    "linus": {
        "given_name": "Linus",
        "family_name": "Late",
        "email": "linus@example.org",
        "email_verified": False,
        "about": "The address isn't confirmed here",
    },
}


class Provider(Server):
    """The provider on loopback; its keys and people are in the state folder."""

    name = LABEL
    ping = "/.well-known/openid-configuration"
    start_seconds = 60

    def __init__(self, state: State, ports: Ports, site_url: str) -> None:
        # Not localhost: to a browser, the provider is to be another site.
        url = f"http://{HOST}:{ports.provider}"
        folder = state.folder / "provider"
        folder.mkdir(exist_ok=True)
        self._site_url = site_url
        self._people = dict(PEOPLE)
        self._file = folder / "people.json"
        kept = state.secrets()
        self._secret = kept["provider_client_secret"]
        env = {
            "NAME": LABEL,
            "ISSUER": url,
            "SITE_URL": site_url,
            "CLIENT_ID": CLIENT_ID,
            "CLIENT_SECRET": self._secret,
            "COOKIE_KEY": kept["provider_cookie_key"],
            "REDIRECT_URIS": callback_address(site_url, PROVIDER),
            "PEOPLE": str(self._file),
            "KEYS": str(folder / "keys.json"),
        }
        super().__init__(env, url, state.log / "provider.log")

    def start(self) -> None:
        """Start the server."""
        self._save_people()
        passed = {name: os.environ[name] for name in PASSED_ON if name in os.environ}
        self._process = Process(
            self.name,
            [default_node().program, ROOT / "local" / "provider" / "server.mjs"],
            env=passed | self.env,
            cwd=provider_tree(),
            log=self.log,
        )

    def add_person(self, sub: str, **claims: Any) -> None:
        """Let there be another person, or this one with other claims."""
        self._people[sub] = claims
        self._save_people()

    def directus_environment(self) -> dict[str, str]:
        """Return the variables with which Directus offers it."""
        return {
            "AUTH_PROVIDERS": PROVIDER,
            "AUTH_ALLOWED_PUBLIC_URLS": f"{self._site_url}/sso",
            **self.directus_settings(PROVIDER),
        }

    def directus_settings(self, name: str, **others: str) -> dict[str, str]:
        """Return the variables that describe it under a name."""
        values = {
            "DRIVER": "openid",
            "CLIENT_ID": CLIENT_ID,
            "CLIENT_SECRET": self._secret,
            "ISSUER_URL": f"{self.url}{self.ping}",
            "ISSUER_DISCOVERY_MUST_SUCCEED": "false",
            "ALLOW_PUBLIC_REGISTRATION": "true",
            "REQUIRE_VERIFIED_EMAIL": "true",
            "DEFAULT_ROLE_ID": CUSTOMER_ROLE,
            "LABEL": LABEL,
            "ICON": "key",
            **others,
        }
        return {f"AUTH_{name.upper()}_{key}": value for key, value in values.items()}

    @property
    def sign_out_setting(self) -> str:
        """Return the site's SSO_SIGN_OUT_URLS: people come back to the sign-in page."""
        back = {
            "client_id": CLIENT_ID,
            "post_logout_redirect_uri": f"{self._site_url}/login/",
        }
        return f"{PROVIDER}={self.url}/session/end?{urlencode(back)}"

    def _save_people(self) -> None:
        write_private(self._file, json.dumps(self._people, indent=2) + "\n")
