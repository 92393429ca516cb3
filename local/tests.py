"""`make test`: unit tests in several processes, then the tests that need the machine.

Those are about time and threads, or share one Directus and one browser. Playwright
leaves an event loop in its thread that asynchronous tests would meet.
"""

import subprocess
import sys

FASTER = ["-n", "logical", "--dist", "loadfile"]
PARTS = (
    ["-m", "not real and not browser and not alone", *FASTER],
    ["-m", "alone and not real"],
    ["-m", "real or browser"],
)
# pytest's own: of what was asked for, nothing belongs to this part.
NO_TESTS = 5


def main(args: list[str]) -> int:
    """Run pytest with these arguments, once for each part.

    Returns:
        0 if all tests passed, and at least one ran.
    """
    codes = []
    for part in [[]] if "-m" in args else PARTS:
        command = [sys.executable, "-m", "pytest", *part, *args]
        codes.append(subprocess.run(command).returncode)
    if set(codes) == {NO_TESTS}:
        return NO_TESTS
    return next((code for code in codes if code not in {0, NO_TESTS}), 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
