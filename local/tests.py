"""`make test`: all tests, in several processes at once.

Unit tests keep the cores busy; tests with a real Directus and a browser mostly wait, so
they run at the same time. What measures time or counts threads comes after both.
"""

import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import IO

from .paths import ROOT

TESTS = ROOT / "tests"
FILES = ["--dist", "loadfile"]
TOGETHER = (
    ("not real and not browser and not alone", "logical"),
    # Each process has a Directus of its own, and a browser.
    ("real or browser", "2"),
)
AFTER = (("alone and not real and not browser", "2"),)
MARK = re.compile(r"(?<!not )\b(real|browser|alone)\b")
# pytest's own: of what was asked for, nothing belongs to this part.
NO_TESTS = 5


def main(args: list[str]) -> int:
    """Run pytest with these arguments, once for each part.

    Returns:
        0 if all tests passed, and at least one ran.
    """
    if "-m" in args:
        return _run([args])[0]
    codes = [
        code
        for parts in (TOGETHER, AFTER)
        for code in _run([_arguments(*part, args) for part in parts])
    ]
    if set(codes) == {NO_TESTS}:
        return NO_TESTS
    return next((code for code in codes if code not in {0, NO_TESTS}), 0)


def _arguments(marks: str, processes: str, args: list[str]) -> list[str]:
    """Return pytest's arguments for one part."""
    are_paths = any(Path(arg.partition("::")[0]).exists() for arg in args)
    files = [] if are_paths else marked_files(MARK.findall(marks))
    return ["-m", marks, "-n", processes, *FILES, *args, *map(str, files)]


def marked_files(marks: Sequence[str]) -> list[Path]:
    """Return the test files with one of these marks, in them or in their conftest.py.

    Each process imports all files that it is given; a part is marked in only a few.
    """
    return [
        file
        for file in sorted(TESTS.rglob("test_*.py"))
        if any(
            f"mark.{mark}" in each.read_text()
            for mark in marks
            for each in (file, file.with_name("conftest.py"))
            if each.exists()
        )
    ]


def _environment() -> dict[str, str]:
    """Return an environment in which pytest keeps its bytecode.

    Without it, each process compiles all tests again, which takes as long as to
    collect them.
    """
    env = dict(os.environ)
    env.pop("PYTHONDONTWRITEBYTECODE", None)
    return env


def _run(parts: Sequence[list[str]]) -> list[int]:
    """Run these parts at once; show the first as it goes, the others at their end."""
    with ExitStack() as stack:
        files: list[IO[str] | None] = [
            stack.enter_context(tempfile.TemporaryFile("w+")) for _ in parts[1:]
        ]
        running = [
            subprocess.Popen(
                [sys.executable, "-m", "pytest", *part], stdout=file, env=_environment()
            )
            for part, file in zip(parts, [None, *files], strict=True)
        ]
        codes = []
        for process, file in zip(running, [None, *files], strict=True):
            codes.append(process.wait())
            if file is not None:
                file.seek(0)
                print(file.read(), flush=True)
        return codes


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
