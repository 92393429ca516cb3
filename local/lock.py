"""`make lock`: write down every package, of packages too, with the hashes of its files.

The locks hold for each system and for each Python that their packages support; they
name no index.
"""

import os
import sys

import uv

from .environment import LOCKS
from .paths import ROOT
from .problem import Problem, report
from .processes import run
from .progress import step

# The oldest Python of each lock; a package has the same version in the first two.
OPTIONS = {
    "requirements.txt": ["--python-version", "3.11"],
    "requirements-dev.txt": ["--python-version", "3.11", "-c", "requirements.lock"],
    "requirements-next.txt": ["--python-version", "3.12"],
}


def main() -> int:
    """Write the locks anew; UPGRADE=1 takes newer versions of what is not pinned."""
    upgrade = ["--upgrade"] if os.environ.get("UPGRADE") else []
    for source, lock in LOCKS.items():
        args = [uv.find_uv_bin(), "pip", "compile", "--quiet", "--universal"]
        args += ["--generate-hashes", "--no-header", *OPTIONS[source]]
        args += [*upgrade, source, "--output-file", lock]
        with step(f"Writing {lock}"):
            code, output = run(args, env=os.environ, cwd=ROOT)
        if code:
            raise Problem(f"{lock} could not be written: {output.strip()}")
    return 0


if __name__ == "__main__":
    sys.exit(report(main))
