"""The virtual environment: one for each set of requirements and each Python."""

import importlib.util
import os
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

from .paths import ROOT, cache_folder, key, locked
from .problem import Problem
from .processes import run
from .progress import Step, step

# The packages that are named by hand, and all that come with them.
LOCKS = {
    "requirements.txt": "requirements.lock",
    "requirements-dev.txt": "requirements-dev.lock",
    "requirements-next.txt": "requirements-next.lock",
}
LOCK = LOCKS["requirements-dev.txt"]
# The newest Django is installed over the LTS: one after the other.
NEXT_LOCKS = (LOCK, LOCKS["requirements-next.txt"])
NO_INDEX = (
    "NewConnectionError",
    "MaxRetryError",
    "ConnectTimeout",
    "connection broken by",
    "name resolution",
)


def environment(locks: Sequence[str] = (LOCK,)) -> Path:
    """Return the Python of the environment with these locks, making it when it is new.

    Raises:
        Problem: this Python has no venv module, or a package cannot be installed.
    """
    files = [ROOT / lock for lock in locks]
    name = key(*files, sys.version, sys.base_prefix)
    folder = cache_folder() / f"venv-{name}"
    python = folder / "bin" / "python"
    # A virtual environment knows its own path and cannot be renamed when finished.
    finished = folder / "finished"
    if finished.exists():
        return python
    with locked(folder):
        if not finished.exists():
            shutil.rmtree(folder, ignore_errors=True)
            with step("Installing the Python packages (first time only)") as shown:
                _create(folder)
                for file in files:
                    _install(python, file, shown)
            finished.touch()
    return python


def _create(folder: Path) -> None:
    if not all(importlib.util.find_spec(name) for name in ("venv", "ensurepip")):
        raise Problem(
            "This Python lacks its venv module: install it"
            " (on Debian and Ubuntu: apt-get install python3-venv)."
        )
    args: list[str | Path] = [sys.executable, "-m", "venv", folder]
    code, output = run(args, env=os.environ, cwd=ROOT)
    if code:
        last = output.strip().splitlines()[-1:] or ["no reason given"]
        raise Problem(f"No virtual environment could be made in {folder}: {last[0]}")


def _install(python: Path, lock: Path, shown: Step) -> None:
    def show(line: str) -> None:
        words = line.split()
        if words[:1] in (["Collecting"], ["Installing"]):
            shown.detail = " ".join(words[:2])

    args: list[str | Path] = [python, "-m", "pip", "install", "--no-input"]
    args += ["--disable-pip-version-check", "--progress-bar", "off", "--retries", "2"]
    args += ["--require-hashes", "-r", lock]
    code, output = run(args, env=os.environ, cwd=ROOT, on_line=show)
    if code:
        raise Problem(_why(output))


def _why(output: str) -> str:
    if any(sign in output for sign in NO_INDEX):
        return (
            "The Python package index cannot be reached:"
            " check the network connection and run this again."
        )
    log = cache_folder() / "pip.log"
    log.write_text(output)
    return f"The Python packages could not be installed: {log} tells why."
