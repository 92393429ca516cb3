"""Stop a start with one sentence when this Python cannot run the site.

Runs before Django is imported, and on a Python that is too old: it uses the standard
library alone, in syntax that older versions read.
"""

import os
import re
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
OLDEST_PYTHON = (3, 11)
# An exit code.
WRONG_SETTINGS = 2
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


def require_python_and_packages(exit_code):
    """End the process when Python is too old or a package is not installed.

    Args:
        exit_code: the code to end with.
    """
    if sys.version_info < OLDEST_PYTHON:
        found = sys.version.split()[0]
        stop("Python 3.11 or newer is needed, and this is " + found + ".", exit_code)
    missing = _missing_packages(os.path.join(ROOT, "requirements.txt"))
    if missing:
        more = f" and {len(missing) - 1} more" if len(missing) > 1 else ""
        sentence = (
            f"{sys.executable} lacks packages ({missing[0]}{more}): activate the "
            "site's virtual environment, or run `pip install -r requirements.txt`."
        )
        stop(sentence, exit_code)


def stop(sentence, exit_code):
    """Write a sentence to standard error and end the process."""
    sys.stderr.write(sentence + "\n")
    sys.exit(exit_code)


def _missing_packages(path):
    """Return the packages that a file of requirements names and this Python lacks."""
    from importlib import metadata

    if not os.path.exists(path):
        # The container's image has its packages from requirements.lock.
        return []
    missing = []
    with open(path, encoding="utf-8") as file:
        for line in file:
            match = NAME.match(line)
            if match:
                try:
                    metadata.distribution(match.group())
                except metadata.PackageNotFoundError:
                    missing.append(match.group())
    return missing
