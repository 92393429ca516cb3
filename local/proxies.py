"""nginx and Caddy for the tests: the machine's own, or Debian's packages, unpacked.

The programs run from the cache folder.
"""

import os
import shutil
from pathlib import Path

from .debian import unpack
from .paths import cache_folder
from .progress import step

NAMES = ("nginx", "caddy")


def path_of(name: str) -> str | None:
    """Return the path of a proxy; None if the machine and the cache have none."""
    unpacked = f"{_folder()}/usr/sbin{os.pathsep}{_folder()}/usr/bin"
    return shutil.which(name) or shutil.which(name, path=unpacked)


def nginx(folder: Path, text: str) -> list[str | Path]:
    """Return the command that starts nginx in front, with its files in a folder.

    Args:
        text: what is in `http`, such as deploy/nginx.conf.
    """
    config = folder / "nginx.conf"
    # Its workers write to this folder, too.
    user = "user root; " if os.geteuid() == 0 else ""
    paths = "".join(
        f"{kind}_temp_path {folder}/{kind};\n"
        for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    config.write_text(
        f"{user}daemon off; pid {folder}/pid; error_log stderr;\n"
        f"events {{}}\nhttp {{\naccess_log off;\n{paths}{text}}}\n"
    )
    return [path_of("nginx") or "nginx", "-p", folder, "-e", "stderr", "-c", config]


def caddy(folder: Path, text: str) -> list[str | Path]:
    """Return the command that starts Caddy with the text of a Caddyfile."""
    config = folder / "Caddyfile"
    config.write_text(text)
    run = [path_of("caddy") or "caddy", "run", "--adapter", "caddyfile"]
    return [*run, "--config", config]


def fetch() -> None:
    """Unpack the proxies that the machine lacks, where there is Debian's apt-get."""
    missing = [name for name in NAMES if path_of(name) is None]
    if missing:
        with step("Fetching nginx and Caddy (first time only)"):
            unpack(missing, _folder())


def _folder() -> Path:
    return cache_folder() / "proxies"
