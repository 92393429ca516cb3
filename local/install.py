"""Install what the tests need beside Python packages: servers and Chromium."""

import os
import shutil
import sys

from . import prometheus, proxies
from .node import directus_tree, provider_tree
from .paths import ROOT
from .problem import Problem, report
from .processes import Stopped, run, stoppable
from .progress import step
from .versions import chosen_version

# The shell first: Chromium without windows, which takes less of the processor.
BROWSERS = (
    "chromium-headless-shell",
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
)
# Debian has the first two, Ubuntu the last.
PACKAGES = ("chromium-headless-shell", "chromium", "chromium-browser")


def main() -> int:
    """Install what is missing."""
    version = chosen_version()
    # Directus last: it takes minutes, and the others may be lacking for good.
    if chromium() is None:
        _install_chromium()
    proxies.fetch()
    prometheus.program("promtool")
    directus_tree(version)
    provider_tree()
    return 0


def chromium() -> str | None:
    """Return the path of a Chromium, if the machine has one."""
    found = (shutil.which(name) for name in BROWSERS)
    return next((path for path in found if path), None)


def _install_chromium() -> None:
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        raise Problem(
            "The browser tests need Chromium: install it (on Debian: apt-get install"
            f" {PACKAGES[0]}, on Ubuntu: apt-get install {PACKAGES[-1]})."
        )
    with step("Installing Chromium (first time only)"):
        output = _apt_get("update")
        for package in PACKAGES:
            output = _apt_get("install", "-y", "--no-install-recommends", package)
            if chromium():
                return
    last = output.strip().splitlines()[-1:] or ["no reason given"]
    raise Problem(f"Chromium could not be installed: {last[0]}")


def _apt_get(*args: str) -> str:
    """Run apt-get; return what it says."""
    env = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    return run(["apt-get", "-q", *args], env=env, cwd=ROOT)[1]


if __name__ == "__main__":
    try:
        with stoppable():
            sys.exit(report(main))
    except Stopped as stopped:
        sys.exit(stopped.exit_code)
