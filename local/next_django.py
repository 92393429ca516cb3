"""`make test-django`: the unit tests on the newest Django, under a newer Python."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from .bootstrap import NEXT
from .paths import ROOT
from .problem import Problem, report

VARIABLE = "PYTHON_NEXT"
NAME = "python3.13"
# Exit code 0 under a Python that the newest Django supports and that can make a
# virtual environment. An unselected shim of pyenv is on PATH and fails.
IS_USABLE = "import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 12))"
UNIT = ["-m", "not real and not browser and not alone"]
FASTER = ["-n", "logical", "--dist", "loadfile"]


def main(args: list[str]) -> int:
    """Become pytest on the newest Django; return 0 where no Python for it is found.

    Raises:
        Problem: PYTHON_NEXT names a Python that cannot be used.
    """
    python = newer_python()
    if python:
        print(f"Django {_version()} under {python}", flush=True)
        command = [python, "-m", "local.bootstrap", NEXT, "-m", "pytest"]
        os.execv(python, [*command, *UNIT, *FASTER, *args])
    print(
        f"The unit tests did not run on Django {_version()}, because no {NAME} with"
        f" its venv module was found: install it, or name one in {VARIABLE}."
    )
    return 0


def newer_python() -> str | None:
    """Return the Python to use: of PYTHON_NEXT, from PATH, or one of pyenv's.

    Raises:
        Problem: PYTHON_NEXT names a Python that cannot be used.
    """
    named = os.environ.get(VARIABLE)
    if named:
        path = shutil.which(named)
        if path and _is_usable(path):
            return path
        raise Problem(
            f"{VARIABLE} is {named}, which is not a Python 3.12 or newer with its"
            " venv module."
        )
    found = [shutil.which(NAME), *_from_pyenv()]
    return next((path for path in found if path and _is_usable(path)), None)


def _from_pyenv() -> list[str]:
    root = Path(os.environ.get("PYENV_ROOT") or "~/.pyenv").expanduser()
    # Pre-releases and builds without the global lock end with a letter.
    folders = root.glob(f"versions/{NAME.removeprefix('python')}.*[0-9]")
    return [str(folder / "bin" / NAME) for folder in sorted(folders)]


def _is_usable(python: str) -> bool:
    try:
        ran = subprocess.run([python, "-c", IS_USABLE], capture_output=True)
    except OSError:
        return False
    return ran.returncode == 0


def _version() -> str:
    """Return the version that requirements-next.txt names."""
    text = (ROOT / "requirements-next.txt").read_text()
    return re.findall(r"^Django==(.+)$", text, re.MULTILINE)[0]


if __name__ == "__main__":
    sys.exit(report(lambda: main(sys.argv[1:])))
