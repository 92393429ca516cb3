"""Where things lie: the repository, and the cache that all checkouts share."""

import contextlib
import fcntl
import hashlib
import os
import platform
import shutil
from collections.abc import Iterator
from pathlib import Path

from .problem import Problem

ROOT = Path(__file__).resolve().parent.parent


def cache_folder() -> Path:
    """Return the folder that keeps installs; DJANGO_DIRECTUS_CACHE overrides it."""
    named = os.environ.get("DJANGO_DIRECTUS_CACHE")
    if named:
        return Path(named).expanduser().absolute()
    base = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    return Path(base).expanduser().absolute() / "django-directus"


def key(*parts: str | Path) -> str:
    """Return a short name for an install: a hash of files' contents and of words."""
    digest = hashlib.sha256(f"{platform.system()} {platform.machine()}".encode())
    for part in parts:
        data = part.read_bytes() if isinstance(part, Path) else part.encode()
        digest.update(hashlib.sha256(data).digest())
    return digest.hexdigest()[:16]


@contextlib.contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Hold the folder's lock file; the kernel lets go of it when the process dies."""
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        handle = open(f"{folder}.lock", "w")  # noqa: SIM115
    except OSError as error:
        raise Problem(
            f"{folder.parent} cannot be written to: {error.strerror}."
        ) from None
    with handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


@contextlib.contextmanager
def installing(folder: Path) -> Iterator[Path | None]:
    """
    Yield an empty folder to install into, or None when the install exists already.

    It gets its name when it is finished: an interrupted install leaves nothing that
    looks complete, and of two parallel ones the second finds the first one's work.
    """
    with locked(folder):
        if folder.is_dir():
            yield None
            return
        partial = folder.with_name(f"{folder.name}.partial")
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir()
        yield partial
        partial.rename(folder)
