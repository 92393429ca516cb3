"""Run Python in the project's virtual environment: `python3 -m local.bootstrap ARGS`.

`--next` before ARGS chooses the environment with the newest Django.
Makes the environment first when the requirements or this Python are new to the cache.
Until the check of its version has passed, this must be readable to an older Python.
"""

import os
import shutil
import sys

OLDEST = (3, 11)
NEXT = "--next"
NEWER = ("python3.14", "python3.13", "python3.12", "python3.11")


def main() -> int:
    """Become the environment's Python, running what the arguments say."""
    if sys.version_info < OLDEST:
        return _use_newer_python()

    from .problem import report
    from .processes import Stopped, stoppable

    try:
        with stoppable():
            return report(_become_environment)
    except Stopped as stopped:
        return stopped.exit_code


def _use_newer_python() -> int:
    for name in NEWER:
        if shutil.which(name):
            os.execvp(name, [name, "-m", "local.bootstrap", *sys.argv[1:]])
    found = sys.version.split()[0]
    sys.stderr.write("Python 3.11 or newer is needed, and this is " + found + ".\n")
    return 1


def _become_environment() -> int:
    from .environment import LOCK, NEXT_LOCKS, environment

    args = sys.argv[1:]
    is_next = args[:1] == [NEXT]
    python = str(environment(NEXT_LOCKS if is_next else (LOCK,)))
    sys.stdout.flush()
    os.execv(python, [python, *args[is_next:]])


if __name__ == "__main__":
    sys.exit(main())
