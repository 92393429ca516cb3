"""Read and replace values in an environment file; all other lines stay as they are.

An existing file keeps its owner, group and mode: the operator writes it, and the
site reads it as another user.
"""

import errno
import io
import os
import re
import shutil
import stat
import tempfile
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured

from config import environment

from .errors import ProvisioningError

_LINE = re.compile(
    r"\ufeff?\s*(?:export\s+)?(?P<name>[A-Za-z_][A-Za-z0-9_]*)\s*=(?P<value>.*)"
)


def read_value(path: Path, name: str) -> str:
    """Return the value that the site reads from the file; empty without one.

    Raises:
        ProvisioningError: the file cannot be read or understood.
    """
    text = "\n".join(_lines(path)).removeprefix("\ufeff")
    try:
        return environment.parsed(path, io.StringIO(text)).get(name, "").strip()
    except ImproperlyConfigured as error:
        raise ProvisioningError(str(error)) from None


def write_values(path: Path, values: dict[str, str]) -> None:
    """Replace or append lines. A new file is readable by its owner only.

    The file is replaced in one step: a reader never sees half of it, and an
    interruption leaves the old one. A symbolic link stays; its target is replaced.

    Raises:
        ProvisioningError: the file cannot be read or written, or would change its
            owner or group. The file is unchanged.
    """
    left = dict(values)
    before = _lines(path)
    end = "\r" if before and before[0].endswith("\r") else ""
    lines = []
    for line in before:
        match = _LINE.match(line)
        name = match["name"] if match else ""
        if name not in values:
            lines.append(line)
        elif name in left:
            lines.append(f"{name}={left.pop(name)}{end}")
    lines += [f"{name}={value}{end}" for name, value in left.items()]
    _replace(path, "".join(f"{line}\n" for line in lines))


def require_writable(path: Path) -> None:
    """Try everything that `write_values` does except the last step.

    Raises:
        ProvisioningError: the file cannot be written; str() says why.
    """
    _lines(path)
    try:
        _beside(path.resolve(), "").unlink()
    except OSError as error:
        raise _refusal(path, error) from error


def _lines(path: Path) -> list[str]:
    try:
        if not path.exists():
            return []
        if not path.is_file():
            raise ProvisioningError(f"{path} is not a file.")
        # As bytes: other lines may have any encoding.
        text = path.read_bytes().decode("utf-8", errors="surrogateescape")
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise ProvisioningError(f"{path} cannot be read: {reason}.") from error
    return text.removesuffix("\n").split("\n") if text else []


def _replace(path: Path, text: str) -> None:
    try:
        path = path.resolve()
        new = _beside(path, text)
        try:
            os.replace(new, path)
        except BaseException:
            new.unlink(missing_ok=True)
            raise
        _sync_folder(path.parent)
    except OSError as error:
        raise _refusal(path, error) from error


def _beside(path: Path, text: str) -> Path:
    """Write a new file in the same folder with the owner and mode of the old one."""
    # mkstemp makes the file with mode 0600.
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            if path.exists():
                _take_over(path, Path(name), file.fileno())
            file.write(text.encode("utf-8", errors="surrogateescape"))
            file.flush()
            os.fsync(file.fileno())
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
    return Path(name)


def _take_over(old: Path, new: Path, handle: int) -> None:
    had, has = old.stat(), os.fstat(handle)
    if (had.st_uid, had.st_gid) != (has.st_uid, has.st_gid):
        try:
            os.fchown(handle, had.st_uid, had.st_gid)
        except OSError as error:
            raise ProvisioningError(
                f"{old} would change its owner or group, and the site might no "
                "longer read it: run this as its owner or as root."
            ) from error
    # The mode and extended attributes, such as access control lists.
    shutil.copystat(old, new)
    os.fchmod(handle, stat.S_IMODE(had.st_mode))


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    except OSError:
        # Some file systems have none; the file itself is written.
        pass
    finally:
        os.close(handle)


def _refusal(path: Path, error: OSError) -> ProvisioningError:
    if error.errno in {errno.EBUSY, errno.EXDEV}:
        return ProvisioningError(
            f"{path} cannot be replaced because it is a mount of its own, as in a "
            "container: run this outside of the container, or mount its folder."
        )
    reason = error.strerror or type(error).__name__
    return ProvisioningError(f"{path} cannot be written: {reason}.")
