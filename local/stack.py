"""Directus, its mail catcher, a provider and the site, for `make run` and for tests."""

import contextlib
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import quote

from .admin import Admin, ensure_user
from .demo import add_tickets
from .directus import Directus, local_environment
from .mail import MailCatcher
from .mail_page import MailPage
from .paths import ROOT, key
from .ports import HOST, Ports
from .provider import PEOPLE, PROVIDER, STAFF, Provider
from .state import ADMIN_EMAIL, State
from .versions import Version, chosen_version
from .website import Website

DEMO_CUSTOMERS = (("ada@example.com", "Ada"), ("grace@example.com", "Grace"))
FROM_SETUP = ("DIRECTUS_SERVICE_TOKEN", "DIRECTUS_CUSTOMER_ROLE")


class Stack:
    """
    All servers of one checkout or one test run, on loopback ports.

    `base_env` is what the site gets beside its own settings, from the caller's shell.
    There is no provider for a Directus that cannot use one.
    """

    def __init__(
        self,
        state: State,
        ports: Ports,
        *,
        base_env: Mapping[str, str],
        directus_env: Mapping[str, str] | None = None,
        version: Version | None = None,
    ) -> None:
        self.state = state
        self.ports = ports
        self.site_url = f"http://localhost:{ports.site}"
        self.mail_url = f"http://localhost:{ports.mail}"
        env = local_environment(state, ports, self.site_url)
        self.directus_public_url = env["PUBLIC_URL"]
        version = version or chosen_version()
        self.provider = None
        if not version.without_provider:
            self.provider = Provider(state, ports, self.site_url)
            env |= self.provider.directus_environment()
        self.directus = Directus(state, env | dict(directus_env or {}), version)
        self.admin = Admin(self.directus.url, state.secrets()["admin_token"])
        self.site = self._website(base_env)
        self.mail = MailCatcher(state.mail, ports.smtp)
        self.mail_page = MailPage(state.mail, state.mail_samples, ports.mail)

    def start_mail(self) -> None:
        """Start the mail catcher and its page."""
        self.mail.start()
        self.mail_page.start()

    def start_provider(self) -> None:
        """Start the provider, if there is one."""
        if self.provider is not None:
            self.provider.start()
            self.provider.wait()

    def prepare_site(self) -> None:
        """Create the site's tables and collect its static files; needs no Directus."""
        self.site.manage("migrate", "--no-input")
        collected = self.state.folder / "static.key"
        current = _static_key()
        if not collected.exists() or collected.read_text() != current:
            self.site.manage("collectstatic", "--no-input", "--clear")
            collected.write_text(current)

    def write_mail_samples(self) -> None:
        """Write every mail of the site for the mail catcher's page."""
        self.site.manage("mail_samples", str(self.state.mail_samples))

    def provision(self) -> None:
        """Bring Directus to what the site needs, and hand the site its token."""
        env_file = str(self.state.site_env)
        token = self.state.secrets()["admin_token"]
        command = ["directus_setup", "--yes", "--env-file", env_file]
        # Or Directus would suspend an account for good after 25 wrong passwords.
        command += ["--login-attempts", "none"]
        self.site.manage(*command, DIRECTUS_ADMIN_TOKEN=token)

    def add_demo_customers(self) -> None:
        """Create the demo customers that are not there yet."""
        password = self.state.secrets()["customer_password"]
        for email, name in DEMO_CUSTOMERS:
            fields = {"first_name": name, "last_name": "Example"}
            ensure_user(self.admin, email, password, role=self.customer_role, **fields)

    def add_demo_tickets(self) -> None:
        """Create products, and tickets of the demo customers that have none."""
        add_tickets(self.admin, [email for email, _name in DEMO_CUSTOMERS])

    def add_provider_staff(self) -> None:
        """Create the administrator who signs in with the provider, if there is one."""
        if self.provider is None:
            return
        person = PEOPLE[STAFF]
        ensure_user(
            self.admin,
            person["email"],
            None,
            role=self.admin.role_id("Administrator"),
            provider=PROVIDER,
            external_identifier=STAFF,
            first_name=person["given_name"],
            last_name=person["family_name"],
        )

    @property
    def customer_role(self) -> str:
        """Return the id of the role that customers have."""
        return self.site_settings()["DIRECTUS_CUSTOMER_ROLE"]

    def site_settings(self) -> dict[str, str]:
        """Return the variables in site.env."""
        lines = self.state.site_env.read_text().splitlines()
        return dict(line.split("=", 1) for line in lines if "=" in line)

    def credentials(self) -> dict[str, object]:
        """Return what people and checks need to use the stack."""
        kept = self.state.secrets()
        password = kept["customer_password"]
        return {
            "site_url": self.site_url,
            "directus_url": self.directus_public_url,
            "mail_url": self.mail_url,
            "mail_dir": str(self.state.mail),
            "admin_email": ADMIN_EMAIL,
            "admin_password": kept["admin_password"],
            "admin_token": kept["admin_token"],
            "demo_customers": [
                {"email": email, "password": password, "first_name": name}
                for email, name in DEMO_CUSTOMERS
            ],
        }

    def stop(self) -> None:
        """Stop everything, the site first."""
        with contextlib.ExitStack() as stops:
            for server in (self.mail, self.mail_page, self.directus, self.site):
                stops.callback(server.stop)
            if self.provider is not None:
                stops.callback(self.provider.stop)

    def _website(self, base_env: Mapping[str, str]) -> Website:
        own = self._site_env()
        self.state.save_site_env(own)
        # What site.env says must not be overridden by the shell that started us.
        env = {
            name: value
            for name, value in base_env.items()
            if name not in own and name not in FROM_SETUP
        }
        env["DJANGO_ENV_FILE"] = str(self.state.site_env)
        env["DJANGO_SETTINGS_MODULE"] = "config.settings"
        return Website(env, self.ports.site, self.state.log / "site.log")

    def _site_env(self) -> dict[str, str]:
        kept = self.state.secrets()
        folder = self.state.folder
        return {
            "DJANGO_SECRET_KEY": kept["django_secret_key"],
            "TOKEN_ENCRYPTION_KEYS": kept["token_encryption_key"],
            "PUBLIC_URL": self.site_url,
            "TRUSTED_PROXIES": "",
            "DATABASE_URL": _sqlite_url(folder / "site.sqlite3"),
            "STATIC_ROOT": str(folder / "static"),
            "EMAIL_URL": f"smtp://{HOST}:{self.ports.smtp}",
            "DIRECTUS_URL": self.directus.url,
            "DIRECTUS_PUBLIC_URL": self.directus_public_url,
            "DIRECTUS_WEBHOOK_SECRET": kept["webhook_secret"],
            # For demonstration: Directus' administrators may use Django's admin.
            "DIRECTUS_STAFF_ROLES": "Administrator",
            "DIRECTUS_SUPERUSER_ROLES": "Administrator",
            # Only Django reaches this Directus, and Django throttles by itself.
            "DIRECTUS_LOGIN_ATTEMPTS": "0",
            "SSO_SIGN_OUT_URLS": self.provider.sign_out_setting
            if self.provider
            else "",
        }


def _static_key() -> str:
    """Return a word that changes with the static files, the packages' included."""
    files = sorted(file for file in (ROOT / "static").rglob("*") if file.is_file())
    names = [str(file.relative_to(ROOT)) for file in files]
    return key(*files, *names, ROOT / "requirements.lock")


def _sqlite_url(path: Path) -> str:
    return f"sqlite:///{quote(str(path))}"
