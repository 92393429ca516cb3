"""The real Directus: its environment, its start and its end."""

import os
from collections.abc import Mapping
from pathlib import Path

from accounts.operations.provisioning.environment import directus_environment

from .node import directus_tree, node_for
from .paths import cache_folder
from .ports import HOST, Ports
from .problem import Problem
from .processes import Process, run
from .server import Server
from .state import ADMIN_EMAIL, State
from .versions import Version

# Past Directus' update check, which asks the npm registry at each start.
CLI = "node_modules/@directus/api/dist/cli/run.js"
# Nothing else of the shell's environment reaches Directus: it reads every variable.
PASSED_ON = ("PATH", "HOME", "LANG", "TMPDIR")


def local_environment(state: State, ports: Ports, site_url: str) -> dict[str, str]:
    """Return the settings of the local Directus."""
    site_needs = directus_environment(
        reset_url=f"{site_url}/reset-password/",
        verify_url=f"{site_url}/verify-email/",
        invite_url=f"{site_url}/invite/",
        webhook_url=f"{site_url}/webhooks/directus/",
        django_address=HOST,
    )
    return {
        **site_needs,
        **least_environment(state, ports),
        **_mail_settings(ports),
        "USER_INVITE_URL_ALLOW_LIST": f"{site_url}/invite/",
        "LOGIN_STALL_TIME": "500",
        "REFRESH_TOKEN_TTL": "7d",
        "RATE_LIMITER_ENABLED": "true",
        "RATE_LIMITER_POINTS": "300",
        "RATE_LIMITER_DURATION": "1",
        # A laptop that is busy with something else is no reason to answer 503.
        "PRESSURE_LIMITER_ENABLED": "false",
        "CACHE_ENABLED": "false",
        "WEBSOCKETS_ENABLED": "false",
        "MCP_ENABLED": "false",
        "AI_ENABLED": "false",
        "TELEMETRY": "false",
        # On SQLite it tells times in its own time zone, without saying which.
        "TZ": "UTC",
        "NODE_ENV": "production",
        "NODE_OPTIONS": "--max-old-space-size=512",
    }


def least_environment(state: State, ports: Ports) -> dict[str, str]:
    """Return the settings that Directus needs to start, with folders of its own."""
    kept = state.secrets()
    return {
        "HOST": HOST,
        "PORT": str(ports.directus),
        "PUBLIC_URL": f"http://localhost:{ports.directus}",
        "KEY": kept["directus_key"],
        "SECRET": kept["directus_secret"],
        "ADMIN_EMAIL": ADMIN_EMAIL,
        "ADMIN_PASSWORD": kept["admin_password"],
        "ADMIN_TOKEN": kept["admin_token"],
        "DB_CLIENT": "sqlite3",
        "DB_FILENAME": str(state.directus / "data.db"),
        "STORAGE_LOCAL_ROOT": str(state.directus / "uploads"),
        "EXTENSIONS_PATH": str(state.directus / "extensions"),
        "TEMP_PATH": str(state.directus / "temporary"),
    }


def _mail_settings(ports: Ports) -> dict[str, str]:
    return {
        "EMAIL_TRANSPORT": "smtp",
        "EMAIL_FROM": "no-reply@example.com",
        "EMAIL_SMTP_HOST": HOST,
        "EMAIL_SMTP_PORT": str(ports.smtp),
        "EMAIL_SMTP_SECURE": "false",
        "EMAIL_SMTP_IGNORE_TLS": "true",
        "RATE_LIMITER_EMAIL_POINTS": "600",
    }


class Directus(Server):
    """A Directus server on loopback, with its data in the state folder."""

    name = "Directus"
    ping = "/server/ping"
    start_seconds = 240

    def __init__(self, state: State, env: Mapping[str, str], version: Version) -> None:
        super().__init__(
            env, f"http://{HOST}:{env['PORT']}", state.log / "directus.log"
        )
        self.version = version
        self._state = state

    def start(self, **overrides: str) -> None:
        """Start the server, with these settings instead of the usual ones."""
        tree = directus_tree(self.version)
        env = self._environment(tree) | overrides
        self._install_database(tree, env)
        self._process = Process(
            self.name,
            [node_for(self.version).program, tree / CLI, "start"],
            env=env,
            cwd=self._state.directus,
            log=self.log,
        )

    def _environment(self, tree: Path) -> dict[str, str]:
        passed = {name: os.environ[name] for name in PASSED_ON if name in os.environ}
        cache = {"NODE_COMPILE_CACHE": str(cache_folder() / "node-compile-cache")}
        return passed | self.env | cache | {"PACKAGE_FILE_LOCATION": str(tree)}

    def _install_database(self, tree: Path, env: Mapping[str, str]) -> None:
        """Create or migrate the tables, when this Directus has not done so yet."""
        folder = self._state.directus
        done = folder / "installed"
        if done.exists() and done.read_text() == tree.name:
            return
        for name in ("uploads", "extensions", "temporary"):
            (folder / name).mkdir(exist_ok=True)
        # A `.env` in the working folder would win over these settings; there is none.
        node = node_for(self.version)
        args: list[str | Path] = [node.program, tree / CLI, "bootstrap"]
        code, output = run(args, env=env, cwd=folder)
        with open(self.log, "a") as log:
            log.write(output)
        if code:
            raise Problem(
                f"Directus could not create its tables: {self.log} tells why."
            )
        done.write_text(tree.name)
