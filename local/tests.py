"""`make test`: all tests, in several processes at once.

Unit tests keep the cores busy; tests with a real Directus and a browser mostly wait, so
they run at the same time. What measures time or counts threads comes after both.
"""

import subprocess
import sys
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from typing import IO

FILES = ["--dist", "loadfile"]
TOGETHER = (
    ["-m", "not real and not browser and not alone", "-n", "logical", *FILES],
    # Each process has a Directus of its own, and a browser.
    ["-m", "real or browser", "-n", "2", *FILES],
)
AFTER = (["-m", "alone and not real and not browser", "-n", "2", *FILES],)
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
        for code in _run([[*part, *args] for part in parts])
    ]
    if set(codes) == {NO_TESTS}:
        return NO_TESTS
    return next((code for code in codes if code not in {0, NO_TESTS}), 0)


def _run(parts: Sequence[list[str]]) -> list[int]:
    """Run these parts at once; show the first as it goes, the others at their end."""
    with ExitStack() as stack:
        files: list[IO[str] | None] = [
            stack.enter_context(tempfile.TemporaryFile("w+")) for _ in parts[1:]
        ]
        running = [
            subprocess.Popen([sys.executable, "-m", "pytest", *part], stdout=file)
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
