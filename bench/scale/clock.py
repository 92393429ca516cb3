"""A library that gives one process another time of day."""

import os
import shutil
from pathlib import Path

from local.problem import Problem
from local.processes import run

SOURCE = Path(__file__).with_name("clock.c")
COMPILERS = ("cc", "gcc", "clang")


def settings_of_clock(seconds: int, folder: Path) -> dict[str, str]:
    """Return the variables that set a process' clock ahead.

    Args:
        folder: the place of the library.

    Raises:
        Problem: it cannot be compiled.
    """
    compiler = next(filter(None, map(shutil.which, COMPILERS)), None)
    if compiler is None:
        raise Problem("A C compiler is missing (on Debian: build-essential).")
    library = folder / "clock.so"
    args: list[str | Path] = [compiler, "-shared", "-fPIC", "-o", library, SOURCE]
    code, output = run(args, env=os.environ, cwd=folder)
    if code:
        raise Problem(f"{SOURCE.name} does not compile: {output.strip()}")
    return {"LD_PRELOAD": str(library), "CLOCK_AHEAD": str(seconds)}
