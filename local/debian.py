"""Unpack programs from Debian's packages into the cache, without installing them.

An installed package would start servers, and needs root.
"""

import os
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path

from .processes import run


def unpack(packages: Sequence[str], folder: Path) -> bool:
    """Unpack packages into a folder; return False if they could not be fetched.

    Args:
        packages: names of Debian's packages; those that they depend on are left out.
    """
    if not shutil.which("apt-get"):
        return False
    with tempfile.TemporaryDirectory() as place:
        if _download(packages, place) and os.geteuid() == 0:
            # The lists of packages may be missing, or older than the archive.
            run(["apt-get", "-q", "update"], env=os.environ, cwd=Path(place))
            _download(packages, place)
        found = list(Path(place).glob("*.deb"))
        for package in found:
            command = ["dpkg", "-x", str(package), str(folder)]
            run(command, env=os.environ, cwd=Path(place))
    return len(found) == len(packages)


def _download(packages: Sequence[str], place: str) -> int:
    command = ["apt-get", "-q", "download", *packages]
    return run(command, env=os.environ, cwd=Path(place))[0]
